"""`authenticate`: a fresh token for an open connection, before its session or token ends."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from lib.access import lookups, tokens
from lib.errors import Forbidden
from lib.schemas import Strict
from lib.stores import postgres
from realtime_host.events import event
from realtime_host.sender import Sender


class Authenticate(Strict):
    """An access token, or a personal one, of the same person."""

    token = fields.String(required=True, validate=validate.Length(1, tokens.MAX_TOKEN))


class AuthenticateOut(Strict):
    """How long the connection may stay without another token: seconds, or null for no end."""

    ends_in = fields.Float(allow_none=True)


@event(
    "authenticate",
    permission="room.join",
    schema=Authenticate,
    answer=AuthenticateOut,
    blocking=True,
)
def authenticate(sender: Sender, data: dict[str, Any]) -> dict[str, Any]:
    """Go on with another token: the connection now ends with that one, and with its session."""
    claims = tokens.verify(data["token"])
    with postgres.connection() as conn:
        access = lookups.find(conn, "room.join", claims, sender.origin, sender.project)
    if str(access.caller.user_id) != sender.user["id"]:
        raise Forbidden("This token is somebody else's; open a connection of their own.")
    sender.go_on_as(claims, access)
    return {"ends_in": access.ends_in}

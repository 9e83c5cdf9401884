"""What a client says in its CONNECT packet, and who it is by that."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from lib.access import tokens
from lib.access.caller import Origin
from lib.access.tokens import Claims
from lib.errors import BadRequest, Invalid, Unauthenticated, mistake
from lib.input import parse
from lib.input import validate as valid
from lib.schemas import Strict
from realtime_host import door
from realtime_host.door import Visitor
from realtime_host.resuming import MAX_DIGITS, Asked


class Auth(Strict):
    """The `auth` of the client's options: one proof of who it is, the room, where it left off."""

    project_id = fields.UUID(required=True)
    ticket = fields.String()
    token = fields.String()
    epoch = fields.UUID()
    seq = fields.Integer(strict=True, validate=validate.Range(0, 10**MAX_DIGITS - 1))


_auth = Auth()


def identify(payload: str, origin: Origin) -> Visitor:
    """Return who connects with this payload, once it is certain that they may join their room.

    Raises BadRequest, Invalid (with pointers into `auth`), Unauthenticated, NotFound, Unavailable.
    """
    given = valid(_auth, parse(payload or "{}", "auth"), "/auth")
    place = _place(given)
    return door.visit(_claims(given), origin, given["project_id"], place)


def _place(given: dict[str, Any]) -> Asked | None:
    if missing := {"epoch", "seq"} - given.keys():
        if len(missing) == 1:
            raise Invalid(mistake(f"/auth/{missing.pop()}", "Give both, epoch and seq, or none."))
        return None
    return Asked(str(given["epoch"]), given["seq"])


def _claims(given: dict[str, Any]) -> Claims:
    if "ticket" in given and "token" in given:
        raise BadRequest("Give a ticket or an access token in `auth`, not both.")
    if "ticket" in given:
        return door.of_ticket(given["ticket"], given["project_id"])
    if "token" in given:
        return tokens.verify(given["token"])
    raise Unauthenticated("Give a ticket or an access token in `auth`.")

"""The door: who knocks, from where, and whether they may come in; all before the upgrade."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Request

from lib.access import lookups, tokens
from lib.access.caller import Caller, Origin
from lib.access.tokens import Claims
from lib.bridge import log, tickets
from lib.bridge.log import Standing
from lib.config import settings
from lib.errors import BadRequest, Forbidden, NotFound, Unauthenticated
from lib.stores import postgres
from realtime_host.resuming import Asked, asked, refused

SUBPROTOCOL = "bearer"  # `Sec-WebSocket-Protocol: bearer, <token>`: what browsers can set
NO_TICKET = "This ticket is not valid; get a new one."
MAX_TICKET = 200  # characters; ours have 43
KEY_BYTES = 16  # of Sec-WebSocket-Key (RFC 6455, section 4.1)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who may come in: who they are, their role, and the project whose room it is.

    `ends_in` is in how many seconds their session or token ends, as of the look-up; `standing` how
    far the room's log (or the file) had come then, and `asked` where they left off, if they were
    there before.
    """

    claims: Claims
    caller: Caller
    role: str
    project: dict[str, Any]
    ends_in: float | None
    standing: Standing
    asked: Asked | None

    @property
    def resync_for(self) -> str | None:
        """Why they can't go on where they left off; None also when they do not ask to."""
        return refused(self.asked, self.standing) if self.asked else None

    @property
    def resumed_from(self) -> int | None:
        """The last event that they have seen, if they can go on from there."""
        return self.asked.seq if self.asked and not self.resync_for else None


def admit(request: Request, origin: Origin, project_id: UUID) -> Visitor:
    """Return who is knocking, once it is certain that they may join the project's room.

    Raises BadRequest (no proper handshake, or no proper place in the log), Forbidden (a foreign
    website), Unauthenticated, NotFound (no member, or no such project) and Unavailable.
    """
    check_handshake(request)
    check_website(request)
    place = asked(request.args)
    return visit(_claims(request, project_id), origin, project_id, place)


def admit_to_file(request: Request, origin: Origin, file_id: UUID) -> Visitor:
    """Return who is knocking, once it is certain that they may open the file.

    The `standing` of the visitor is the file's own then. Raises as `admit` does.
    """
    check_handshake(request)
    check_website(request)
    claims, project_id = _shown(request)
    with postgres.connection() as conn:
        access = lookups.find(conn, "file.read", claims, origin, file_id)
    file = access.target
    if project_id not in (None, file["project_id"]):
        raise Unauthenticated("This ticket is not valid here; get one of the file's project.")
    project, standing = {"id": file["project_id"]}, Standing("", file["seq"], 0)
    return Visitor(claims, access.caller, str(access.role), project, access.ends_in, standing, None)


def visit(claims: Claims, origin: Origin, project_id: UUID, place: Asked | None) -> Visitor:
    """Return who has shown these claims, once it is certain that they may join the room.

    `place` is where they left off. Raises Unauthenticated, NotFound and Unavailable.
    """
    with postgres.connection() as conn:
        access = lookups.find(conn, "room.join", claims, origin, project_id)
        standing = log.standings(conn, [project_id]).get(str(project_id))
    if standing is None:
        raise NotFound()  # deleted for good in this very moment
    role = str(access.role)
    return Visitor(claims, access.caller, role, access.target, access.ends_in, standing, place)


def check_handshake(request: Request) -> None:
    """Raise BadRequest for what is no proper handshake (RFC 6455, section 4.2.1)."""
    try:
        key = base64.b64decode(request.headers.get("Sec-WebSocket-Key", ""), validate=True)
    except binascii.Error:
        key = b""
    if request.headers.get("Sec-WebSocket-Version") != "13" or len(key) != KEY_BYTES:
        raise BadRequest("This is no WebSocket handshake of version 13.")


def check_website(request: Request) -> None:
    """Raise Forbidden for a page of another website than those allowed, and our own."""
    sent = request.headers.get("Origin")
    if sent is None or sent in settings().cors_origins:
        return
    if sent != f"{request.scheme}://{request.host}":
        raise Forbidden("This website may not connect here.")


def of_ticket(text: str, project_id: UUID) -> Claims:
    """Return what a ticket stands for, and use it up; raises Unauthenticated and Unavailable."""
    claims, its_project = _redeemed(text)
    if its_project != project_id:
        raise Unauthenticated(NO_TICKET)
    return claims


def _claims(request: Request, project_id: UUID) -> Claims:
    claims, its_project = _shown(request)
    if its_project not in (None, project_id):
        raise Unauthenticated(NO_TICKET)
    return claims


def _shown(request: Request) -> tuple[Claims, UUID | None]:
    """Return what the visitor has shown, and the project that it is good for; None: for all."""
    ticket = request.args.get("ticket")
    if ticket is not None:
        return _redeemed(ticket)
    if header := request.headers.get("Authorization"):
        return tokens.verify(tokens.bearer(header)), None
    offered = request.headers.get("Sec-WebSocket-Protocol", "")
    words = [word.strip() for word in offered.split(",")]
    if words[0] == SUBPROTOCOL and len(words) > 1:
        return tokens.verify(words[1]), None
    raise Unauthenticated("Give a ticket, or an access token as header or subprotocol.")


def _redeemed(text: str) -> tuple[Claims, UUID]:
    ticket = tickets.redeem(text) if len(text) <= MAX_TICKET else None
    if ticket is None:
        raise Unauthenticated(NO_TICKET)
    claims = Claims(ticket.user_id, ticket.session_id, token_id=ticket.token_id)
    return claims, ticket.project_id

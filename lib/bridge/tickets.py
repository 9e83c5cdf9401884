"""One-time tickets: how a browser, which can't set headers on a WebSocket, proves who it is."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from uuid import UUID

from lib.bridge import keys
from lib.stores import redis

TICKET_TTL = 30  # seconds
TICKET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a ticket stands for: this person may knock at this project's door.

    They are in this session, or came with this personal access token.
    """

    user_id: UUID
    session_id: UUID | None
    project_id: UUID
    token_id: UUID | None = None


def issue(ticket: Ticket) -> str:
    """Store a ticket for 30 seconds and return the secret text that redeems it.

    Raises Unavailable when Redis does not answer.
    """
    text = secrets.token_urlsafe(TICKET_BYTES)
    ids = (ticket.user_id, ticket.session_id, ticket.project_id, ticket.token_id)
    value = [str(each) if each else None for each in ids]
    redis.execute("SET", _key(text), json.dumps(value), "EX", TICKET_TTL)
    return text


def redeem(text: str) -> Ticket | None:
    """Take a ticket out of Redis and return what it stands for; None for one used or expired.

    Raises Unavailable when Redis does not answer.
    """
    value = redis.execute("GETDEL", _key(text))
    if value is None:
        return None
    return Ticket(*(UUID(part) if part else None for part in json.loads(value)))  # type: ignore[arg-type]


def _key(text: str) -> str:
    return keys.ticket(hashlib.sha256(text.encode()).hexdigest())

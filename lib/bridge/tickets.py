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
    """What a ticket stands for: this person, in this session, may knock at this project's door."""

    user_id: UUID
    session_id: UUID
    project_id: UUID


def issue(ticket: Ticket) -> str:
    """Store a ticket for 30 seconds and return the secret text that redeems it.

    Raises Unavailable when Redis does not answer.
    """
    text = secrets.token_urlsafe(TICKET_BYTES)
    value = [str(ticket.user_id), str(ticket.session_id), str(ticket.project_id)]
    redis.execute("SET", _key(text), json.dumps(value), "EX", TICKET_TTL)
    return text


def redeem(text: str) -> Ticket | None:
    """Take a ticket out of Redis and return what it stands for; None for one used or expired.

    Raises Unavailable when Redis does not answer.
    """
    value = redis.execute("GETDEL", _key(text))
    return Ticket(*(UUID(part) for part in json.loads(value))) if value else None


def _key(text: str) -> str:
    return keys.ticket(hashlib.sha256(text.encode()).hexdigest())

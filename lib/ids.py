"""Identifiers: UUIDv7, so that ids made later sort later."""

from datetime import UTC, datetime
from uuid import UUID

import uuid_utils
from uuid_utils.compat import uuid7

LAST_MILLISECOND = 2**48 - 1  # of the 48 bits that a UUIDv7 has for its time
STEM = 32  # characters of an id but for its last four digits


def new_id() -> UUID:
    """Return a fresh UUIDv7 (RFC 9562, section 5.7)."""
    return uuid7()


def new_text() -> str:
    """Return a fresh UUIDv7 as text: in a sixth of the time, where nothing else is done with it."""
    return str(uuid_utils.uuid7())


def new_stem() -> str:
    """Return a fresh UUIDv7 but for its last four digits: with a number there, 65,536 ids in order.

    For Postgres to make ids of, which before version 18 has no UUIDv7 of its own.
    """
    return new_text()[:STEM]


def first_at(moment: datetime) -> UUID:
    """Return what no UUIDv7 made at `moment`, or later, sorts before."""
    milliseconds = min(max(int(moment.timestamp() * 1000), 0), LAST_MILLISECOND)
    return UUID(int=milliseconds << 80)


def made_at(identity: UUID) -> datetime:
    """Return when a UUIDv7 was made: its first 48 bits count the milliseconds of Unix time."""
    return datetime.fromtimestamp((identity.int >> 80) / 1000, UTC)

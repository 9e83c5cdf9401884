"""Identifiers: UUIDv7, so that ids made later sort later."""

from datetime import UTC, datetime
from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Return a fresh UUIDv7 (RFC 9562, section 5.7)."""
    return uuid7()


def first_at(moment: datetime) -> UUID:
    """Return what comes before every UUIDv7 that is made at `moment` or later.

    For a moment before 1970 that is what comes before all of them.
    """
    milliseconds = max(0, int(moment.timestamp() * 1000))
    return UUID(int=milliseconds << 80)


def made_at(identity: UUID) -> datetime:
    """Return when a UUIDv7 was made: its first 48 bits count the milliseconds of Unix time."""
    return datetime.fromtimestamp((identity.int >> 80) / 1000, UTC)

"""The harness's clients and rooms by their numbers, and who they are here."""

from uuid import UUID

PEOPLE = 10_000
ROOMS = 1_000


def user(number: int) -> UUID:
    """Return the id of the harness's client uNUMBER."""
    return UUID(f"01900000-0000-7000-8001-{number:012d}")


def session(number: int) -> UUID:
    """Return the id of that client's session."""
    return UUID(f"01900000-0000-7000-8002-{number:012d}")


def project(number: int) -> UUID:
    """Return the id of the project whose room is the harness's rNUMBER."""
    return UUID(f"01900000-0000-7000-8003-{number:012d}")

"""Throttles: how often somebody may try something, counted in Postgres.

Each count is one statement that commits by itself, before the work that it guards: what is refused
or fails later was counted all the same, nobody waits for anybody's transaction, and whether Redis
is there makes no difference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lib.access import throttle_queries
from lib.config import settings
from lib.errors import AppError
from lib.stores import postgres

if TYPE_CHECKING:
    from lib.stores.connection import Connection
    from lib.stores.statements import Check


class Limit(NamedTuple):
    """So many attempts in a window of so many seconds, which begins with the first of them."""

    name: str
    most: int
    seconds: int


class Standing(NamedTuple):
    """Where somebody stands: attempts left in this window, and seconds until the next one."""

    limit: Limit
    left: int
    resets_in: int


class TooMany(AppError):
    """More attempts than the limit allows; `standing` says when the next may be made."""

    status, type, title = 429, "too-many-requests", "Too many requests"

    def __init__(self, standing: Standing) -> None:
        limit = standing.limit
        super().__init__(
            f"At most {limit.most} in {limit.seconds} seconds; "
            f"try again in {standing.resets_in} seconds."
        )
        self.standing = standing


CREATION = Limit("create", 600, 60)  # things that one person makes


def take(limit: Limit, subject: str) -> Standing:
    """Count an attempt by `subject`, and return where they stand after it.

    Raises TooMany beyond the limit, Unavailable when Postgres does not answer.
    """
    standing = count(limit, subject)
    if standing.left < 0:
        raise TooMany(standing)
    return standing


def count(limit: Limit, subject: str) -> Standing:
    """Count an attempt and return where `subject` stands; `left` is below zero beyond the limit."""
    if not settings().rate_limits:
        return Standing(limit, limit.most, limit.seconds)
    with postgres.connection() as conn:
        taken, resets_in = throttle_queries.count(conn, _key(limit, subject), limit.seconds)
    return Standing(limit, limit.most - taken, resets_in)


def ahead(conn: Connection, limit: Limit, subject: str, more: int, check: Check) -> None:
    """Count so many attempts at once, with the next statement of a transaction, or not at all.

    `check` is given the row that tells how many are `taken`, with these, and in how many seconds
    the window `resets_in`; it raises where that is too many.
    """
    throttle_queries.count_with_next(conn, _key(limit, subject), limit.seconds, more, check)


def forgive(limit: Limit, subject: str) -> None:
    """Forget the attempts of `subject`."""
    with postgres.connection() as conn:
        throttle_queries.forgive(conn, _key(limit, subject))


def _key(limit: Limit, subject: str) -> str:
    return f"{limit.name}:{subject}"

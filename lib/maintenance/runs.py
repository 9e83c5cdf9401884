"""Runs: noted as they begin and end, and what the last ones were."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.errors import AppError, Unavailable
from lib.ids import new_id
from lib.maintenance import queries
from lib.maintenance.timetable import EVERY, MISSED
from lib.stores import postgres

if TYPE_CHECKING:
    from lib.stores.connection import Connection

KEPT_DAYS = 7


def noted(function: str, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Do the work of a maintenance function, and note when, what it did, or why it failed.

    That it can't be noted, because Postgres is away, keeps no work from being done.
    """
    run_id = new_id()
    with suppress(Unavailable), postgres.connection() as conn:
        queries.begin(conn, run_id, function, KEPT_DAYS)
    try:
        done = work()
    except Exception as error:
        _end(run_id, error=_reason(error))
        raise
    _end(run_id, done=done)
    return done


def overview(conn: Connection) -> list[dict[str, Any]]:
    """Return of each function its last run and its last success, and whether it is late.

    It is late when it has not succeeded for three of its turns; `every` and `age` are in seconds,
    the latter since its last success, or else since this system was set up.
    """
    return [_judged(row) for row in queries.last_runs(conn, list(EVERY))]


def _judged(row: dict[str, Any]) -> dict[str, Any]:
    every = EVERY[row["function"]].total_seconds()
    late = row["age"] > MISSED * every
    return row | {"every": int(every), "late": late}


def _end(run_id: UUID, done: dict[str, Any] | None = None, error: str | None = None) -> None:
    with suppress(Unavailable), postgres.connection() as conn:
        queries.end(conn, run_id, done, error)


def _reason(error: Exception) -> str:
    # Others' messages may hold anything, so they stay in the log.
    return error.detail if isinstance(error, AppError) else type(error).__name__

"""The log of each room: its persistent events, numbered in the order in which they were committed.

Functions, hosts and workers append through lib.bridge.rooms; hosts read it for clients that come
back, and for whatever Redis has not told them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from lib.bridge import log_queries
from lib.bridge.messages import Message, decode

if TYPE_CHECKING:
    from lib.stores.connection import Connection

KEPT_HOURS = 24  # at least, unless there are more than KEPT_EVENTS
KEPT_EVENTS = 10_000  # of each project
COUNTED_HOURS = 24  # that statistics look back
PRUNED_AT_ONCE = 1_000  # events of one project, whose counter is locked meanwhile

_PAGE_EVENTS = 200
_PAGE_BYTES = 256 * 1024


class Entry:
    """A message on its way into a room's log: it has a number once it is committed."""

    __slots__ = ("message", "project_id")

    def __init__(self, project_id: str, message: Message) -> None:
        self.project_id = project_id
        self.message = message


class Standing(NamedTuple):
    """How far a log has come: `seq` is its last event, those up to `pruned` are gone."""

    epoch: str
    seq: int
    pruned: int


def append(conn: Connection, entries: Sequence[Entry]) -> Callable[[], None]:
    """Append entries to their rooms' logs; the function returned gives them their numbers.

    For Connection.with_commit. An entry whose project is gone gets none.
    """
    ids = [entry.project_id for entry in entries]
    messages = [entry.message.encode() for entry in entries]
    if len(entries) == 1:
        rows = log_queries.append_one(conn, ids[0], messages[0])
    else:
        rows = log_queries.append(conn, ids, messages)

    def number() -> None:
        for row in rows:
            entry = entries[row["place"] - 1]
            logged = messages[row["place"] - 1]
            entry.message = entry.message._replace(
                epoch=str(row["epoch"]), seq=row["seq"], logged=logged
            )

    return number


def standings(conn: Connection, project_ids: Sequence[UUID | str]) -> dict[str, Standing]:
    """Return how far the logs of these projects have come, by project id, in one statement."""
    return {
        str(row["project_id"]): Standing(str(row["epoch"]), row["seq"], row["pruned"])
        for row in log_queries.heads(conn, project_ids)
    }


def statistics(conn: Connection, project_id: UUID | str) -> dict[str, Any] | None:
    """Return `seq` of a log, and how many `events` of each name it got in the last day; None: gone.

    At most as many are counted as a log keeps.
    """
    return log_queries.statistics(conn, project_id, COUNTED_HOURS)


def page(conn: Connection, project_id: UUID | str, after: int) -> list[Message]:
    """Return the next events of a log, in order: at most 200, or as many as 256 KB hold."""
    rows = log_queries.page(conn, project_id, after=after, limit=_PAGE_EVENTS, size=_PAGE_BYTES)
    return [_message(row) for row in rows]


def due(conn: Connection, limit: int) -> list[UUID]:
    """Return projects whose logs are to be pruned, the oldest first."""
    return log_queries.due(conn, hours=KEPT_HOURS, most=KEPT_EVENTS, limit=limit)


def prune(conn: Connection, project_id: UUID) -> int:
    """Take the oldest events out of a log, so few that writers hardly wait; return how many."""
    return log_queries.prune(
        conn, project_id, hours=KEPT_HOURS, most=KEPT_EVENTS, step=PRUNED_AT_ONCE
    )


def _message(row: dict[str, Any]) -> Message:
    message = decode(row["message"]) or Message.new("unreadable", {})
    return message._replace(epoch=str(row["epoch"]), seq=row["seq"])

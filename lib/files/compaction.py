"""Compaction: long histories are folded into snapshots, so that files open fast."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from lib.files import documents, queries

if TYPE_CHECKING:
    from lib.stores.connection import Connection

LONG = 200  # updates since the snapshot that make a history worth folding
KEPT = 100  # of these, the newest stay as they are: edits made on versions that recent still merge


def candidates(conn: Connection, limit: int) -> list[UUID]:
    """Return up to `limit` files whose history is long."""
    return queries.long_histories(conn, LONG, limit)


def compact(conn: Connection, file_id: UUID) -> bool:
    """Fold one file's history, in the open transaction; False: there was nothing to do any more."""
    state = queries.lock(conn, file_id)
    if state is None or state["seq"] - state["snapshot_seq"] <= LONG:
        return False
    up_to = state["seq"] - KEPT
    history = [state["snapshot"], *(u["data"] for u in queries.updates(conn, file_id, up_to))]
    queries.fold(conn, file_id, documents.fold(history), up_to)
    return True

"""Compaction: long histories are folded into snapshots, so that files open fast."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.files import documents, queries

if TYPE_CHECKING:
    from lib.stores.connection import Connection

LONG = 200  # updates since the snapshot that make a history worth folding
LONG_BYTES = 2 * 1024 * 1024  # of these updates, which are worth it, too
KEPT = 100  # of these, the newest stay as they are: edits made on versions that recent still merge
KEPT_BYTES = 1024 * 1024  # that those may have together
URGENT = 2 * LONG  # updates that are too many for the next edit


def candidates(conn: Connection, limit: int) -> list[UUID]:
    """Return up to `limit` files whose history is long."""
    return queries.long_histories(conn, LONG, limit)


def is_urgent(updates: int, size: int) -> bool:
    """Return whether so many updates, of so many bytes, are to be folded before the next edit."""
    return updates > URGENT or size > LONG_BYTES


def compact(conn: Connection, file_id: UUID, *, wholly: bool = False) -> bool:
    """Fold one file's history, in the open transaction; False: there was nothing to do any more.

    `wholly` folds it however short it is, and keeps no recent versions.
    """
    state = queries.lock(conn, file_id)
    if state is None:
        return False
    updates = queries.updates(conn, file_id, state["seq"])
    if not wholly and len(updates) <= LONG and _size(updates) <= LONG_BYTES:
        return False
    folded = updates if wholly else updates[: len(updates) - _kept(updates)]
    history = [state["snapshot"], *(u["data"] for u in folded)]
    queries.fold(conn, file_id, documents.fold(history), state["snapshot_seq"] + len(folded))
    return bool(folded)


def _kept(updates: Sequence[dict[str, Any]]) -> int:
    kept, size = 0, 0
    for update in reversed(updates[-KEPT:]):
        size += len(update["data"])
        if size > KEPT_BYTES:
            break
        kept += 1
    return kept


def _size(updates: Sequence[dict[str, Any]]) -> int:
    return sum(len(update["data"]) for update in updates)

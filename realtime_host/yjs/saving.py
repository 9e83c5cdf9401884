"""What blocks: reading files for editors, and storing what they make, on the worker threads."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from lib import logs
from lib.access import lookups
from lib.bridge import rooms
from lib.errors import NotFound
from lib.files import compaction, documents, edits, history
from lib.files.history import Sync
from lib.stores import postgres
from realtime_host.yjs.editor import Editor

FOLD_AT = 2 * compaction.LONG  # updates: who types all day does not wait for the cron to fold them


def save(editor: Editor, updates: Sequence[bytes]) -> float:
    """Store what an editor has made, in one transaction that also says whether it may.

    Returns how many seconds of CPU it took to merge. Raises as look-ups and edits do.
    """
    visitor = editor.visitor
    logs.request_id.set(visitor.caller.origin.request_id)
    rooms.sender.set(editor.id)
    try:
        update = documents.join(updates)
        with postgres.transaction() as conn:
            file_id, origin = UUID(editor.file_id), visitor.caller.origin
            access = lookups.find(
                conn, "file.update", visitor.claims, origin, file_id, lock="write"
            )
            merged = edits.merge(access, update)
        if merged.history > FOLD_AT:
            with postgres.transaction() as conn:
                compaction.compact(conn, file_id)
        return merged.seconds
    finally:
        rooms.sender.set("")


def sync(file_id: str, vector: bytes) -> Sync:
    """Return what an editor lacks; raises NotFound, Malformed, Unavailable."""
    with postgres.connection() as conn:
        found = history.sync(conn, UUID(file_id), vector)
    if found is None:
        raise NotFound()
    return found


def since(file_id: str, seq: int) -> tuple[list[bytes], int]:
    """Return the updates after number `seq`; raises NotFound and Unavailable."""
    with postgres.connection() as conn:
        found = history.since(conn, UUID(file_id), seq)
    if found is None:
        raise NotFound()
    return found


def heads(file_ids: Sequence[str]) -> dict[str, int]:
    """Return the numbers of the latest updates of files that are there; raises Unavailable."""
    with postgres.connection() as conn:
        return history.heads(conn, file_ids)

"""What blocks: reading files for editors, and storing what they make, on the worker threads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from time import thread_time
from uuid import UUID

from lib import logs
from lib.access import lookups
from lib.access.permissions import allows
from lib.bridge import rooms
from lib.errors import NotFound, Unavailable
from lib.files import documents, edits, history
from lib.files.copies import Copies
from lib.files.history import Sync
from lib.stores import postgres
from realtime_host import limits
from realtime_host.yjs.editor import Editor

copies = Copies(limits.COPIES, limits.COPIES_BYTES)


def save(editor: Editor, updates: Sequence[bytes]) -> None:
    """Store what an editor has made, in one transaction that also says whether it may.

    It owes the seconds of CPU that this took, also when it is refused. Raises as look-ups and edits
    do.
    """
    visitor = editor.visitor
    logs.request_id.set(visitor.caller.origin.request_id)
    rooms.sender.set(editor.id)
    try:
        with _up_to_date(), postgres.transaction() as conn:
            file_id, origin = UUID(editor.file_id), visitor.caller.origin
            may = partial(lookups.find, conn, "file.update", visitor.claims, origin, file_id)
            if not allows("file.update", editor.role):
                may()  # most likely not: who only reads makes no writer wait
            update = _joined(editor, updates)
            editor.owes += edits.merge(may(lock="version"), update, copies)
    finally:
        rooms.sender.set("")


def _joined(editor: Editor, updates: Sequence[bytes]) -> bytes:
    began = thread_time()
    try:
        return documents.join(updates)
    finally:
        editor.owes += thread_time() - began


def sync(editor: Editor, vector: bytes) -> Sync:
    """Return what an editor lacks; it owes the seconds of CPU that it took to find out.

    Raises NotFound, Malformed, Unavailable.
    """
    began = thread_time()
    with _up_to_date(), postgres.connection() as conn:
        found = history.sync(conn, UUID(editor.file_id), vector, copies)
    if found is None:
        raise NotFound()
    editor.owes += thread_time() - began
    return found


def since(file_id: str, seq: int) -> tuple[list[bytes], int]:
    """Return the updates after number `seq`; raises NotFound and Unavailable."""
    with _up_to_date(), postgres.connection() as conn:
        found = history.since(conn, UUID(file_id), seq)
    if found is None:
        raise NotFound()
    return found


def heads(file_ids: Sequence[str]) -> dict[str, int]:
    """Return the numbers of the latest updates of files that are there; raises Unavailable."""
    with _up_to_date(), postgres.connection() as conn:
        return history.heads(conn, file_ids)


@contextmanager
def _up_to_date() -> Iterator[None]:
    # A Postgres that was away may be another one, which knows less than the copies do.
    try:
        yield
    except Unavailable as error:
        if postgres.is_outage(error):
            copies.clear()
        raise

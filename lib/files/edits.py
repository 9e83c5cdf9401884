"""Edits of a file, from REST and from sockets alike: merged, stored, announced to the room."""

from __future__ import annotations

from functools import partial
from typing import Any

from lib.access.caller import Access
from lib.audit import events
from lib.bridge import docs, rooms
from lib.errors import Conflict, Invalid, NotFound, mistake
from lib.files import compaction, deltas, documents, queries
from lib.files.copies import Copies, Copy
from lib.files.deltas import Delta
from lib.files.schemas import MAX_CONTENT, MAX_DOCUMENT

SITTING = (
    10  # minutes: edits that follow each other closer than this are one entry in the audit log
)


def apply(access: Access, *, base: int, delta: Delta) -> dict[str, Any]:
    """Merge a delta, made on the text as it was at edit number `base`, into the file.

    Returns what the room is told: `file_id`, `seq` (the edit's number), `delta` (as it applies to
    the text at seq - 1) and `author`. Raises Conflict when `base` is too old to merge with, Invalid
    for a delta that does not fit, NotFound when the file is gone.
    """
    state, updates = _latest(access)
    behind = _behind(state, updates, base)
    edit = documents.edit([u["data"] for u in updates], behind, delta)
    return _save(access, state["seq"], edit)[1]


def replace(access: Access, *, content: str, base: int | None) -> dict[str, Any]:
    """Make the file's text `content`, as the smallest edit of what it was at `base` (latest: None).

    What others have written since `base` is kept. Returns the file with its content as it is now.
    Raises as `apply` does.
    """
    state, updates = _latest(access)
    behind = None if base is None else _behind(state, updates, base)
    before = state["content"] if behind is None else documents.text_at(behind)
    delta = deltas.between(before, content)
    if not delta:
        return access.target | {"seq": state["seq"], "content": state["content"]}
    edit = documents.edit([u["data"] for u in updates], behind, delta)
    return _save(access, state["seq"], edit)[0]


def merge(access: Access, update: bytes, copies: Copies) -> float:
    """Merge what an editor has made, a Yjs update, into the file, if there is anything new in it.

    `access` locks the file's version. Returns how many seconds of CPU the update itself took.
    Raises Malformed for what is no update, Invalid for what makes the file too long, NotFound when
    it is gone.
    """
    copy = copies.latest(access.conn, access.id, access.target["seq"])
    if copy is None:
        raise NotFound()
    _shorten(access, copy, len(update))
    edit, seconds = copy.living.merge(update)
    if edit:
        if copy.size + len(update) > MAX_DOCUMENT:
            raise Invalid(mistake("/update", f"The document is longer than {MAX_DOCUMENT} bytes."))
        author = access.caller.user_id
        noted = copy.edited_recently(author, 60 * SITTING)
        _save(access, copy.seq, edit, noted=noted)
        copy.add(author, update)
    access.conn.after_commit(partial(copies.put, copy))
    return seconds


def _shorten(access: Access, copy: Copy, more: int) -> None:
    # Who edits all day does not wait for the cron; nor is a file too long for what folding removes.
    too_long = copy.size + more > MAX_DOCUMENT
    if too_long or compaction.is_urgent(*copy.unfolded):
        compaction.compact(access.conn, access.id, wholly=too_long)
        copy.measure(queries.sizes(access.conn, access.id))


def _latest(access: Access) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    state = queries.lock(access.conn, access.id)
    if state is None:
        raise NotFound()
    updates = queries.updates(access.conn, access.id, state["seq"])
    if compaction.is_urgent(len(updates), sum(len(update["data"]) for update in updates)):
        compaction.compact(access.conn, access.id)
        return _latest(access)
    snapshot = {"seq": state["snapshot_seq"], "data": state["snapshot"]}
    return state, [snapshot, *updates]


def _behind(state: dict[str, Any], updates: list[dict[str, Any]], base: int) -> list[bytes] | None:
    if base > state["seq"]:
        raise Invalid(mistake("/base", f"The file is at {state['seq']} only."))
    if base < state["snapshot_seq"]:
        raise Conflict("This version is too old to merge with; read the file again.")
    return None if base == state["seq"] else [u["data"] for u in updates if u["seq"] <= base]


def _save(
    access: Access, seq: int, edit: documents.Edit, *, noted: bool = False
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Store an edit of version `seq`; `noted`: the audit log has this sitting already."""
    if len(edit.content.encode()) > MAX_CONTENT:
        raise Invalid(mistake("/delta", f"The file would be longer than {MAX_CONTENT} bytes."))
    conn, author, seq = access.conn, access.caller, seq + 1
    if not noted:
        _record(access)
    file = queries.save(conn, access.id, author.user_id, seq, edit.update, edit.content)
    change = {
        "file_id": str(access.id),
        "seq": seq,
        "delta": edit.delta,
        "author": {"id": str(author.user_id), "name": author.name},
    }
    rooms.announce(conn, file["project_id"], rooms.FILE_CHANGE, change)
    docs.announce(conn, access.id, seq, edit.update)
    return file, change


def _record(access: Access) -> None:
    # One entry per sitting: who typed when, keystroke by keystroke, is in file_updates.
    if queries.edited_recently(access.conn, access.id, access.caller.user_id, SITTING):
        return
    events.record(
        access.conn,
        "file.edited",
        access.caller,
        target=("file", access.id),
        workspace_id=access.target["workspace_id"],
        project_id=access.target["project_id"],
        details={"path": access.target["path"]},
    )

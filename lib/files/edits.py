"""Edits of a file, from REST and from sockets alike: merged, stored, announced to the room."""

from __future__ import annotations

from typing import Any, NamedTuple

from lib.access.caller import Access
from lib.audit import events
from lib.bridge import docs, rooms
from lib.errors import Conflict, Invalid, NotFound, mistake
from lib.files import deltas, documents, queries
from lib.files.deltas import Delta
from lib.files.schemas import MAX_CONTENT, MAX_DOCUMENT

SITTING = (
    10  # minutes: edits that follow each other closer than this are one entry in the audit log
)


class Merged(NamedTuple):
    """What a merge took: seconds of CPU for the update itself, and how many had to be read."""

    seconds: float
    history: int


def apply(access: Access, *, base: int, delta: Delta) -> dict[str, Any]:
    """Merge a delta, made on the text as it was at edit number `base`, into the file.

    Returns what the room is told: `file_id`, `seq` (the edit's number), `delta` (as it applies to
    the text at seq - 1) and `author`. Raises Conflict when `base` is too old to merge with, Invalid
    for a delta that does not fit, NotFound when the file is gone.
    """
    state, updates = _latest(access)
    behind = _behind(state, updates, base)
    return _save(access, state, documents.edit([u["data"] for u in updates], behind, delta))[1]


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
    return _save(access, state, documents.edit([u["data"] for u in updates], behind, delta))[0]


def merge(access: Access, update: bytes) -> Merged:
    """Merge what an editor has made, a Yjs update, into the file, if there is anything new in it.

    Raises Malformed for what is no update, Invalid for what makes the file too long, NotFound when
    it is gone.
    """
    state, updates = _latest(access)
    history = [each["data"] for each in updates]
    edit, seconds = documents.merge(history, update)
    if edit:
        if sum(map(len, history)) + len(update) > MAX_DOCUMENT:
            raise Invalid(mistake("/update", f"The document is longer than {MAX_DOCUMENT} bytes."))
        _save(access, state, edit)
    return Merged(seconds, len(history))


def _latest(access: Access) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    state = queries.lock(access.conn, access.id)
    if state is None:
        raise NotFound()
    snapshot = {"seq": state["snapshot_seq"], "data": state["snapshot"]}
    return state, [snapshot, *queries.updates(access.conn, access.id, state["seq"])]


def _behind(state: dict[str, Any], updates: list[dict[str, Any]], base: int) -> list[bytes] | None:
    if base > state["seq"]:
        raise Invalid(mistake("/base", f"The file is at {state['seq']} only."))
    if base < state["snapshot_seq"]:
        raise Conflict("This version is too old to merge with; read the file again.")
    return None if base == state["seq"] else [u["data"] for u in updates if u["seq"] <= base]


def _save(
    access: Access, state: dict[str, Any], edit: documents.Edit
) -> tuple[dict[str, Any], dict[str, Any]]:
    if len(edit.content.encode()) > MAX_CONTENT:
        raise Invalid(mistake("/delta", f"The file would be longer than {MAX_CONTENT} bytes."))
    conn, author, seq = access.conn, access.caller, state["seq"] + 1
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

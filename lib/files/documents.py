"""Files as Yjs documents (pycrdt): concurrent edits merge, whatever version each was made on.

pycrdt is imported on first use: only a function that writes a file pays for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import thread_time
from typing import TYPE_CHECKING, Any, NamedTuple

from lib.errors import BadRequest, Invalid, mistake
from lib.files import deltas
from lib.files.deltas import Delta

if TYPE_CHECKING:
    from pycrdt import Doc, Text

FIELD = "content"  # the shared text's name in the document: what editors' bindings open
NO_STRUCTS = b"\0"  # how an update begins that adds nothing
SERVER = 1  # the client id of edits made here on the latest version; see `_open`


class Malformed(BadRequest):
    """These bytes are none that Yjs would write."""

    title = "This is no update of Yjs"


@dataclass(frozen=True, slots=True)
class Edit:
    """What an edit came to: the update to store, the text after it, and the delta for others."""

    update: bytes
    content: str
    delta: Delta


class Merge(NamedTuple):
    """What an editor's update came to, None if nothing in it was new, and its seconds of CPU."""

    edit: Edit | None
    seconds: float


def snapshot_of(content: str) -> bytes:
    """Return a new document that holds `content`, as one Yjs update."""
    document, text = _open([])
    if content:
        text += content
    return document.get_update()


def fold(updates: Sequence[bytes]) -> bytes:
    """Return one Yjs update that stands for all of `updates`."""
    return _open(updates)[0].get_update()


def edit(updates: Sequence[bytes], behind: Sequence[bytes] | None, delta: Delta) -> Edit:
    """Apply a delta, in UTF-16 units, and return what it came to on the latest version.

    `updates` make up the latest version; `behind` the older one that the delta was made on, None
    when that is the latest. Raises Invalid for a delta that does not fit its text.
    """
    document, text = _open(updates)
    before = str(text)
    if behind is None:
        update = _edited(document, text, delta)
        return Edit(update, str(text), delta)
    update = _edited(*_open(behind, client=None), delta)
    merged = _watch(text)
    document.apply_update(update)
    return Edit(update, str(text), deltas.to_units(merged, before))


def merge(updates: Sequence[bytes], update: bytes) -> Merge:
    """Apply what an editor has made to the latest version.

    Raises Malformed for what is no update, Invalid for a text that can't be stored.
    """
    document, text = _open(updates)
    before, state = str(text), document.get_update()
    merged, began = _watch(text), thread_time()
    with _careful():
        document.apply_update(update)
        seconds = thread_time() - began
        if document.get_update() == state and not _is_early(document, update):
            return Merge(None, seconds)
        content = str(text)
    if "\0" in content:
        raise Invalid(mistake("/update", "NUL can't be stored."))
    return Merge(Edit(update, content, _told(merged, before, content)), seconds)


def _is_early(document: Doc[Any], update: bytes) -> bool:
    """Return whether there are things in an update that wait for others which are not here yet."""
    from pycrdt import get_update

    return not get_update(update, document.get_state()).startswith(NO_STRUCTS)


def _told(merged: Delta, before: str, content: str) -> Delta:
    # Formats and embedded things are no part of the text.
    if any(len(step) > 1 or not isinstance(step.get("insert", ""), str) for step in merged):
        return deltas.between(before, content)
    return deltas.to_units(merged, before)


def join(updates: Sequence[bytes]) -> bytes:
    """Return one update that stands for those of one editor; raises Malformed."""
    from pycrdt import merge_updates

    with _careful():
        return updates[0] if len(updates) == 1 else merge_updates(*updates)


def since(updates: Sequence[bytes], vector: bytes) -> tuple[bytes, bytes]:
    """Return what an editor with this state vector lacks, and the vector of the latest version.

    Raises Malformed for what is no state vector.
    """
    document, _ = _open(updates)
    with _careful():
        return document.get_update(vector), document.get_state()


@contextmanager
def _careful() -> Iterator[None]:
    try:
        yield
    except (ValueError, OverflowError):
        raise Malformed() from None
    except BaseException as error:
        if (
            type(error).__name__ != "PanicException"
        ):  # of Rust; no Exception, so as not to be caught
            raise
        raise Malformed() from None


def text_at(updates: Sequence[bytes]) -> str:
    """Return the text that `updates` make up."""
    return str(_open(updates)[1])


def _open(updates: Sequence[bytes], client: int | None = SERVER) -> tuple[Doc[Any], Text]:
    from pycrdt import Doc, Text

    # Edits of the latest version come one after another, so they can share one client id, which
    # keeps the document's state vector small; an edit of an older one needs an id of its own.
    document: Doc[Any] = Doc(client_id=client) if client else Doc()
    document[FIELD] = text = Text()
    for update in updates:
        document.apply_update(update)
    return document, text


def _edited(document: Doc[Any], text: Text, delta: Delta) -> bytes:
    state, at = document.get_state(), 0
    with document.transaction():
        for step in deltas.to_bytes(delta, str(text)):
            (name, value), *_ = step.items()
            if name == "retain":
                at += value
            elif name == "insert":
                text.insert(at, value)
                at += len(value.encode())
            else:
                del text[at : at + value]
    return document.get_update(state)


def _watch(text: Text) -> Delta:
    seen: Delta = []
    text.observe(lambda event: seen.extend(event.delta))  # type: ignore[attr-defined]
    return seen

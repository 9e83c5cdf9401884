"""Files as Yjs documents (pycrdt): concurrent edits merge, whatever version each was made on.

pycrdt is imported on first use: only a function that writes a file pays for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from lib.errors import BadRequest
from lib.files import deltas, nesting
from lib.files.deep import deeply
from lib.files.deltas import Delta

if TYPE_CHECKING:
    from pycrdt import Doc, Text

FIELD = "content"  # the shared text's name in the document: what editors' bindings open
SERVER = 1  # the client id of edits made here on the latest version; see `opened`


class Malformed(BadRequest):
    """These bytes are none that Yjs would write."""

    title = "This is no update of Yjs"


class Edit(NamedTuple):
    """What an edit came to: the update to store, the text after it, and the delta for others."""

    update: bytes
    content: str
    delta: Delta


def snapshot_of(content: str) -> bytes:
    """Return a new document that holds `content`, as one Yjs update."""
    document, text = opened([])
    if content:
        text += content
    return document.get_update()


@deeply
def fold(updates: Sequence[bytes]) -> bytes:
    """Return one Yjs update that stands for all of `updates`."""
    return opened(updates)[0].get_update()


@deeply
def edit(updates: Sequence[bytes], behind: Sequence[bytes] | None, delta: Delta) -> Edit:
    """Apply a delta, in UTF-16 units, and return what it came to on the latest version.

    `updates` make up the latest version; `behind` the older one that the delta was made on, None
    when that is the latest. Raises Invalid for a delta that does not fit its text.
    """
    document, text = opened(updates)
    before = str(text)
    if behind is None:
        update = _edited(document, text, delta)
        return Edit(update, str(text), delta)
    update = _edited(*opened(behind, client=None), delta)
    rich = is_rich(text, before)
    with watched(document, text) as seen:
        document.apply_update(update)
    content = str(text)
    return Edit(update, content, seen.delta(before, content, rich=rich))


def join(updates: Sequence[bytes]) -> bytes:
    """Return one update that stands for those of one editor; raises Malformed."""
    from pycrdt import merge_updates

    with careful():
        for update in updates:
            nesting.check(update)
        return updates[0] if len(updates) == 1 else merge_updates(*updates)


@contextmanager
def careful() -> Iterator[None]:
    """Raise Malformed for whatever Yjs makes of bytes that are none of its own."""
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


@deeply
def text_at(updates: Sequence[bytes]) -> str:
    """Return the text that `updates` make up."""
    return str(opened(updates)[1])


def opened(updates: Sequence[bytes], client: int | None = SERVER) -> tuple[Doc[Any], Text]:
    """Return the document that `updates` make up, and its text."""
    from pycrdt import Doc, Text

    # Edits of the latest version come one after another, so they can share one client id, which
    # keeps the document's state vector small; an edit of an older one needs an id of its own.
    document: Doc[Any] = Doc(client_id=client) if client else Doc()
    document[FIELD] = text = Text()
    for update in updates:
        document.apply_update(update)
    return document, text


@dataclass(slots=True)
class Seen:
    """What has become of a document while it was watched."""

    changed: bool = False
    steps: Delta = field(default_factory=list)

    def delta(self, before: str, content: str, *, rich: bool) -> Delta:
        """Return what made the text `content` of `before`, in UTF-16 units.

        Formats and embedded things are no part of the text, but count in its steps.
        """
        if rich or any(len(s) > 1 or not isinstance(s.get("insert", ""), str) for s in self.steps):
            return deltas.between(before, content)
        return deltas.to_units(self.steps, before)


@contextmanager
def watched(document: Doc[Any], text: Text) -> Iterator[Seen]:
    """Watch what changes. Not for longer: a document and its watcher keep each other alive."""
    seen = Seen()

    def note(_event: object) -> None:
        seen.changed = True

    whole = document.observe(note)
    part = text.observe(lambda event: seen.steps.extend(event.delta))  # type: ignore[attr-defined]
    try:
        yield seen
    finally:
        document.unobserve(whole)
        text.unobserve(part)


def is_rich(text: Text, content: str) -> bool:
    """Return whether there is more in a text than the characters that are its `content`."""
    return len(text) != len(content.encode())


def _edited(document: Doc[Any], text: Text, delta: Delta) -> bytes:
    state, content = document.get_state(), str(text)
    embedded = _embedded(text) if is_rich(text, content) else []
    at = old = 0  # in the text as it becomes, with what is embedded, and as it was, without
    with document.transaction():
        for step in deltas.to_bytes(delta, content):
            (name, value), *_ = step.items()
            if name == "insert":
                text.insert(at, value)
                at += len(value.encode())
                continue
            if name == "delete":
                at += _passed(embedded, old + 1)  # what stands before it stays
            old += value
            value += _passed(embedded, old)
            if name == "retain":
                at += value
            else:
                del text[at : at + value]
    return document.get_update(state)


def _embedded(text: Text) -> list[int]:
    """Return before which byte of the characters each embedded thing stands, the last first."""
    places, at = [], 0
    for value, _ in text.diff():
        if isinstance(value, str):
            at += len(value.encode())
        else:
            places.append(at)
    return places[::-1]


def _passed(embedded: list[int], end: int) -> int:
    """Take out, and count, what is embedded before `end`."""
    before = len(embedded)
    while embedded and embedded[-1] < end:
        embedded.pop()
    return before - len(embedded)

"""A document in memory: opened once, and kept up with what is stored after that."""

from __future__ import annotations

from collections.abc import Sequence
from time import thread_time
from typing import NamedTuple

from lib.errors import Invalid, mistake
from lib.files import documents
from lib.files.documents import Edit

NO_STRUCTS = b"\0"  # how an update begins that adds nothing


class Merge(NamedTuple):
    """What an editor's update came to, None if nothing in it was new, and its seconds of CPU."""

    edit: Edit | None
    seconds: float


class Living:
    """For one thread at a time. After an exception something may be in it by half: let it go."""

    def __init__(self, updates: Sequence[bytes]) -> None:
        self._document, self._text = documents.opened(updates)
        self.content = str(self._text)

    def take_in(self, updates: Sequence[bytes]) -> None:
        """Apply updates that are stored."""
        for update in updates:
            self._document.apply_update(update)
        self.content = str(self._text)

    def merge(self, update: bytes) -> Merge:
        """Apply what an editor has made.

        Raises Malformed for what is no update, Invalid for a text that can't be stored.
        """
        before, rich = self.content, documents.is_rich(self._text, self.content)
        with documents.careful(), documents.watched(self._document, self._text) as seen:
            began = thread_time()
            self._document.apply_update(update)
            seconds = thread_time() - began
            if not seen.changed and not self._is_early(update):
                return Merge(None, seconds)
            self.content = content = str(self._text)
        if "\0" in content:
            raise Invalid(mistake("/update", "NUL can't be stored."))
        return Merge(Edit(update, content, seen.delta(before, content, rich=rich)), seconds)

    def since(self, vector: bytes) -> tuple[bytes, bytes]:
        """Return what an editor with this state vector lacks, and the document's own vector.

        Raises Malformed for what is no state vector.
        """
        with documents.careful():
            return self._document.get_update(vector), self._document.get_state()

    def _is_early(self, update: bytes) -> bool:
        """Return whether there are things in an update that wait for others, not here yet."""
        from pycrdt import get_update

        return not get_update(update, self._document.get_state()).startswith(NO_STRUCTS)

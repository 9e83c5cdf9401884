"""Documents that a process keeps in memory, to open them only once.

Nothing is believed for being here: whoever takes a copy first brings it up to what Postgres has.
Nobody else has it meanwhile, and it comes back only once all that is in it is committed; so one
that took in what was not stored after all is gone.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.files import queries
from lib.files.living import Living

if TYPE_CHECKING:
    from lib.stores.connection import Connection

FROM_THE_START = -1
SNAPSHOT = 1  # the part of a document that stands for all before it
MEMORY = 10  # bytes that a document takes for each that is stored: measured with many small edits
LEAST = 8 * 1024  # bytes that the smallest takes


@dataclass(slots=True)
class Copy:
    """A file's document as it was at edit number `seq`; `size` is how many bytes store it.

    `size` and `snapshot_seq` are as of when it was read: somebody else may have folded it since.
    """

    file_id: UUID
    living: Living
    seq: int
    snapshot_seq: int
    snapshot_size: int
    size: int
    edited: tuple[UUID, float] | None = None  # by whom last, and when, if that was known here

    @property
    def unfolded(self) -> tuple[int, int]:
        """How many updates there are since the snapshot, and their bytes."""
        return self.seq - self.snapshot_seq, self.size - self.snapshot_size

    @property
    def weight(self) -> int:
        """How many bytes of memory it takes, about."""
        return LEAST + MEMORY * self.size + len(self.living.content)

    def add(self, author_id: UUID, update: bytes) -> None:
        """Count an update that is in it, as the next one stored."""
        self.seq += 1
        self.size += len(update)
        self.edited = author_id, monotonic()

    def measure(self, sizes: Mapping[str, int]) -> None:
        """Take over how it is stored now: `snapshot_seq`, `snapshot_size` and `size`."""
        self.snapshot_seq, self.snapshot_size = sizes["snapshot_seq"], sizes["snapshot_size"]
        self.size = sizes["size"]

    def edited_recently(self, author_id: UUID, seconds: float) -> bool:
        """Return whether its last edit is known to be this author's, and no older than that."""
        return bool(
            self.edited and self.edited[0] == author_id and monotonic() - self.edited[1] < seconds
        )


class Copies:
    """At most so many copies, of so many bytes together: the one that was not used longest goes."""

    def __init__(self, most: int, weight: int) -> None:
        self.weight = 0  # bytes of memory that they take, about
        self.opened = 0  # documents that had to be opened
        self.reused = 0  # documents that were here
        self._most = most
        self._heaviest = weight
        self._copies: OrderedDict[UUID, tuple[Copy, int]] = OrderedDict()
        self._guard = Lock()

    def __len__(self) -> int:
        return len(self._copies)

    def latest(self, conn: Connection, file_id: UUID, seq: int | None = None) -> Copy | None:
        """Take out a file's copy as it is in Postgres; None: the file is gone.

        `seq` is its number now, for who holds the file locked.
        """
        copy = self._take(file_id)
        if copy and copy.seq == seq:
            return copy
        rows = queries.document(conn, file_id, copy.seq if copy else FROM_THE_START)
        if copy and rows and rows[-1]["seq"] < copy.seq:  # Postgres has lost what it had
            copy, rows = None, queries.document(conn, file_id, FROM_THE_START)
        if not rows:
            return None
        return _brought_up(copy, rows) if copy else _opened(file_id, rows)

    def put(self, copy: Copy) -> None:
        """Bring a copy back; all that is in it must be committed."""
        with self._guard:
            known = self._out(copy.file_id)
            if known and known.seq > copy.seq:
                copy = known
            if copy.weight > self._heaviest:
                return
            self._copies[copy.file_id] = copy, copy.weight
            self.weight += copy.weight
            while len(self._copies) > self._most or self.weight > self._heaviest:
                self._out(next(iter(self._copies)))

    def clear(self) -> None:
        """Forget all."""
        with self._guard:
            self._copies.clear()
            self.weight = 0

    def _take(self, file_id: UUID) -> Copy | None:
        with self._guard:
            copy = self._out(file_id)
            self.reused += copy is not None
            self.opened += copy is None
            return copy

    def _out(self, file_id: UUID) -> Copy | None:
        copy, weight = self._copies.pop(file_id, (None, 0))
        self.weight -= weight
        return copy


def _opened(file_id: UUID, rows: Sequence[dict[str, Any]]) -> Copy:
    snapshot, *updates, end = rows
    living = Living([row["data"] for row in rows[:-1]])
    size = len(snapshot["data"])
    whole = size + _size(updates)
    return Copy(file_id, living, end["seq"], snapshot["seq"], size, whole)


def _brought_up(copy: Copy, rows: Sequence[dict[str, Any]]) -> Copy:
    *missed, end = rows
    if not missed:
        return copy
    copy.living.take_in([row["data"] for row in missed])
    first = missed[0]
    if first["part"] == SNAPSHOT:
        size = len(first["data"])
        copy.measure({"snapshot_seq": first["seq"], "snapshot_size": size, "size": _size(missed)})
    else:
        copy.size += _size(missed)
    copy.seq, copy.edited = end["seq"], None
    return copy


def _size(rows: Sequence[dict[str, Any]]) -> int:
    return sum(len(row["data"]) for row in rows)

"""Rows of a result, as they came: many lists show of each but a part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, overload

DictRow = dict[str, Any]


class Table(Sequence[DictRow]):
    """Rows as they came: each becomes a dict when it is asked for, which takes longer than to read.

    A slice is a Table.
    """

    __slots__ = ("_columns", "_rows")

    def __init__(self, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> None:
        self._columns = columns
        self._rows = rows

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._rows)

    @overload
    def __getitem__(self, place: int) -> DictRow: ...
    @overload
    def __getitem__(self, place: slice) -> Table: ...
    def __getitem__(self, place: int | slice) -> DictRow | Table:
        """Return one row, or some."""
        if isinstance(place, slice):
            return Table(self._columns, self._rows[place])
        return dict(zip(self._columns, self._rows[place], strict=True))

    def __iter__(self) -> Iterator[DictRow]:
        """Return an iterator over the rows."""
        columns = self._columns
        return (dict(zip(columns, row, strict=True)) for row in self._rows)

    def pick(self, names: Sequence[str]) -> list[DictRow]:
        """Return of each row what has one of these names, in their order."""
        known = {name: place for place, name in enumerate(self._columns)}
        shown = [(name, known[name]) for name in names if name in known]
        return [{name: row[place] for name, place in shown} for row in self._rows]


NO_ROWS = Table((), ())

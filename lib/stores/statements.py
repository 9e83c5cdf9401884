"""Statements: as written here, with `%s` or `%(name)s`, as Postgres knows them, and their rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from lib.stores.tables import NO_ROWS, DictRow, Table

Send = Callable[[], None]  # hands one statement to libpq
Check = Callable[[Sequence[DictRow]], None]  # raises when rows are not as they must be

MAX_COMPILED = 1000  # statements whose text a process keeps; there are about 200

_PLACE = re.compile(r"%(?:\((\w+)\)s|(s)|(%))")


class Compiled(NamedTuple):
    """A statement as Postgres reads it; `names` of its parameters in order, none for `%s`."""

    text: bytes
    names: tuple[str, ...]


@lru_cache(MAX_COMPILED)
def compiled(written: str) -> Compiled:
    """Return a statement with `$1` for its parameters; a name that stands twice is one of them."""
    places: dict[str, int] = {}

    def numbered(match: re.Match[str]) -> str:
        if match[3]:
            return "%"
        name = match[1] or f"%{len(places)}"
        return f"${places.setdefault(name, len(places) + 1)}"

    text = _PLACE.sub(numbered, written).encode()
    return Compiled(text, tuple(name for name in places if not name.startswith("%")))


class Statement:
    """What one connection knows of one statement with parameters of certain types."""

    __slots__ = ("columns", "name", "uses")

    def __init__(self) -> None:
        self.uses = 0
        self.name = b""  # once it is prepared
        self.columns: tuple[str, ...] = ()

    def columns_of(self, result: Any) -> tuple[str, ...]:
        """Return the names of the columns of a result, which seldom differ from the last one's."""
        if len(self.columns) != result.nfields or not self.name:
            names = (result.fname(index) or b"" for index in range(result.nfields))
            self.columns = tuple(name.decode() for name in names)
        return self.columns


class Result(Table):
    """What a statement returned: its rows, and how many it returned or changed."""

    __slots__ = ("rowcount",)

    def __init__(
        self, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]], rowcount: int = 0
    ) -> None:
        super().__init__(columns, rows)
        self.rowcount = rowcount

    def fetchone(self) -> DictRow | None:
        """Return the first row, if there is one."""
        return self[0] if self else None

    def fetchall(self) -> list[DictRow]:
        """Return all rows."""
        return list(self)


class Later:
    """The rows of a statement that was put off, once it has been executed."""

    __slots__ = ("check", "rows", "send", "statement")

    def __init__(self, statement: Statement, send: Send, check: Check | None = None) -> None:
        self.statement = statement
        self.send = send
        self.check = check
        self.rows: Sequence[DictRow] = NO_ROWS

    def __iter__(self) -> Iterator[DictRow]:
        """Return an iterator over the rows."""
        return iter(self.rows)

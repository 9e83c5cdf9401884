"""Output: rows straight to JSON, picked by a marshmallow schema that is read once, not per row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

import orjson
from marshmallow import Schema, fields

from lib.stores.tables import Table

Row = Mapping[str, Any]
Pick = Callable[[Any], Any]


class Writer:
    """Writes rows as a schema shows them: its members, in its order, those that a row has.

    orjson itself writes what rows hold: UUIDs, times, numbers, text, JSON. Nothing is validated:
    what comes out of our own tables is as it should be, and marshmallow's dump took longer than the
    SQL.
    """

    def __init__(self, schema: type[Schema]) -> None:
        loaded = schema()
        self._constants = {
            name: field.constant
            for name, field in loaded.fields.items()
            if isinstance(field, fields.Constant)
        }
        self._inner = {n: pick for n, f in loaded.fields.items() if (pick := _inner(f))}
        self._names = tuple(loaded.fields)

    def pick(self, row: Row) -> dict[str, Any]:
        """Return of `row` what is shown."""
        shown = {name: row[name] for name in self._names if name in row}
        for name, pick in self._inner.items():
            if shown.get(name) is not None:
                shown[name] = pick(shown[name])
        return shown | self._constants if self._constants else shown

    def one(self, row: Row) -> bytes:
        """Return one row as JSON."""
        return orjson.dumps(self.pick(row))

    def page(self, rows: Iterable[Row], next_cursor: str | None) -> bytes:
        """Return a page of a list as JSON."""
        if isinstance(rows, Table) and not self._inner and not self._constants:
            items = rows.pick(self._names)
        else:
            items = [self.pick(row) for row in rows]
        return orjson.dumps({"items": items, "next_cursor": next_cursor})


@cache
def writer(schema: type[Schema]) -> Writer:
    """Return the one writer of a schema."""
    return Writer(schema)


def _inner(field: Any) -> Pick | None:
    if isinstance(field, fields.Nested):
        return Writer(type(field.schema)).pick
    if isinstance(field, fields.List):
        pick = _inner(field.inner)
        return (lambda items: [pick(item) for item in items]) if pick else None
    return None

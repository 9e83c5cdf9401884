"""Links: what can be done next to a thing that was created, by its address and its id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lib.openapi.naming import operation_id
from lib.openapi.routes import Operation

Names = dict[str, str]  # of parameters in a path: the columns that hold their values


def links(operation: Operation, every: Sequence[Operation]) -> dict[str, Any]:
    """Return the links from what `operation` answers to those of `every` at or below its Location.

    None for an operation that creates nothing.
    """
    found = {}
    for target in every:
        names = _names(operation.answer.location, target.path)
        if names:
            parameters = {name: _value(operation, column) for name, column in names.items()}
            name = operation_id(target)
            found[name] = {"operationId": name, "parameters": parameters}
    return found


def _names(location: str, path: str) -> Names | None:
    ours, theirs = location.split("/"), path.split("/")
    names = {}
    for column, step in zip(ours, theirs, strict=False):
        if column.startswith("{") and step.startswith("{"):
            names[step.strip("{}")] = column.strip("{}")
        elif column != step:
            return None
    unknown = any(step.startswith("{") for step in theirs[len(ours) :])
    return None if unknown or len(theirs) < len(ours) else names


def _value(operation: Operation, column: str) -> str:
    shown = operation.answer.schema and column in operation.answer.schema().fields
    return f"$response.body#/{column}" if shown else f"$request.path.{column}"

"""Which errors an operation can answer with: those that follow from its edges, and its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lib.access.permissions import Level
from lib.errors import (
    AppError,
    Archived,
    BadRequest,
    Conflict,
    Forbidden,
    InsufficientScope,
    Invalid,
    NotFound,
    PreconditionFailed,
    TooLarge,
    Unauthenticated,
    Unavailable,
    WrongMediaType,
)
from lib.openapi.routes import Operation

UNSUPPORTED = (415, "Send JSON as application/json in UTF-8")
TOO_MANY = (429, "Too many requests")
RETRY_AFTER = {"Retry-After": {"$ref": "#/components/headers/Retry-After"}}

Meaning = tuple[int, str]  # a status, and what it says


def errors(operation: Operation) -> dict[str, Any]:
    """Return the error responses of an operation, by status."""
    by_status: dict[int, list[str]] = {}
    for status, title in _meanings(operation):
        titles = by_status.setdefault(status, [])
        if title not in titles:
            titles.append(title)
    return {str(status): _problem(status, by_status[status]) for status in sorted(by_status)}


def _meanings(operation: Operation) -> Iterator[Meaning]:
    yield from map(_meaning, _access_errors(operation))
    if operation.body:
        yield from map(_meaning, (BadRequest, TooLarge, Invalid))
        yield UNSUPPORTED
    if operation.bytes_type:
        yield from map(_meaning, (BadRequest, TooLarge, WrongMediaType))
    if operation.query:
        yield _meaning(Invalid)
    if operation.answer.kind == "created":
        yield from map(_meaning, (BadRequest, Conflict, Invalid))
    if operation.takes_if_match:
        yield _meaning(PreconditionFailed)
    if operation.limit:
        yield TOO_MANY
    if _is_archived_away(operation):
        yield _meaning(Archived)
    yield from map(_meaning, operation.answer.errors)
    yield _meaning(Unavailable)


def _access_errors(operation: Operation) -> Iterator[type[AppError]]:
    rule = operation.permission
    if rule is None or rule.least > Level.ANYONE:
        yield Unauthenticated
    if operation.parameters:
        yield NotFound
    if rule and rule.least > Level.ANYONE:
        yield InsufficientScope
    if rule and rule.least > Level.VIEWER:
        yield Forbidden


def _is_archived_away(operation: Operation) -> bool:
    rule = operation.permission
    reads = operation.method == "GET"
    return bool(rule and rule.least > Level.ACCOUNT and not reads and not rule.in_archive)


def _meaning(error: type[AppError]) -> Meaning:
    return error.status, error.title


def _problem(status: int, titles: list[str]) -> dict[str, Any]:
    response: dict[str, Any] = {
        "description": "; or: ".join(titles),
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
        },
    }
    return response | ({"headers": RETRY_AFTER} if status in (429, 503) else {})

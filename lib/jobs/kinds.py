"""Job kinds: workers announce what they can do, and submission accepts nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from time import monotonic
from typing import TYPE_CHECKING, Any

import orjson

from lib.errors import Invalid, mistake
from lib.input import escaped
from lib.jobs import queries

if TYPE_CHECKING:
    from lib.stores.connection import Connection

MAX_MISTAKES = 20  # told to the caller
MAX_DETAIL = 200  # characters of one mistake
REMEMBERED_FOR = (
    2.0  # seconds that a process goes by what it knows of a kind; the worker looks anew
)
MAX_SCHEMAS = 100  # whose validators a process keeps

_remembered: dict[str, tuple[dict[str, Any], float]] = {}  # by kind, of those that there are


def announce(
    conn: Connection,
    kind: str,
    title: str,
    payload_schema: dict[str, Any],
    max_attempts: int,
    *,
    internal: bool = False,
) -> None:
    """Say that a worker knows a kind: the payload it takes, as JSON Schema, and its attempts.

    An `internal` one is for the system itself to submit: to everyone else it does not exist.
    """
    queries.announce_kind(conn, kind, title, payload_schema, max_attempts, internal)


def check(conn: Connection, kind: str, payload: dict[str, Any]) -> dict[str, Any]:
    """Return what is known of a kind, when it takes this payload.

    Raises Invalid for a kind that no worker has announced, or that is internal, and with a pointer
    to each mistake in the payload.
    """
    known = _known(conn, kind)
    if known is None:
        names = ", ".join(queries.public_kind_names(conn)) or "none yet: no worker has started"
        raise Invalid(mistake("/kind", f"There is no such kind. There are: {names}."))
    if mistakes := list(_mistakes(known["validator"], payload)):
        raise Invalid(*mistakes[:MAX_MISTAKES])
    return known


def check_names(conn: Connection, names: Mapping[str, str]) -> None:
    """Raise Invalid for what is no kind; the names come by the pointers to where they stand."""
    known = set(queries.public_kind_names(conn)) if names else set()
    unknown = [pointer for pointer, name in names.items() if name not in known]
    if unknown:
        raise Invalid(*(mistake(pointer, "There is no such kind.") for pointer in unknown))


def _known(conn: Connection, kind: str) -> dict[str, Any] | None:
    known, until = _remembered.get(kind, (None, 0.0))
    if known is None or until < monotonic():
        known = queries.public_kind(conn, kind)
        if known is None:
            return None
        known["validator"] = _validator(orjson.dumps(known["payload_schema"]))
        _remembered[kind] = known, monotonic() + REMEMBERED_FOR
    return known


@lru_cache(MAX_SCHEMAS)
def _validator(schema: bytes) -> Any:
    from jsonschema import Draft202012Validator

    checks = Draft202012Validator.FORMAT_CHECKER
    return Draft202012Validator(orjson.loads(schema), format_checker=checks)


def _mistakes(validator: Any, payload: dict[str, Any]) -> Iterator[dict[str, str]]:
    seen = set()
    for error in validator.iter_errors(payload):
        at = "".join(f"/{escaped(step)}" for step in ("payload", *error.absolute_path))
        for pointer, detail in _told(error, at):
            if pointer not in seen:
                yield mistake(pointer, detail)
            seen.add(pointer)


def _told(error: Any, at: str) -> Iterator[tuple[str, str]]:
    # A member too many or too few is a mistake of that member, not of the object around it.
    if error.validator == "additionalProperties":
        for name in error.instance.keys() - error.schema.get("properties", {}).keys():
            yield f"{at}/{escaped(name)}", "Unknown field."
    elif error.validator == "required":
        for name in error.validator_value:
            if name not in error.instance:
                yield f"{at}/{escaped(name)}", "Missing data for required field."
    else:
        yield at, error.message[:MAX_DETAIL]

"""Input from clients, over HTTP and sockets alike: JSON read strictly, values checked by schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NoReturn

from marshmallow import Schema, ValidationError

from lib.errors import BadRequest, Invalid, mistake

MAX_DEPTH = 64  # nested arrays and objects
INTEGERS = range(-(2**63), 2**63)  # kept as they are: what 64 bits hold
MAX_DIGITS = 20  # of the longest of them, with its sign


class Refused(ValueError):
    """Valid JSON that is refused all the same; the message says why."""


def parse(text: str, what: str) -> Any:
    """Return the JSON value in `text`; errors call it `what`.

    Raises BadRequest for what JSON or Postgres could not hold: duplicate keys, NaN, infinite
    numbers, NUL characters, lone surrogates, too deep nesting.
    """
    try:
        value = _decoder.decode(text)
        _check(value, "", 0)
    except (ValueError, RecursionError) as error:
        detail = str(error) if isinstance(error, Refused) else f"The {what} is not valid JSON."
        raise BadRequest(detail) from None
    return value


def validate(loader: Schema, values: Any, at: str = "") -> dict[str, Any]:
    """Return `values` as `loader` reads them; `at` points to where they are in the whole input.

    Raises Invalid with a pointer to each mistake.
    """
    try:
        return loader.load(values)
    except ValidationError as error:
        raise Invalid(*_pointers(error.messages, at)) from None


def check_text(text: str, pointer: str) -> None:
    """Raise Refused for text that can't be stored."""
    if "\0" in text:
        raise Refused(f"The text at {pointer or '/'} holds a NUL character.")
    if not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text):
        raise Refused(f"The text at {pointer or '/'} holds half of a surrogate pair.")


def escaped(key: Any) -> str:
    """Return one segment of a JSON pointer (RFC 6901, section 3)."""
    return str(key).replace("~", "~0").replace("/", "~1")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise Refused("An object names the same member twice.")
    return value


def _no_constant(name: str) -> NoReturn:
    raise Refused(f"{name} is not a JSON number.")


def _finite(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise Refused(f"The number {digits[:20]} is out of range.")
    return number


def _number(digits: str) -> int | float:
    # Beyond 64 bits JSON is written with doubles, by most clients and by us.
    if len(digits) > MAX_DIGITS or int(digits) not in INTEGERS:
        return _finite(digits)
    return int(digits)


_decoder = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite, parse_int=_number
)


def _check(value: Any, pointer: str, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise Refused(f"It is nested deeper than {MAX_DEPTH} levels.")
    if isinstance(value, str):
        check_text(value, pointer)
    elif isinstance(value, dict):
        for key, item in value.items():
            check_text(key, pointer)
            _check(item, f"{pointer}/{escaped(key)}", depth + 1)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check(item, f"{pointer}/{index}", depth + 1)


def _pointers(messages: Any, at: str) -> Iterator[dict[str, str]]:
    if isinstance(messages, dict):
        for key, inner in messages.items():
            yield from _pointers(inner, at if key == "_schema" else f"{at}/{escaped(key)}")
    else:
        for message in messages:
            yield mistake(at, str(message))

"""Input: a JSON body or a query string, read strictly and validated by a marshmallow schema."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, NoReturn

from flask import request
from marshmallow import Schema, ValidationError
from werkzeug.exceptions import UnsupportedMediaType

from lib.errors import BadRequest, Invalid, mistake

MAX_DEPTH = 64  # nested arrays and objects in a body

View = Callable[..., Any]


def accepts(schema: type[Schema]) -> Callable[[View], View]:
    """Validate the JSON body by `schema` and pass it to the view as its last argument, a dict.

    Answers 400 (not JSON), 415 (not said to be JSON), 413 (too large) or 422 with a pointer to
    each mistake.
    """
    loader = schema()

    def decorate(view: View) -> View:
        @wraps(view)
        def validated(*args: Any, **kwargs: Any) -> Any:
            return view(*args, validate(loader, read_json()), **kwargs)

        validated.body_schema = schema  # type: ignore[attr-defined]
        return validated

    return decorate


def query(schema: type[Schema]) -> Callable[[View], View]:
    """Validate the query string by `schema` and pass it to the view as its last argument, a dict.

    The platform appends a route's path parameters to the query string: they are left out. A
    parameter given twice, or unknown, is refused with 422.
    """
    loader = schema()

    def decorate(view: View) -> View:
        @wraps(view)
        def validated(*args: Any, **kwargs: Any) -> Any:
            return view(*args, validate(loader, _query_values()), **kwargs)

        validated.query_schema = schema  # type: ignore[attr-defined]
        return validated

    return decorate


def validate(loader: Schema, values: Any) -> dict[str, Any]:
    """Return `values` as `loader` reads them; raises Invalid with a pointer to each mistake."""
    try:
        return loader.load(values)
    except ValidationError as error:
        raise Invalid(*_pointers(error.messages)) from None


def read_json() -> Any:
    """Return the request's body, parsed strictly.

    Raises BadRequest for what JSON or Postgres could not hold: duplicate keys, NaN, infinite
    numbers, NUL characters, lone surrogates, too deep nesting.
    """
    if request.mimetype != "application/json":
        raise UnsupportedMediaType()
    if request.mimetype_params.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise UnsupportedMediaType()
    try:
        text = request.get_data().decode("utf-8")
        value = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite
        )
        _check(value, "", 0)
    except (ValueError, RecursionError) as error:
        detail = str(error) if isinstance(error, _Refused) else "The body is not valid JSON."
        raise BadRequest(detail) from None
    return value


class _Refused(ValueError):
    """Valid JSON that is refused all the same; the message says why."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _Refused("An object names the same member twice.")
    return value


def _no_constant(name: str) -> NoReturn:
    raise _Refused(f"{name} is not a JSON number.")


def _finite(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise _Refused(f"The number {digits[:20]} is out of range.")
    return number


def _check(value: Any, pointer: str, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise _Refused(f"The body is nested deeper than {MAX_DEPTH} levels.")
    if isinstance(value, str):
        _check_text(value, pointer)
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_text(key, pointer)
            _check(item, f"{pointer}/{key}", depth + 1)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check(item, f"{pointer}/{index}", depth + 1)


def _check_text(text: str, pointer: str) -> None:
    if "\0" in text:
        raise _Refused(f"The text at {pointer or '/'} holds a NUL character.")
    if not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text):
        raise _Refused(f"The text at {pointer or '/'} holds half of a surrogate pair.")


def _query_values() -> dict[str, str]:
    in_path = request.view_args or {}
    values: dict[str, str] = {}
    for name, value in request.args.items(multi=True):
        if name in in_path or name in getattr(request.url_rule, "arguments", ()):
            continue
        if name in values:
            raise Invalid(mistake(f"/{name}", "Give this parameter once."))
        _check_query_text(name, value)
        values[name] = value
    return values


def _check_query_text(name: str, value: str) -> None:
    try:
        _check_text(value, f"/{name}")
    except _Refused as error:
        raise Invalid(mistake(f"/{name}", str(error))) from None


def _pointers(messages: Any, at: str = "") -> Iterator[dict[str, str]]:
    if isinstance(messages, dict):
        for key, inner in messages.items():
            yield from _pointers(inner, at if key == "_schema" else f"{at}/{_escaped(key)}")
    else:
        for message in messages:
            yield mistake(at, str(message))


def _escaped(key: Any) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")

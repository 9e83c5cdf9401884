"""Input: a JSON body or a query string, read strictly and validated by a schema; or plain bytes."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from marshmallow import Schema
from werkzeug.exceptions import UnsupportedMediaType

from lib.errors import BadRequest, Invalid, WrongMediaType, mistake
from lib.http.current import Request, at_hand
from lib.input import Refused, check_text, parse, validate

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

    A parameter that is given twice, or unknown, is refused with 422.
    """
    loader = schema()

    def decorate(view: View) -> View:
        @wraps(view)
        def validated(*args: Any, **kwargs: Any) -> Any:
            return view(*args, validate(loader, query_values()), **kwargs)

        validated.query_schema = schema  # type: ignore[attr-defined]
        return validated

    return decorate


def receives(media_type: str, most: int) -> Callable[[View], View]:
    """Pass the body, bytes of `media_type`, to the view as its last argument; `most` is in bytes.

    Answers 415 (another media type), 413 (too large) or 400 (empty).
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def received(*args: Any, **kwargs: Any) -> Any:
            request = at_hand.get()
            if request.mimetype != media_type:
                raise WrongMediaType(f"Send {media_type}.")
            content = request.get_data()
            if not content:
                raise BadRequest("The body is empty.")
            return view(*args, content, **kwargs)

        received.bytes_type = media_type  # type: ignore[attr-defined]
        received.max_body = most  # type: ignore[attr-defined]
        return received

    return decorate


def read_json() -> Any:
    """Return the request's body, parsed strictly.

    Raises BadRequest for what JSON or Postgres could not hold: duplicate keys, NaN, infinite
    numbers, NUL characters, lone surrogates, too deep nesting.
    """
    request = at_hand.get()
    if request.content_type != "application/json":  # as most clients say it
        _check_media_type(request)
    try:
        text = request.get_data().decode("utf-8")
    except UnicodeDecodeError:
        raise BadRequest("The body is not valid JSON.") from None
    return parse(text, "body")


def query_values() -> dict[str, str]:
    """Return the query string's parameters.

    The platform appends a route's path parameters to the query string: they are left out. Raises
    Invalid for a parameter that is given twice, or holds what can't be stored.
    """
    request = at_hand.get()
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


def _check_media_type(request: Request) -> None:
    if request.mimetype != "application/json":
        raise UnsupportedMediaType()
    if request.mimetype_params.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise UnsupportedMediaType()


def _check_query_text(name: str, value: str) -> None:
    try:
        check_text(value, f"/{name}")
    except Refused as error:
        raise Invalid(mistake(f"/{name}", str(error))) from None

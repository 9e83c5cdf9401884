"""Views whose result is a file: `downloads`, `streams`; apart, because few functions have any."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from lib.http import ranges
from lib.http.answers import Answer
from lib.http.reply import Reply, Stream

if TYPE_CHECKING:
    from collections.abc import Callable

    from lib.http.answers import Errors, View


def downloads(errors: Errors = ()) -> Callable[[View], View]:
    """Answer with a file to save, or a part of it: the view returns what a File is made of."""

    def decorate(view: View) -> View:
        @wraps(view)
        def answered(*args: Any, **params: Any) -> Reply:
            return ranges.answer(ranges.File(**view(*args, **params)))

        answered.answer = Answer("file", 200, None, (*errors, ranges.RangeNotSatisfiable))  # type: ignore[attr-defined]
        return answered

    return decorate


def streams(*media: str, errors: Errors = ()) -> Callable[[View], View]:
    """Answer with a file that is made while it is sent; of one of these media types.

    The view returns `filename`, `media_type` and `pieces`, an iterator over bytes, which must not
    need the connection any more.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def answered(*args: Any, **params: Any) -> Stream:
            made = view(*args, **params)
            saved_as = ranges.attachment(made["filename"])
            head = {"Content-Type": made["media_type"], "Content-Disposition": saved_as}
            return Stream(made["pieces"], head)

        answered.answer = Answer("stream", 200, None, errors, media=media)  # type: ignore[attr-defined]
        return answered

    return decorate

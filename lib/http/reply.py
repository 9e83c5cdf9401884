"""Answers as the edges make them: little more than what goes over the wire."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from http.client import responses
from typing import Any

JSON = "application/json; charset=utf-8"

_LINES = {status: f"{status} {phrase}" for status, phrase in responses.items()}


class Reply:
    """A whole answer: a WSGI application, so that Flask takes it from a view as it is."""

    __slots__ = ("body", "headers", "status")

    def __init__(
        self, body: bytes = b"", status: int = 200, headers: dict[str, str] | None = None
    ) -> None:
        self.body = body
        self.status = status
        self.headers = headers or {}

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        """Answer the request; a HEAD is told the length only."""
        headers = list(self.headers.items())
        if self.status not in (204, 304) and "Content-Length" not in self.headers:
            headers.append(("Content-Length", str(len(self.body))))
        start(_LINES[self.status], headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [self.body]


class Stream:
    """An answer that is sent piece by piece, as it is made; how long it is nobody knows before.

    An error in the middle ends the connection, so that what was sent can't be taken for all.
    """

    __slots__ = ("headers", "pieces")

    def __init__(self, pieces: Iterator[bytes], headers: dict[str, str]) -> None:
        self.pieces = pieces
        self.headers = headers

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        """Answer the request; a HEAD gets none of the pieces."""
        start(_LINES[200], list(self.headers.items()))
        return [] if environ["REQUEST_METHOD"] == "HEAD" else self.pieces


def reply(body: bytes, status: int = 200, more: dict[str, str] | None = None) -> Reply:
    """Return an answer in JSON, with `more` headers."""
    headers = {"Content-Type": JSON}
    return Reply(body, status, headers | more if more else headers)

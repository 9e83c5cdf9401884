"""From the bytes of a plain HTTP/1.1 request to a WSGI environ; anything else is left to gunicorn.

One regular expression decides what is plain: a strict part of RFC 9112, without any of the places
where two parsers could understand two things. What it does not match is not refused here: gunicorn
parses it from the start, and answers or refuses it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

MAX_TARGET = 4094  # characters of a request line, as gunicorn's limit_request_line
MAX_FIELDS = 100  # gunicorn's limit_request_fields
MAX_KNOWN_NAMES = 512  # header names that a process remembers

# No underscore in a name (it would be taken for a hyphen), no folded line, no control character;
# the target is a path without a fragment.
_HEAD = re.compile(
    rb"(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (/[!\"$-~]*) HTTP/1\.1\r\n"
    rb"((?:[A-Za-z0-9!#$%&'*+.^`|~-]+:[\t -~\x80-\xff]*\r\n)+)\r\n"
)

# Fields that change how the message or the connection is read.
_SPECIAL = frozenset(
    {"HTTP_EXPECT", "HTTP_PROXY", "HTTP_SCRIPT_NAME", "HTTP_TRANSFER_ENCODING", "HTTP_UPGRADE"}
)

Environ = dict[str, Any]


def read(data: bytes, base: Environ) -> tuple[Environ, int] | None:
    """Return the environ of the request that `data` begins with, and how many bytes of its body
    are still to come; None for a request that is not plain.

    `base` is what all requests of a connection have in common. The body so far is in `wsgi.input`.
    """
    match = _HEAD.match(data)
    if not match or len(match[2]) > MAX_TARGET:
        return None
    environ = _with_fields(base, match[3].decode("latin-1"))
    if environ is None:
        return None
    target = match[2].decode("ascii")
    path, _, query = target.partition("?")
    environ["REQUEST_METHOD"] = match[1].decode("ascii")
    environ["RAW_URI"] = target
    environ["PATH_INFO"] = _decoded(path) if "%" in path else path
    environ["QUERY_STRING"] = query
    body = data[match.end() :]
    missing = int(environ.get("CONTENT_LENGTH", "0")) - len(body)
    if missing < 0:
        return None  # the next request is behind it
    environ["wsgi.input"] = BytesIO(body)
    return environ, missing


def _with_fields(base: Environ, text: str) -> Environ | None:
    environ = dict(base)
    lines = text.split("\r\n")
    if len(lines) > MAX_FIELDS:
        return None
    for line in lines[:-1]:
        name, _, value = line.partition(":")
        key = _key(name)
        if key in environ:
            return None  # sent twice
        environ[key] = value.strip(" \t")
    if not _SPECIAL.isdisjoint(environ):
        return None
    if environ.get("HTTP_CONNECTION", "keep-alive").lower() != "keep-alive":
        return None
    length = environ.get("CONTENT_LENGTH", "0")
    return environ if length.isascii() and length.isdigit() and len(length) < 10 else None


@lru_cache(MAX_KNOWN_NAMES)
def _key(name: str) -> str:
    key = name.upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"


def _decoded(path: str) -> str:
    return unquote_to_bytes(path).decode("latin-1")

"""Files to download: whole, or a part of them (RFC 9110, section 14), read as it is asked for."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import quote

from lib.errors import AppError
from lib.http.current import Request, at_hand
from lib.http.problems import problem
from lib.http.reply import Reply

_RANGE = re.compile(r"bytes=\s*(\d{0,18})-(\d{0,18})\s*", re.IGNORECASE)
_TOKEN = re.compile(r"[^A-Za-z0-9!#$&+.^_`|~ ()-]")  # what is left alone in a quoted file name


class File(NamedTuple):
    """A file: its name, what it is, its bytes' number, the tag of its version without quotes.

    `read(first, count)` returns so many of the bytes.
    """

    filename: str
    media_type: str
    size: int
    tag: str
    read: Callable[[int, int], bytes]


class RangeNotSatisfiable(AppError):
    """The file ends before the range begins."""

    status, type, title = 416, "range-not-satisfiable", "The file has no such part"


def answer(file: File) -> Reply:
    """Answer with the file, the part that the request asks for, or 304 where it is known already.

    Of several ranges in one request none is served: it gets the whole, as the RFC allows. One that
    begins after the end is answered with 416.
    """
    request, tag = at_hand.get(), f'"{file.tag}"'
    headers = {"ETag": tag, "Accept-Ranges": "bytes"}
    if "If-None-Match" in request.headers and request.if_none_match.contains_weak(file.tag):
        return Reply(b"", 304, headers)
    headers |= {"Content-Type": file.media_type, "Content-Disposition": attachment(file.filename)}
    if request.method == "HEAD":
        return Reply(b"", 200, headers | {"Content-Length": str(file.size)})
    part = _part(request, file.size, tag)
    if part is None:
        return Reply(file.read(0, file.size), 200, headers)
    first, count = part
    if count <= 0:
        told = RangeNotSatisfiable(f"The file has {file.size} bytes.").problem()
        return problem(told, {"Content-Range": f"bytes */{file.size}"})
    headers["Content-Range"] = f"bytes {first}-{first + count - 1}/{file.size}"
    return Reply(file.read(first, count), 206, headers)


def attachment(filename: str) -> str:
    """Return the Content-Disposition under which a file is saved (RFC 6266), whatever its name.

    Old clients get the name in ASCII, those that keep to the RFC get it as it is.
    """
    plain = _TOKEN.sub("_", filename)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"


def _part(request: Request, size: int, tag: str) -> tuple[int, int] | None:
    """Return first byte and number of bytes; a number below one for a part that is not there."""
    asked = _RANGE.fullmatch(request.headers.get("Range", ""))
    if not asked or asked[1] == asked[2] == "":
        return None
    if request.headers.get("If-Range", tag) != tag:  # another version, or only a date
        return None
    if not asked[1]:
        count = min(int(asked[2]), size)
        return size - count, count
    first, last = int(asked[1]), int(asked[2] or size)
    if last < first and asked[2]:  # no range at all
        return None
    return first, min(last, size - 1) - first + 1

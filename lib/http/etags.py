"""ETags: which version of a resource an answer shows, and writes that mean one version only.

The tag is the hash of the JSON that a GET answers with, so that it can't be forgotten anywhere:
what a reader sees has changed if and only if its tag has (RFC 9110, section 8.8.3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from hashlib import blake2b
from typing import Any

from marshmallow import Schema

from lib.access.caller import Access
from lib.errors import PreconditionFailed
from lib.http.current import at_hand, request
from lib.http.output import writer
from lib.http.reply import Reply

TAG_BYTES = 12

View = Callable[..., Any]
Current = Callable[..., Mapping[str, Any]]


def tag(body: bytes) -> str:
    """Return the tag of a representation, without quotes."""
    return blake2b(body, digest_size=TAG_BYTES).hexdigest()


def tagged(response: Reply) -> Reply:
    """Give an answer its ETag; one that the client has already becomes 304, without a body."""
    mark = tag(response.body)
    response.headers["ETag"] = f'"{mark}"'
    request = at_hand.get()
    asks = request.method in ("GET", "HEAD") and "HTTP_IF_NONE_MATCH" in request.environ
    if asks and request.if_none_match.contains_weak(mark):
        return Reply(b"", 304, {"ETag": response.headers["ETag"]})
    return response


def if_match(schema: type[Schema], current: Current | None = None) -> Callable[[View], View]:
    """Refuse a write whose If-Match names another version than the one that is there: 412.

    The version there is what `schema` shows of the permission's target, or of `current(access,
    **path parameters)` where the route is about something else; it has to read with a lock, so
    that the version can't change between the check and the write.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def matched(access: Access, *args: Any, **params: Any) -> Any:
            if "If-Match" in request.headers:
                row = current(access, **params) if current else access.shown
                check(writer(schema).one(row))
            return view(access, *args, **params)

        matched.if_match = True  # type: ignore[attr-defined]
        return matched

    return decorate


def check(body: bytes) -> None:
    """Raise PreconditionFailed unless the request's If-Match names the version in `body`."""
    if tag(body) not in request.if_match:
        raise PreconditionFailed()

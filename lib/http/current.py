"""The request at hand, for every edge: on the short way through an app and on Flask's own."""

from __future__ import annotations

from contextvars import ContextVar

import flask
from werkzeug.local import LocalProxy

MAX_BODY = 1024 * 1024  # bytes


class Request(flask.Request):
    """Flask's request, which is known without an application context as well."""

    max_content_length = MAX_BODY


at_hand: ContextVar[Request] = ContextVar("request")

request: Request = LocalProxy(at_hand)  # type: ignore[assignment]

"""Errors as HTTP sees them: each becomes one problem document (RFC 9457)."""

import json
from typing import Any

from flask import Flask
from werkzeug.exceptions import HTTPException

from lib import logs
from lib.access.throttles import TooMany
from lib.errors import AppError, Unauthenticated, Unavailable
from lib.http import headers, limited
from lib.http.reply import Reply

RETRY_AFTER = "2"  # seconds, with every 503

# The standard exceptions of routing and of reading a request, in this API's words.
_STANDARD = {
    400: ("bad-request", "The request could not be read"),
    404: ("not-found", "There is nothing here"),
    405: ("method-not-allowed", "This method is not offered here"),
    413: ("too-large", "This is larger than allowed"),
    415: ("unsupported-media-type", "Send JSON as application/json in UTF-8"),
}


def install(app: Flask) -> None:
    """Answer every error of `app` with a problem document; only our own faults are logged whole."""
    app.register_error_handler(Exception, answer)


def answer(error: Exception) -> Reply:
    """Return the problem document that tells of `error`, which is being handled."""
    if isinstance(error, AppError):
        return _app_error(error)
    if isinstance(error, HTTPException):
        return _http_error(error)
    logs.exception("http.failed", kind=type(error).__name__)
    return problem(AppError().problem())


def problem(body: dict[str, Any], more: dict[str, str] | None = None) -> Reply:
    """Return a problem document; its status is the document's own."""
    text = json.dumps(body | {"request_id": headers.request_id()}).encode()
    told = {"Content-Type": "application/problem+json"} | (more or {})
    return Reply(text, body["status"], told)


def _app_error(error: AppError) -> Reply:
    more = {}
    if isinstance(error, Unauthenticated):
        more["WWW-Authenticate"] = "Bearer"
    if isinstance(error, Unavailable):
        more["Retry-After"] = RETRY_AFTER
    if error.retry_after:
        more["Retry-After"] = str(error.retry_after)
    if isinstance(error, TooMany):
        more["Retry-After"] = str(error.standing.resets_in)
        limited.show(error.standing)
    return problem(error.problem(), more)


def _http_error(error: HTTPException) -> Reply:
    status = error.code or 500
    slug, title = _STANDARD.get(status, ("http-error", error.name))
    body = {"type": f"/problems/{slug}", "title": title, "status": status}
    allow = dict(error.get_headers()).get("Allow")
    return problem(body, {"Allow": allow} if allow else None)

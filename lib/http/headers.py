"""What every answer carries: request id, secure headers, CORS; and the one log line it leaves."""

import os
import re
from collections.abc import Callable, Iterable
from time import perf_counter
from typing import Any
from urllib.parse import unquote_to_bytes

from lib import logs
from lib.access.caller import Origin
from lib.config import settings
from lib.http import limited
from lib.http.current import at_hand, request
from lib.ids import new_text

MAX_USER_AGENT = 200  # characters kept of a client's user agent
PREFLIGHT_AGE = 600  # seconds a browser may remember a preflight answer

Headers = list[tuple[str, str]]
StartResponse = Callable[..., Any]
WSGIApp = Callable[..., Iterable[bytes]]

_ID = r"[A-Za-z0-9._-]{8,128}"

# OWASP Secure Headers Project, for an API that serves JSON and files to download, never pages.
SECURE = {
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "interest-cohort=()",
    "Cross-Origin-Resource-Policy": "same-site",
    "Cache-Control": "no-store",
}
ALLOWED_HEADERS = (
    "Authorization, Content-Type, If-Match, If-None-Match, If-Range, Idempotency-Key, Range, "
    "X-Request-Id"
)
EXPOSED_HEADERS = (
    "Accept-Ranges, Content-Disposition, Content-Range, ETag, Idempotency-Replayed, Link, "
    "Location, RateLimit-Limit, RateLimit-Policy, RateLimit-Remaining, RateLimit-Reset, "
    "Retry-After, X-Request-Id"
)


REQUEST = "werkzeug.request"  # in the WSGI environ, as Flask puts it there
_REQUEST_ID = "collab.request_id"
_SECURE = list(SECURE.items())


class Edge:
    """The WSGI app around a Flask app, where what all requests share costs least.

    It gives every request an id, and every answer the headers and a log line. It also
    percent-decodes PATH_INFO, which the platform passes on as it came (WSGI says: decoded).
    """

    def __init__(self, wsgi: WSGIApp) -> None:
        self._wsgi = wsgi
        self._encoded = "__VC_HANDLER_ENTRYPOINT" in os.environ

    def __call__(self, environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        started = perf_counter()
        request_id = _request_id(environ.get("HTTP_X_REQUEST_ID", ""))
        environ[_REQUEST_ID] = request_id
        logs.request_id.set(request_id)
        if self._encoded and "%" in environ["PATH_INFO"]:
            path = environ["PATH_INFO"].encode("latin-1")
            environ["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1")

        def respond(status: str, headers: Headers, *error: Any) -> Any:
            told = [*headers, *_SECURE, ("X-Request-Id", request_id)]
            told += limited.headers(environ) + _cross_origin(environ, headers)
            _log(environ, int(status[:3]), started)
            return start(status, told, *error)

        return self._wsgi(environ, respond)


def origin() -> Origin:
    """Return where the current request came from, for the audit log."""
    environ = at_hand.get().environ
    agent = environ.get("HTTP_USER_AGENT", "")
    if not agent.isprintable():
        agent = "".join(c for c in agent if c.isprintable())
    return Origin(environ[_REQUEST_ID], environ.get("REMOTE_ADDR", ""), agent[:MAX_USER_AGENT])


def request_id() -> str:
    """Return the id of the current request."""
    return str(request.environ[_REQUEST_ID])


def _request_id(sent: str) -> str:
    return sent if sent and re.fullmatch(_ID, sent) else new_text()


def _log(environ: dict[str, Any], status: int, started: float) -> None:
    logs.info(
        "http.request",
        method=environ["REQUEST_METHOD"],
        route=_rule(environ),
        status=status,
        ms=round((perf_counter() - started) * 1000, 1),
    )


def _rule(environ: dict[str, Any]) -> str | None:
    request = environ.get(REQUEST)
    return request.url_rule.rule if request and request.url_rule else None


def _cross_origin(environ: dict[str, Any], headers: Headers) -> Headers:
    told = [("Vary", "Origin")]
    sent = environ.get("HTTP_ORIGIN")
    if sent not in settings().cors_origins:
        return told
    told += [
        ("Access-Control-Allow-Origin", sent),
        ("Access-Control-Expose-Headers", EXPOSED_HEADERS),
    ]
    if environ["REQUEST_METHOD"] == "OPTIONS":
        methods = next((value for name, value in headers if name == "Allow"), "")
        told += [
            ("Access-Control-Allow-Methods", methods),
            ("Access-Control-Allow-Headers", ALLOWED_HEADERS),
            ("Access-Control-Max-Age", str(PREFLIGHT_AGE)),
        ]
    return told

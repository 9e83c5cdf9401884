"""What every answer carries: request id, secure headers, CORS; and the one log line it leaves."""

import re
from time import perf_counter

from flask import Flask, Response, g, request

from lib import logs
from lib.access.caller import Origin
from lib.config import settings
from lib.http import limited
from lib.ids import new_id

MAX_USER_AGENT = 200  # characters kept of a client's user agent
PREFLIGHT_AGE = 600  # seconds a browser may remember a preflight answer

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
    "Authorization, Content-Type, If-Match, If-None-Match, Idempotency-Key, X-Request-Id"
)
EXPOSED_HEADERS = (
    "ETag, Idempotency-Replayed, Link, Location, RateLimit-Limit, RateLimit-Policy, "
    "RateLimit-Remaining, RateLimit-Reset, Retry-After, X-Request-Id"
)


def install(app: Flask) -> None:
    """Give every request an id, and every answer the headers and a log line."""
    app.before_request(_begin)
    app.after_request(_finish)


def origin() -> Origin:
    """Return where the current request came from, for the audit log."""
    agent = "".join(c for c in request.user_agent.string if c.isprintable())
    return Origin(g.request_id, request.remote_addr or "", agent[:MAX_USER_AGENT])


def _begin() -> None:
    sent = request.headers.get("X-Request-Id", "")
    g.request_id = sent if re.fullmatch(r"[A-Za-z0-9._-]{8,128}", sent) else str(new_id())
    g.started = perf_counter()
    logs.request_id.set(g.request_id)


def _finish(response: Response) -> Response:
    for name, value in SECURE.items():
        response.headers.setdefault(name, value)
    response.headers["X-Request-Id"] = g.request_id
    limited.tell(response)
    _cross_origin(response)
    logs.info(
        "http.request",
        method=request.method,
        route=str(request.url_rule) if request.url_rule else None,
        status=response.status_code,
        ms=round((perf_counter() - g.started) * 1000, 1),
    )
    return response


def _cross_origin(response: Response) -> None:
    response.headers["Vary"] = "Origin"
    sent = request.headers.get("Origin")
    if sent not in settings().cors_origins:
        return
    response.headers["Access-Control-Allow-Origin"] = sent
    response.headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = response.headers.get("Allow", "")
        response.headers["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
        response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_AGE)

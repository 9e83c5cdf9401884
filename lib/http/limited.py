"""`limited`: how often a route may be called, per person or per address; told in every answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lib.access import throttles
from lib.access.throttles import Limit, Standing
from lib.http.current import request

View = Callable[..., Any]

_STANDING = "collab.standing"  # in the WSGI environ


def limited(limit: Limit) -> Callable[[View], View]:
    """Let the view be called as often as `limit` says: by one person, or, if public, one address.

    `permits` and `public` count before anything else is done; beyond the limit they answer 429.
    """

    def decorate(view: View) -> View:
        view.limit = limit  # type: ignore[attr-defined]
        return view

    return decorate


def count(view: View, subject: Callable[[], str]) -> None:
    """Count a call of `view` by `subject()`, if it is limited; raises TooMany beyond the limit."""
    if limit := getattr(view, "limit", None):
        show(throttles.take(limit, subject()))


def show(standing: Standing) -> None:
    """Tell the client where it stands, in the answer to the request at hand."""
    request.environ[_STANDING] = standing


def headers(environ: dict[str, Any]) -> list[tuple[str, str]]:
    """Return where the client stands, as headers (draft-ietf-httpapi-ratelimit-headers-03)."""
    standing: Standing | None = environ.get(_STANDING)
    if standing is None:
        return []
    limit = standing.limit
    return [
        ("RateLimit-Limit", str(limit.most)),
        ("RateLimit-Remaining", str(max(standing.left, 0))),
        ("RateLimit-Reset", str(standing.resets_in)),
        ("RateLimit-Policy", f"{limit.most};w={limit.seconds}"),
    ]

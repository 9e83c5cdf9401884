"""`limited`: how often a route may be called, per person or per address; told in every answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, g

from lib.access import throttles
from lib.access.throttles import Limit, Standing

View = Callable[..., Any]


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
    g.standing = standing


def tell(response: Response) -> None:
    """Write where the client stands (draft-ietf-httpapi-ratelimit-headers-03)."""
    standing: Standing | None = g.get("standing")
    if standing is None:
        return
    limit = standing.limit
    response.headers["RateLimit-Limit"] = str(limit.most)
    response.headers["RateLimit-Remaining"] = str(max(standing.left, 0))
    response.headers["RateLimit-Reset"] = str(standing.resets_in)
    response.headers["RateLimit-Policy"] = f"{limit.most};w={limit.seconds}"

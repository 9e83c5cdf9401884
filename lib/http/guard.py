"""`permits` and `public`: who may call a route, read from the one table of permissions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any
from uuid import UUID

from lib.access import lookups, tokens
from lib.access.lookups import Asking, Lock
from lib.access.permissions import PERMISSIONS, Level
from lib.access.remembered import Memory
from lib.access.tokens import Claims
from lib.errors import Unavailable
from lib.http import headers, limited
from lib.http.current import MAX_BODY, Request, at_hand
from lib.stores import postgres

View = Callable[..., Any]
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def public(permission: str) -> Callable[[View], View]:
    """Let anyone call the view; it gets the request's Origin as its first argument."""
    if PERMISSIONS[permission].least is not Level.ANYONE:
        raise ValueError(f"{permission} is not for anyone")

    def decorate(view: View) -> View:
        @wraps(view)
        def open_to_all(*args: Any, **kwargs: Any) -> Any:
            origin = headers.origin()
            limited.count(view, lambda: origin.address)
            return view(origin, *args, **kwargs)

        open_to_all.permission = permission  # type: ignore[attr-defined]
        return open_to_all

    return decorate


def permits(
    permission: str, *, with_rows: bool = False, lets_go: bool = False
) -> Callable[[View], View]:
    """Let the view be called by those whom the table allows; it gets an Access first.

    The thing itself is the path parameter named for the permission's scope (`project_id` for
    `project`); further path parameters reach the view by name. A read costs one SQL statement; a
    write is one transaction, which holds on to the membership that allowed it.

    With `with_rows`, the view of a list gets an Asking first: the list that it reads with it is
    read in the statement that looks up the caller, so that it costs one in all.

    With `lets_go`, the view of a read gets an Access without the connection, which others can use
    meanwhile: for what waits for another store.
    """
    rule = PERMISSIONS[permission]
    parameter = f"{rule.scope}_id"

    def decorate(view: View) -> View:
        def called(
            claims: Claims,
            target: UUID | None,
            lock: Lock,
            params: dict[str, UUID],
            memory: Memory | None = None,
        ) -> Any:
            lend = postgres.connection if lock == "read" else postgres.transaction
            with lend() as conn:
                if with_rows:
                    asking = Asking(conn, permission, claims, headers.origin(), target)
                    return view(asking, **params)
                access = lookups.find(
                    conn, permission, claims, headers.origin(), target, lock=lock, memory=memory
                )
                if not lets_go:
                    return view(access, **params)
            return view(access._replace(conn=None), **params)  # type: ignore[arg-type]

        @wraps(view)
        def guarded(**params: UUID) -> Any:
            request = at_hand.get()
            claims = tokens.verify(tokens.bearer(request.environ.get("HTTP_AUTHORIZATION", "")))
            target = params.pop(parameter) if rule.scope != "account" else None
            limited.count(view, lambda: lookups.subject(claims))
            reads = request.method in SAFE_METHODS
            if not reads:
                request.max_content_length = getattr(view, "max_body", MAX_BODY)
                request.get_data()  # a slow client's body comes before a connection is held for it
            lock: Lock = "read" if reads else _lock(view, request)
            call = partial(called, claims, target, lock, params)
            memory = lookups.recall(permission, claims, target) if lock == "write" else None
            return _by_memory(call, memory) if memory else call()

        guarded.permission = permission  # type: ignore[attr-defined]
        return guarded

    return decorate


def _by_memory(call: Callable[..., Any], memory: Memory) -> Any:
    try:
        return call(memory)
    except Unavailable:
        raise
    except Exception:
        if memory.confirmed:
            raise
    memory.forget()
    return call()


def _lock(view: View, request: Request) -> Lock:
    matched = getattr(view, "if_match", False) and "If-Match" in request.headers
    return "version" if matched else "write"

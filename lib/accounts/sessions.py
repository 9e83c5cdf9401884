"""Sessions: how they start, go on and end, and which there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.access import tokens
from lib.access.caller import Access, Caller, Origin
from lib.accounts import refresh_tokens, session_queries
from lib.audit import events
from lib.audit.events import Event
from lib.bridge import evictions
from lib.config import settings
from lib.errors import NotFound, Unauthenticated
from lib.ids import new_id
from lib.stores import postgres

if TYPE_CHECKING:
    from lib.stores.connection import Connection

GRACE = 10  # seconds in which a used refresh token still answers with its successor


def refresh(origin: Origin, *, refresh_token: str) -> dict[str, Any]:
    """Exchange a refresh token for a new pair; the old one is used up.

    Within 10 s the same token yields the same successor again (two tabs, a lost answer). After
    that its reuse means that it was stolen: the whole session ends, and stays ended though the
    caller sees an error. Raises Unauthenticated.
    """
    with postgres.transaction() as conn:
        row = session_queries.lock_refresh_token(conn, refresh_tokens.digest(refresh_token), GRACE)
        if row is None or not row["live"]:
            stolen = False
        elif row["used"] and not row["in_grace"]:
            stolen = True
            _end_stolen(conn, origin, row)
        else:
            return _rotate(conn, refresh_token, row)
    detail = "This refresh token was used before; log in again." if stolen else ""
    raise Unauthenticated(detail or "This refresh token is not valid; log in again.")


def log_out(access: Access) -> None:
    """End the caller's session: its tokens stop working, its sockets are closed."""
    end_all(access.conn, access.caller, "logged out", only=access.caller.session_id)


def of_person(access: Access, *, cursor: UUID | None, limit: int) -> list[dict[str, Any]]:
    """List the caller's live sessions, newest first; one more than `limit` if there are more."""
    rows = session_queries.sessions(access.conn, access.id, before=cursor, limit=limit + 1)
    return [row | {"current": row["id"] == access.caller.session_id} for row in rows]


def revoke(access: Access, session_id: UUID) -> None:
    """End one of the caller's sessions; raises NotFound when they have no such live one."""
    if not end_all(access.conn, access.caller, "revoked", only=session_id):
        raise NotFound()


def revoke_all(access: Access, *, keep: str | None) -> None:
    """End the caller's sessions: all, or, with `keep` = current, the others."""
    but = access.caller.session_id if keep else None
    end_all(access.conn, access.caller, "revoked", but=but)


def end_all(
    conn: Connection,
    caller: Caller,
    reason: str,
    *,
    only: UUID | None = None,
    but: UUID | None = None,
) -> int:
    """End somebody's live sessions (all, `only` one, all `but` one), and close their sockets.

    Returns how many ended.
    """
    ended = session_queries.revoke_of(conn, caller.user_id, reason, only=only, but=but)
    evictions.announce(conn, caller.user_id)
    details = {"reason": reason}
    events.record_all(
        conn, [Event("session.ended", caller, ("session", i), details=details) for i in ended]
    )
    return len(ended)


def start(conn: Connection, origin: Origin, user: dict[str, Any]) -> dict[str, Any]:
    """Start a session for an account (its id, email and name), and return its first tokens."""
    session_id, token = new_id(), refresh_tokens.first()
    session_queries.insert_session(
        conn, session_id, user["id"], origin, settings().refresh_expires_in
    )
    session_queries.insert_refresh_token(conn, refresh_tokens.digest(token), session_id)
    caller = Caller(user["id"], session_id, user["email"], user["name"], origin)
    events.record(conn, "session.started", caller, target=("session", session_id))
    return _pair(user["id"], session_id, token)


def _rotate(conn: Connection, token: str, row: dict[str, Any]) -> dict[str, Any]:
    following = _successor(conn, token, row)
    session_queries.use_refresh_token(conn, row["digest"])
    session_queries.insert_refresh_token(conn, refresh_tokens.digest(following), row["session_id"])
    session_queries.touch(conn, row["session_id"], settings().refresh_expires_in)
    return _pair(row["user_id"], row["session_id"], following)


def _successor(conn: Connection, token: str, row: dict[str, Any]) -> str:
    """Return the token that follows: for one used before, the one that was given then.

    That may have been under a key which was the signing one until a moment ago.
    """
    possible = {refresh_tokens.digest(text): text for text in refresh_tokens.successors(token)}
    given = row["used"] and session_queries.stored_tokens(conn, row["session_id"], list(possible))
    return possible[given[0]] if given else next(iter(possible.values()))


def _pair(user_id: UUID, session_id: UUID, refresh_token: str) -> dict[str, Any]:
    return {
        "access_token": tokens.issue(user_id, session_id),
        "expires_in": settings().jwt_expires_in,
        "refresh_token": refresh_token,
    }


def _end_stolen(conn: Connection, origin: Origin, row: dict[str, Any]) -> None:
    session_queries.revoke(conn, row["session_id"], "refresh token reused")
    evictions.announce(conn, row["user_id"])
    caller = Caller(row["user_id"], row["session_id"], row["email"], row["name"], origin)
    events.record(conn, "session.reuse-detected", caller, target=("session", row["session_id"]))

"""Sessions: log in, refresh, log out, and their end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn
from uuid import UUID

from lib.access import tokens
from lib.access.caller import Caller, Origin
from lib.accounts import passwords, queries, refresh_tokens
from lib.audit import events
from lib.bridge import evictions
from lib.config import settings
from lib.errors import Unauthenticated
from lib.ids import new_id
from lib.stores import postgres

if TYPE_CHECKING:
    from lib.stores.connection import Connection

GRACE = 10  # seconds in which a used refresh token still answers with its successor


def log_in(origin: Origin, *, email: str, password: str) -> dict[str, Any]:
    """Start a session; return its tokens.

    Raises Unauthenticated, in the same words and after the same work, for an unknown address and
    for a wrong password.
    """
    with postgres.connection() as conn:
        user = queries.credentials(conn, email)
    if not passwords.matches(user["password_hash"] if user else None, password) or user is None:
        _refuse(origin, user)
    with postgres.transaction() as conn:
        if passwords.outdated(user["password_hash"]):
            queries.set_password(conn, user["id"], passwords.digest(password))
        return start(conn, origin, user)


def refresh(origin: Origin, *, refresh_token: str) -> dict[str, Any]:
    """Exchange a refresh token for a new pair; the old one is used up.

    Within 10 s the same token yields the same successor again (two tabs, a lost answer). After
    that its reuse means that it was stolen: the whole session ends, and stays ended though the
    caller sees an error. Raises Unauthenticated.
    """
    with postgres.transaction() as conn:
        row = queries.lock_refresh_token(conn, refresh_tokens.digest(refresh_token), GRACE)
        if row is None or not row["live"]:
            stolen = False
        elif row["used"] and not row["in_grace"]:
            stolen = True
            _end_stolen(conn, origin, row)
        else:
            return _rotate(conn, refresh_token, row)
    detail = "This refresh token was used before; log in again." if stolen else ""
    raise Unauthenticated(detail or "This refresh token is not valid; log in again.")


def log_out(conn: Connection, caller: Caller) -> None:
    """End the caller's session: its tokens stop working, its sockets are closed."""
    queries.revoke(conn, caller.session_id, "logged out")
    evictions.announce(conn, caller.user_id)
    events.record(conn, "session.ended", caller, target=("session", caller.session_id))


def expire(conn: Connection, limit: int) -> int:
    """Delete up to `limit` sessions that ended a while ago, with their tokens; return how many."""
    return queries.delete_ended(conn, limit)


def start(conn: Connection, origin: Origin, user: dict[str, Any]) -> dict[str, Any]:
    """Start a session for an account (its id, email and name), and return its first tokens."""
    session_id, token = new_id(), refresh_tokens.first()
    queries.insert_session(conn, session_id, user["id"], origin, settings().refresh_expires_in)
    queries.insert_refresh_token(conn, refresh_tokens.digest(token), session_id)
    caller = Caller(user["id"], session_id, user["email"], user["name"], origin)
    events.record(conn, "session.started", caller, target=("session", session_id))
    return _pair(user["id"], session_id, token)


def _rotate(conn: Connection, token: str, row: dict[str, Any]) -> dict[str, Any]:
    following = refresh_tokens.successor(token)
    queries.use_refresh_token(conn, row["digest"])
    queries.insert_refresh_token(conn, refresh_tokens.digest(following), row["session_id"])
    queries.touch(conn, row["session_id"], settings().refresh_expires_in)
    return _pair(row["user_id"], row["session_id"], following)


def _pair(user_id: UUID, session_id: UUID, refresh_token: str) -> dict[str, Any]:
    return {
        "access_token": tokens.issue(user_id, session_id),
        "expires_in": settings().jwt_expires_in,
        "refresh_token": refresh_token,
    }


def _end_stolen(conn: Connection, origin: Origin, row: dict[str, Any]) -> None:
    queries.revoke(conn, row["session_id"], "refresh token reused")
    evictions.announce(conn, row["user_id"])
    caller = Caller(row["user_id"], row["session_id"], row["email"], row["name"], origin)
    events.record(conn, "session.reuse-detected", caller, target=("session", row["session_id"]))


def _refuse(origin: Origin, user: dict[str, Any] | None) -> NoReturn:
    # An unknown address is not written down: people type passwords into the wrong field.
    target = ("account", user["id"]) if user else ("account", "unknown")
    with postgres.transaction() as conn:
        events.record(conn, "session.refused", None, origin=origin, target=target)
    raise Unauthenticated("E-mail and password do not match.")

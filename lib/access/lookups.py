"""From a token's claims to an Access: the session is live, the thing exists, the role suffices."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from lib.access import queries
from lib.access.caller import Access, Caller, Origin
from lib.access.permissions import PERMISSIONS, Level, require, require_scope
from lib.access.tokens import Claims
from lib.errors import NotFound, Unauthenticated
from lib.stores import postgres

if TYPE_CHECKING:
    from lib.stores.connection import Connection

SESSION_OVER = "This session is over; log in again."
TOKEN_OVER = "This personal access token is not valid any more."  # noqa: S105

Lock = Literal["read", "write", "version"]


def find(
    conn: Connection,
    permission: str,
    claims: Claims,
    origin: Origin,
    target_id: UUID | None = None,
    *,
    lock: Lock = "read",
) -> Access:
    """Authenticate and authorise in one SQL statement, and return the thing with it.

    `write` keeps session and membership from changing until the transaction ends; `version`, the
    thing itself too.
    Raises Unauthenticated (the session is over), InsufficientScope (a personal access token that
    does not reach so far), NotFound (it does not exist for this caller) and Forbidden (a member
    whose role is too weak).
    """
    rule = PERMISSIONS[permission]
    row = queries.lookup(
        conn,
        rule.scope,
        claims=claims,
        target_id=target_id,
        lock="exclusive" if rule.exclusive and lock != "read" else lock,
    )
    if row is None:
        raise Unauthenticated(TOKEN_OVER if claims.personal else SESSION_OVER)
    caller = Caller(
        user_id=row.pop("caller_id"),
        session_id=row.pop("session_id"),
        email=row.pop("caller_email"),
        name=row.pop("caller_name"),
        origin=origin,
        token_id=row.pop("token_id"),
    )
    require_scope(permission, row.pop("scopes"))
    if row.pop("unnoted"):
        _note_use(conn, caller, lock)
    role, ends_in = row.pop("role"), row.pop("ends_in")
    if rule.least > Level.ACCOUNT:
        if row["id"] is None:
            raise NotFound()
        require(permission, role)
    return Access(conn, caller, role, row, ends_in)


def subject(claims: Claims) -> str:
    """Return whom to count an attempt for: the person, also where only their token is known.

    Raises Unauthenticated for a token that is not live.
    """
    if not claims.personal:
        return str(claims.user_id)
    with postgres.connection() as conn:
        user_id = queries.owner(conn, claims)
    if user_id is None:
        raise Unauthenticated(TOKEN_OVER)
    return str(user_id)


def _note_use(conn: Connection, caller: Caller, lock: Lock) -> None:
    # A write holds on to the token: two of them that also changed it would wait for each other.
    if caller.token_id and lock == "read":
        queries.note_use(conn, caller.token_id)
    elif caller.token_id:
        conn.after_commit(partial(_note_use_later, caller.token_id))


def _note_use_later(token_id: UUID) -> None:
    with postgres.connection() as conn:
        queries.note_use(conn, token_id)

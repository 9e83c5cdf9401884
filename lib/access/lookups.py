"""From a token's claims to an Access: the session is live, the thing exists, the role suffices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal
from uuid import UUID

from lib.access import queries
from lib.access.caller import Access, Caller, Origin
from lib.access.permissions import PERMISSIONS, Level, require
from lib.access.tokens import Claims
from lib.errors import Archived, NotFound, Unauthenticated

if TYPE_CHECKING:
    from lib.stores.connection import Connection

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

    `write` keeps session, membership and workspace from changing until the transaction ends;
    `version`, the thing itself too.
    Raises Unauthenticated (the session is over), NotFound (it does not exist for this caller),
    Forbidden (a member whose role is too weak) and, for a write, Archived.
    """
    rule = PERMISSIONS[permission]
    row = queries.lookup(
        conn,
        rule.scope,
        user_id=claims.user_id,
        session_id=claims.session_id,
        target_id=target_id,
        lock="exclusive" if rule.exclusive and lock != "read" else lock,
    )
    if row is None:
        raise Unauthenticated("This session is over; log in again.")
    caller = Caller(
        user_id=row.pop("caller_id"),
        session_id=claims.session_id,
        email=row.pop("caller_email"),
        name=row.pop("caller_name"),
        origin=origin,
    )
    role = row.pop("role")
    archived_at = row.pop("workspace_archived_at", None)
    if rule.least > Level.ACCOUNT:
        if row["id"] is None:
            raise NotFound()
        require(permission, role)
    if archived_at and not rule.in_archive:
        raise Archived()
    return Access(conn, caller, role, row)


def hold_workspace(conn: Connection, workspace_id: UUID) -> None:
    """Wait for all writes in a workspace and keep others out, for somebody with no role in it yet.

    What is read after this stays true until the transaction ends.
    """
    queries.hold_workspace(conn, workspace_id)

"""From a token's claims to an Access: the session is live, the thing exists, the role suffices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from lib.access import queries
from lib.access.caller import Access, Caller, Origin
from lib.access.permissions import PERMISSIONS, Level, Permission, require
from lib.access.tokens import Claims
from lib.errors import Archived, NotFound, Unauthenticated

if TYPE_CHECKING:
    from lib.stores.connection import Connection

Lock = Literal["read", "write", "version"]


def again(access: Access, permission: str, target_id: UUID) -> Access:
    """Return what `find` would, for a caller who has been let in already, about another thing."""
    caller = access.caller
    claims = Claims(caller.user_id, caller.session_id, 0)
    return find(access.conn, permission, claims, caller.origin, target_id)


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
        f"{rule.scope}, deleted too" if rule.deleted else rule.scope,
        user_id=claims.user_id,
        session_id=claims.session_id,
        target_id=target_id,
        lock="exclusive" if rule.exclusive and lock != "read" else lock,
    )
    if row is None:
        raise Unauthenticated("This session is over; log in again.")
    return _access(conn, rule, claims, origin, row)


def hold_workspace(conn: Connection, workspace_id: UUID) -> None:
    """Wait for all writes in a workspace and keep others out, for somebody with no role in it yet.

    What is read after this stays true until the transaction ends.
    """
    queries.hold_workspace(conn, workspace_id)


@dataclass(frozen=True, slots=True)
class Asking:
    """Somebody who asks for a list, not looked up yet: that happens while the list is read.

    Nothing else can be done with it, so that no view forgets to ask who it is.
    """

    _conn: Connection
    permission: str
    claims: Claims
    origin: Origin
    target_id: UUID | None

    def rows(
        self, rows: str, order: str, values: Mapping[str, Any]
    ) -> tuple[Access, list[dict[str, Any]]]:
        """Authenticate, authorise and read a list in one SQL statement.

        `rows` is its SELECT, which may speak of `caller` and of the thing that it is a list of;
        `order` is its order, in the terms of `listed`. Raises as `find` does.
        """
        rule = PERMISSIONS[self.permission]
        found = queries.lookup_with_rows(
            self._conn,
            rule.scope,
            rows,
            order,
            values,
            user_id=self.claims.user_id,
            session_id=self.claims.session_id,
            target_id=self.target_id,
        )
        if not found:
            raise Unauthenticated("This session is over; log in again.")
        first = {name: found[0][name] for name in ("caller_id", "caller_email", "caller_name")}
        first |= {"role": found[0]["caller_role"], "id": found[0]["target_id"]}
        access = _access(self._conn, rule, self.claims, self.origin, first)
        return access, [row for row in found if row["id"] is not None]


def _access(
    conn: Connection, rule: Permission, claims: Claims, origin: Origin, row: dict[str, Any]
) -> Access:
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
        require(rule.name, role)
    if archived_at and not rule.in_archive:
        raise Archived()
    return Access(conn, caller, role, row)

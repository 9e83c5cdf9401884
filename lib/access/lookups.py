"""From a token's claims to an Access: the session is live, the thing exists, the role suffices."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from lib.access import queries, remembered
from lib.access.caller import Access, Caller, Origin
from lib.access.permissions import PERMISSIONS, Level, Permission, require, require_scope
from lib.access.remembered import Memory
from lib.access.tokens import Claims
from lib.errors import Archived, NotFound, Unauthenticated
from lib.stores import postgres

if TYPE_CHECKING:
    from lib.stores.connection import Connection
    from lib.stores.tables import Table

SESSION_OVER = "This session is over; log in again."
TOKEN_OVER = "This personal access token is not valid any more."  # noqa: S105

# What every look-up tells of who asks.
CALLER = (
    "caller_id", "caller_email", "caller_name", "session_id", "token_id", "scopes", "unnoted",
    "ends_in",
)  # fmt: skip

Lock = Literal["read", "write", "version", "exclusive"]


def again(access: Access, permission: str, target_id: UUID) -> Access:
    """Return what `find` would, for a caller who has been let in already, about another thing."""
    caller = access.caller
    claims = Claims(caller.user_id, caller.session_id, token_id=caller.token_id)
    return find(access.conn, permission, claims, caller.origin, target_id)


def find(
    conn: Connection,
    permission: str,
    claims: Claims,
    origin: Origin,
    target_id: UUID | None = None,
    *,
    lock: Lock = "read",
    memory: Memory | None = None,
) -> Access:
    """Authenticate and authorise in one SQL statement, and return the thing with it.

    `write` keeps session, membership and workspace from changing until the transaction ends;
    `version`, the thing itself too. With a `memory` of the same write, what it says is returned at
    once, and confirmed with the next statement.
    Raises Unauthenticated (the session is over), InsufficientScope (a personal access token that
    does not reach so far), NotFound (it does not exist for this caller), Forbidden (a member whose
    role is too weak) and, for a write, Archived.
    """
    rule = PERMISSIONS[permission]
    scope = _scope(rule)
    lock = "exclusive" if rule.exclusive and lock != "read" else lock
    if memory:
        queries.confirm(conn, scope, claims=claims, target_id=target_id, check=memory.confirm)
        return _access(conn, rule, origin, dict(memory.row), lock)
    row = queries.lookup(conn, scope, claims=claims, target_id=target_id, lock=lock)
    if row is None:
        raise _over(claims)
    if lock == "write":
        remembered.keep(scope, claims, target_id, row)
    return _access(conn, rule, origin, row, lock)


def on_behalf(
    conn: Connection, permission: str, user_id: UUID, project_id: UUID, request_id: str
) -> Access:
    """Return the Access to a project of somebody whose request is long gone.

    For work that holds the project's workspace: then what it says stays true until the commit.
    Raises NotFound (they are no member any more, or have no account), Forbidden.
    """
    row = queries.standing(conn, user_id, project_id)
    if row is None:
        raise NotFound()
    role, name, email = (row.pop(column) for column in ("role", "caller_name", "caller_email"))
    require(permission, role)
    return Access(conn, Caller(user_id, None, email, name, Origin(request_id, "", "")), role, row)


def recall(permission: str, claims: Claims, target_id: UUID | None) -> Memory | None:
    """Return what the last `find` with the lock `write` found, if it may be used for the next."""
    rule = PERMISSIONS[permission]
    return None if rule.exclusive else remembered.recall(_scope(rule), claims, target_id)


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


def hold_workspace(conn: Connection, workspace_id: UUID) -> None:
    """Wait for all writes in a workspace and keep others out, for somebody with no role in it yet.

    What is read after this stays true until the transaction ends.
    """
    queries.hold_workspace(conn, workspace_id)


def hold_person(conn: Connection, user_id: UUID) -> None:
    """Wait for all writes of a person and keep others out, to end what they come with."""
    queries.hold_person(conn, user_id)


class Asking:
    """Somebody who asks for a list, not looked up yet: that happens while the list is read.

    Nothing else can be done with it, so that no view forgets to ask who it is.
    """

    def __init__(
        self,
        conn: Connection,
        permission: str,
        claims: Claims,
        origin: Origin,
        target_id: UUID | None,
    ) -> None:
        self._conn = conn
        self._rule = PERMISSIONS[permission]
        self._claims = claims
        self._origin = origin
        self._target_id = target_id

    def rows(self, rows: str, order: str, values: Mapping[str, Any]) -> tuple[Access, Table]:
        """Authenticate, authorise and read a list in one SQL statement.

        `rows` is its SELECT, which may speak of `caller` and of the thing that it is a list of;
        `order` is its order, in the terms of `listed`. Raises as `find` does.
        """
        found = queries.lookup_with_rows(
            self._conn,
            self._rule.scope,
            rows,
            order,
            values,
            claims=self._claims,
            target_id=self._target_id,
        )
        if not found:
            raise _over(self._claims)
        first, listed = found[0], found[1:]
        row = {name: first[name] for name in CALLER}
        row |= {"role": first["caller_role"], "id": first["target_id"]}
        access = _access(self._conn, self._rule, self._origin, row, "read")
        return access, listed if listed[0]["id"] is not None else listed[:0]


def _scope(rule: Permission) -> str:
    return f"{rule.scope}, deleted too" if rule.deleted else rule.scope


def _access(
    conn: Connection, rule: Permission, origin: Origin, row: dict[str, Any], lock: Lock
) -> Access:
    caller = Caller(
        user_id=row.pop("caller_id"),
        session_id=row.pop("session_id"),
        email=row.pop("caller_email"),
        name=row.pop("caller_name"),
        origin=origin,
        token_id=row.pop("token_id"),
    )
    require_scope(rule.name, row.pop("scopes"))
    if row.pop("unnoted"):
        _note_use(conn, caller, lock)
    role, ends_in = row.pop("role"), row.pop("ends_in")
    archived_at = row.pop("workspace_archived_at", None)
    if rule.least > Level.ACCOUNT:
        if row["id"] is None:
            raise NotFound()
        require(rule.name, role)
    if archived_at and not rule.in_archive:
        raise Archived()
    return Access(conn, caller, role, row, ends_in)


def _over(claims: Claims) -> Unauthenticated:
    return Unauthenticated(TOKEN_OVER if claims.personal else SESSION_OVER)


def _note_use(conn: Connection, caller: Caller, lock: Lock) -> None:
    # A write holds on to the token: two of them that also changed it would wait for each other.
    if caller.token_id and lock == "read":
        queries.note_use(conn, caller.token_id)
    elif caller.token_id:
        conn.after_commit(partial(_note_use_later, caller.token_id))


def _note_use_later(token_id: UUID) -> None:
    with postgres.connection() as conn:
        queries.note_use(conn, token_id)

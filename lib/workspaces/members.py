"""Members of a workspace: add by e-mail, list, change roles, remove; there is always an owner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.access.caller import Access
from lib.accounts import accounts
from lib.audit import events
from lib.errors import Conflict, Invalid, NotFound, mistake
from lib.projects import members as project_members
from lib.workspaces import invitations, queries, telling

if TYPE_CHECKING:
    from lib.stores.connection import Connection


def add(access: Access, *, email: str, role: str) -> dict[str, Any]:
    """Make the person with this address a member.

    Raises Invalid when nobody has registered with it, Conflict when they are a member already.
    """
    user_id = accounts.id_by_email(access.conn, email)
    if user_id is None:
        raise Invalid(mistake("/email", "Nobody has registered with this address."))
    if not queries.insert_member(access.conn, access.id, user_id, role):
        raise Conflict("This person is a member already; change their role instead.")
    _tell(access, "member.added", user_id, role, {"email": email, "role": role})
    return read(access, user_id)


def read(access: Access, user_id: UUID) -> dict[str, Any]:
    """Return one member; raises NotFound for somebody who is none."""
    member = queries.member(access.conn, access.id, user_id)
    if member is None:
        raise NotFound()
    return member


def of_workspace(
    conn: Connection, workspace_id: UUID, *, cursor: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """List the members; one more than `limit` when there are more."""
    return queries.members(conn, workspace_id, after=cursor, limit=limit + 1)


def owners(conn: Connection, workspace_id: UUID) -> list[dict[str, Any]]:
    """Return the name and address of each owner, for word that no caller is waiting for."""
    return queries.owner_addresses(conn, workspace_id)


def change_role(access: Access, user_id: UUID, *, role: str) -> dict[str, Any]:
    """Give a member another role.

    Raises NotFound for somebody who is no member, Conflict when no owner would be left.
    """
    member = read(access, user_id)
    if member["role"] != role:
        _keep_an_owner(access, member)
        queries.set_role(access.conn, access.id, user_id, role)
        _tell(access, "member.role-changed", user_id, role, {"role": role, "was": member["role"]})
    return member | {"role": role}


def remove(access: Access, user_id: UUID) -> None:
    """Take a member out, of single projects too; their sockets are closed.

    Raises NotFound for somebody who is no member, Conflict when no owner would be left.
    """
    member = read(access, user_id)
    _keep_an_owner(access, member)
    queries.delete_member(access.conn, access.id, user_id)
    project_members.forget(access.conn, access.id, user_id)
    _tell(access, "member.removed", user_id, None, {"was": member["role"]})


def leave(access: Access) -> None:
    """Take the caller out; raises Conflict when no owner would be left."""
    user_id = access.caller.user_id
    _keep_an_owner(access, {"role": access.role})
    queries.delete_member(access.conn, access.id, user_id)
    project_members.forget(access.conn, access.id, user_id)
    _tell(access, "member.left", user_id, None, {"was": access.role})


def transfer(access: Access, *, user_id: UUID, keep_role: str) -> dict[str, Any]:
    """Make another member an owner in the caller's place, who goes on with `keep_role`.

    Returns the workspace as the caller sees it then. Raises Invalid for somebody who is no member,
    and for the caller.
    """
    caller = access.caller
    if user_id == caller.user_id:
        raise Invalid(mistake("/user_id", "This is you; name another member."))
    member = queries.member(access.conn, access.id, user_id)
    if member is None:
        raise Invalid(mistake("/user_id", "This person is no member of the workspace."))
    queries.set_role(access.conn, access.id, user_id, "owner")
    queries.set_role(access.conn, access.id, caller.user_id, keep_role)
    details = {"was": member["role"], "keeps": keep_role}
    _tell(access, "workspace.transferred", user_id, "owner", details)
    _announce(access, caller.user_id, keep_role)
    return access.target | {"role": keep_role}


def _keep_an_owner(access: Access, member: dict[str, Any]) -> None:
    if member["role"] == "owner" and queries.owners(access.conn, access.id) == 1:
        raise Conflict(
            "A workspace keeps at least one owner: make somebody else one first, or delete it."
        )


def _tell(
    access: Access, action: str, user_id: UUID, role: str | None, details: dict[str, Any]
) -> None:
    events.record(
        access.conn,
        action,
        access.caller,
        target=("account", user_id),
        workspace_id=access.id,
        details=details,
    )
    _announce(access, user_id, role)


def _announce(access: Access, user_id: UUID, role: str | None) -> None:
    if role != "owner":
        invitations.withdraw(access, user_id)
    telling.member_changed(access.conn, access.id, user_id)

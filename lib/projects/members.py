"""Members of a single project: guests, and members of the workspace with a higher role here.

An owner of the project alone may manage its members, and delete and restore it; of the workspace
they know nothing. It needs no owner of its own: those of the workspace are owners here too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.access.caller import Access
from lib.access.permissions import ROLES
from lib.accounts import accounts
from lib.audit import events
from lib.bridge import evictions, rooms
from lib.errors import Conflict, Invalid, NotFound, mistake
from lib.projects import member_queries

if TYPE_CHECKING:
    from lib.stores.connection import Connection


def add(access: Access, *, email: str, role: str) -> dict[str, Any]:
    """Give the person with this address a role on the project.

    Raises Invalid when nobody has registered with it, Conflict when they have a role on it already,
    or no lower one in the workspace.
    """
    user_id = accounts.id_by_email(access.conn, email)
    if user_id is None:
        raise Invalid(mistake("/email", "Nobody has registered with this address."))
    known = member_queries.member(access.conn, access.id, user_id)
    if known and known["project_role"]:
        raise Conflict("This person has a role on the project already; change it instead.")
    _check_higher(known, role)
    member_queries.set_role(access.conn, access.id, user_id, role)
    _tell(access, "project-member.added", user_id, role, {"email": email, "role": role})
    return read(access, user_id)


def read(access: Access, user_id: UUID) -> dict[str, Any]:
    """Return one of those who can reach the project; raises NotFound for anybody else."""
    member = member_queries.member(access.conn, access.id, user_id)
    if member is None:
        raise NotFound()
    return member


def of_project(
    conn: Connection, project_id: UUID, *, cursor: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """List everybody who can reach the project; one more than `limit` when there are more."""
    return member_queries.members(conn, project_id, after=cursor, limit=limit + 1)


def roles_in_workspace(
    conn: Connection, workspace_id: UUID, user_id: UUID
) -> list[tuple[UUID, str | None]]:
    """Return the role that counts for somebody in each project of a workspace; None: no role.

    Deleted projects are left out.
    """
    rows = member_queries.roles_in_workspace(conn, workspace_id, user_id)
    return [(row["project_id"], row["role"]) for row in rows]


def change_role(access: Access, user_id: UUID, *, role: str) -> dict[str, Any]:
    """Give somebody who can reach the project another role on it.

    Raises NotFound for anybody else, Conflict for a role that their one in the workspace covers.
    """
    member = read(access, user_id)
    _check_higher(member, role)
    if member["role"] == role:
        return member
    member_queries.set_role(access.conn, access.id, user_id, role)
    details = {"role": role, "was": member["role"]}
    _tell(access, "project-member.role-changed", user_id, role, details)
    return read(access, user_id)


def remove(access: Access, user_id: UUID) -> None:
    """Take somebody's role on the project from them; a guest's sockets are closed.

    Raises NotFound for somebody who can't reach it, Conflict for one who can through the workspace
    alone.
    """
    _remove(access, user_id, "project-member.removed")


def leave(access: Access) -> None:
    """Give up the caller's own role on the project; raises Conflict as `remove` does."""
    _remove(access, access.caller.user_id, "project-member.left")


def forget(conn: Connection, workspace_id: UUID, user_id: UUID) -> None:
    """Take from somebody who leaves a workspace the roles on its projects, too."""
    member_queries.delete_in_workspace(conn, workspace_id, user_id)


def _remove(access: Access, user_id: UUID, action: str) -> None:
    member = read(access, user_id)
    if member["project_role"] is None:
        raise Conflict("This role is held on the workspace: it can be given up there only.")
    member_queries.delete(access.conn, access.id, user_id)
    details = {"was": member["project_role"]}
    _tell(access, action, user_id, member["workspace_role"], details)


def _check_higher(member: dict[str, Any] | None, role: str) -> None:
    held = member and member["workspace_role"]
    if held and ROLES[role] <= ROLES[held]:
        raise Conflict(f"In the workspace they are {held} already: only a higher role counts here.")


def _tell(
    access: Access, action: str, user_id: UUID, role: str | None, details: dict[str, Any]
) -> None:
    events.record(
        access.conn,
        action,
        access.caller,
        target=("account", user_id),
        workspace_id=access.target["workspace_id"],
        project_id=access.id,
        details=details,
    )
    evictions.announce(access.conn, user_id)
    change = {"user_id": str(user_id), "role": role}
    rooms.announce(access.conn, access.id, rooms.MEMBER_UPDATED, change)

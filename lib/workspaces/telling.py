"""Word of who is in a workspace: to the hosts that hold their sockets, and to its rooms."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from lib.bridge import evictions, rooms
from lib.projects import members

if TYPE_CHECKING:
    from lib.stores.connection import Connection


def member_changed(conn: Connection, workspace_id: UUID, user_id: UUID) -> None:
    """Announce what somebody is in each project, once the open transaction has committed.

    That is the higher of their roles there and in the workspace; None for one who is out.
    """
    evictions.announce(conn, user_id)
    for project_id, role in members.roles_in_workspace(conn, workspace_id, user_id):
        change = {"user_id": str(user_id), "role": role}
        rooms.announce(conn, project_id, rooms.MEMBER_UPDATED, change)

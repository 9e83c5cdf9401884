"""Word of who is in a workspace: to the hosts that hold their sockets, and to its rooms."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from lib.bridge import evictions, rooms
from lib.projects import projects

if TYPE_CHECKING:
    from lib.stores.connection import Connection


def member_changed(conn: Connection, workspace_id: UUID, user_id: UUID, role: str | None) -> None:
    """Announce a member's role, None for one who is a member no more, once the commit is done."""
    evictions.announce(conn, user_id)
    change = {"user_id": str(user_id), "role": role}
    for project_id in projects.ids_of_workspace(conn, workspace_id):
        rooms.announce(conn, project_id, rooms.MEMBER_UPDATED, change)

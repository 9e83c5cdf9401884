"""Jobs of a project, or of a workspace as a whole: list them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.jobs import queries

if TYPE_CHECKING:
    from lib.stores.connection import Connection


def of_project(
    conn: Connection, project_id: UUID, *, cursor: UUID | None, limit: int, state: str | None
) -> list[dict[str, Any]]:
    """List the jobs, newest first; one more than `limit` when there are more."""
    return queries.of_project(conn, project_id, before=cursor, limit=limit + 1, state=state)


def of_workspace(
    conn: Connection, workspace_id: UUID, *, cursor: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """List the jobs of a workspace as a whole, newest first; one more than `limit` if there are."""
    return queries.of_workspace(conn, workspace_id, before=cursor, limit=limit + 1)

"""Jobs of a project, or of a workspace as a whole: list and count them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.access.caller import Access
from lib.jobs import list_queries

if TYPE_CHECKING:
    from lib.stores.connection import Connection


def of_project(
    access: Access, *, cursor: UUID | None, limit: int, state: list[str] | None, **filters: Any
) -> list[dict[str, Any]]:
    """List the jobs, newest first; one more than `limit` when there are more.

    `filters` are `kind`, `created_by`, `unique_key`, and `since` and `until` for when they were
    submitted; None: whichever.
    """
    return list_queries.of_project(
        access.conn,
        access.id,
        before=cursor,
        limit=limit + 1,
        states=state,
        **filters,
    )


def summary(access: Access) -> dict[str, Any]:
    """Return how many jobs there are in each state."""
    return list_queries.counts(access.conn, access.id)


def of_workspace(
    conn: Connection, workspace_id: UUID, *, cursor: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """List the jobs of a workspace as a whole, newest first; one more than `limit` if there are."""
    return list_queries.of_workspace(conn, workspace_id, before=cursor, limit=limit + 1)

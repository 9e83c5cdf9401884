"""SQL of quotas: which workspaces have as many waiting jobs as they may have."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from lib.stores.connection import Connection
    from lib.stores.statements import Check


def crowded(conn: Connection, workspace_id: UUID, check: Check) -> None:
    """Look whether a workspace is `crowded`, together with the next statement; `check` is told."""
    conn.put_off(
        """
        SELECT EXISTS (
            SELECT 1 FROM crowded_workspaces WHERE workspace_id = %s
        ) AS crowded
        """,
        [workspace_id],
        check,
    )


def note_crowded(conn: Connection, most: int) -> None:
    """Count what waits, and note which workspaces have `most` jobs or more; others are free again.

    One sweep counts at a time; others leave it to that one.
    """
    conn.execute(
        """
        WITH turn AS MATERIALIZED (
            SELECT pg_try_advisory_xact_lock(hashtext('crowded_workspaces')) AS ours
        ), counted AS MATERIALIZED (
            SELECT workspace_id FROM jobs, turn
            WHERE turn.ours AND state IN ('queued', 'retrying') AND workspace_id IS NOT NULL
            GROUP BY workspace_id HAVING count(*) >= %s
        ), freed AS (
            DELETE FROM crowded_workspaces USING turn
            WHERE turn.ours AND workspace_id NOT IN (SELECT workspace_id FROM counted)
        )
        INSERT INTO crowded_workspaces SELECT workspace_id FROM counted ON CONFLICT DO NOTHING
        """,
        [most],
    )

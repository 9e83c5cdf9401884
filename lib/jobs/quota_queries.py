"""SQL of quotas: how many jobs of a workspace live, and how many are new."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from lib.jobs.queries import LIVE

if TYPE_CHECKING:
    from lib.stores.connection import Connection
    from lib.stores.statements import Later


def count(conn: Connection, workspace_id: UUID, since: UUID, *, live: int, recent: int) -> Later:
    """Count the `live` jobs and those `recent` ones whose id is after `since`, up to so many each.

    It goes ahead of the next statement, in the same round trip.
    """
    return conn.put_off(
        f"""
        SELECT (
            SELECT count(*) FROM (
                SELECT 1 FROM jobs
                WHERE workspace_id = %(workspace_id)s AND state IN {LIVE} LIMIT %(live)s
            ) one
        ) AS live, (
            SELECT count(*) FROM (
                SELECT 1 FROM projects p JOIN jobs j ON j.project_id = p.id AND j.id > %(since)s
                WHERE p.workspace_id = %(workspace_id)s LIMIT %(recent)s
            ) one
        ) AS recent
        """,  # noqa: S608
        {"workspace_id": workspace_id, "since": since, "live": live, "recent": recent},
    )

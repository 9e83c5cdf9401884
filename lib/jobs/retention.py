"""How long jobs are kept that belong to no project: mails, and reports of whole workspaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lib.jobs import queries

if TYPE_CHECKING:
    from lib.stores.connection import Connection

KEPT_DAYS = 7  # days after its end: a mail's job holds an address, and is of use to find a fault


def delete_finished(conn: Connection, limit: int) -> int:
    """Delete up to `limit` jobs without a project that ended long ago; return how many."""
    return queries.delete_finished(conn, KEPT_DAYS, limit)

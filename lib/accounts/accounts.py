"""Accounts, as other domains see them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from lib.accounts import queries

if TYPE_CHECKING:
    from lib.stores.connection import Connection


def id_by_email(conn: Connection, email: str) -> UUID | None:
    """Return the id of the account with this address, or None."""
    return queries.id_by_email(conn, email)

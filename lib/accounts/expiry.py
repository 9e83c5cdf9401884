"""What has ended or expired is deleted, once nobody asks for it any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lib.accounts import queries, session_queries, token_queries

if TYPE_CHECKING:
    from lib.stores.connection import Connection

_DELETIONS = {
    "sessions": session_queries.delete_ended,  # with their refresh tokens
    "tokens": token_queries.delete_expired,
    "links": queries.delete_expired_links,
}
KINDS = tuple(_DELETIONS)


def delete(conn: Connection, limit: int) -> dict[str, int]:
    """Delete up to `limit` rows of each kind; return how many of each."""
    return {kind: delete_some(conn, limit) for kind, delete_some in _DELETIONS.items()}

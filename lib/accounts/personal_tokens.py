"""Personal access tokens: for scripts and other programs that act for a person, within a scope."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.access import personal_tokens
from lib.access.caller import Access, Caller
from lib.accounts import token_queries
from lib.audit import events
from lib.audit.events import Event
from lib.bridge import evictions
from lib.errors import Conflict, NotFound
from lib.ids import new_id

if TYPE_CHECKING:
    from lib.stores.connection import Connection

MAX_TOKENS = 50  # for one person


def create(
    access: Access, *, name: str, scopes: list[str], expires_at: datetime | None
) -> dict[str, Any]:
    """Make a token and return it with its text, `token`, which is never shown again.

    Raises Conflict when the caller has as many as one person may have.
    """
    if token_queries.count(access.conn, access.id) >= MAX_TOKENS:
        raise Conflict(f"You have {MAX_TOKENS} tokens; revoke one first.")
    text = personal_tokens.fresh()
    token = token_queries.insert(
        access.conn,
        new_id(),
        access.id,
        name=name,
        scopes=scopes,
        digest=personal_tokens.digest(text),
        expires_at=expires_at,
    )
    events.record(
        access.conn,
        "token.created",
        access.caller,
        target=("token", token["id"]),
        details={"name": name, "scopes": scopes},
    )
    return token | {"token": text}


def of_person(access: Access, *, cursor: UUID | None, limit: int) -> list[dict[str, Any]]:
    """List the caller's tokens, newest first; one more than `limit` when there are more."""
    return token_queries.of_person(access.conn, access.id, before=cursor, limit=limit + 1)


def read(access: Access, token_id: UUID) -> dict[str, Any]:
    """Return one of the caller's tokens; raises NotFound."""
    token = token_queries.by_id(access.conn, access.id, token_id)
    if token is None:
        raise NotFound()
    return token


def revoke(access: Access, token_id: UUID) -> None:
    """End one of the caller's tokens; the sockets it opened are closed. Raises NotFound."""
    token = token_queries.delete(access.conn, access.id, token_id)
    if token is None:
        raise NotFound()
    _tell(access.conn, access.caller, [token])


def revoke_all(conn: Connection, caller: Caller) -> None:
    """End all of somebody's tokens."""
    _tell(conn, caller, token_queries.delete_all(conn, caller.user_id))


def _tell(conn: Connection, caller: Caller, tokens: list[dict[str, Any]]) -> None:
    evictions.announce(conn, caller.user_id)
    revoked = [
        Event("token.revoked", caller, ("token", t["id"]), details={"name": t["name"]})
        for t in tokens
    ]
    events.record_all(conn, revoked)

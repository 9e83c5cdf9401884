"""Accounts: renamed and closed by their owners; and as other domains see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.access.caller import Access
from lib.accounts import personal_tokens, queries, sessions
from lib.audit import events

if TYPE_CHECKING:
    from lib.stores.connection import Connection


def id_by_email(conn: Connection, email: str) -> UUID | None:
    """Return the id of the account with this address, which stays until the commit, or None."""
    user = queries.by_email(conn, email)
    return user["id"] if user else None


def rename(access: Access, *, name: str) -> dict[str, Any]:
    """Give the caller another name, which the others see from their next request on."""
    queries.rename(access.conn, access.id, name)
    details = {"name": name, "was": access.target["name"]}
    events.record(
        access.conn,
        "account.updated",
        access.caller,
        target=("account", access.id),
        details=details,
    )
    return access.target | {"name": name}


def end_everything(access: Access) -> None:
    """End the caller's sessions and tokens: from now until the commit nothing is written for them.

    Before anything else of an account is taken away: a write of theirs holds on to its session, and
    then waits for the thing; who takes both has to take them in this order.
    """
    sessions.end_all(access.conn, access.caller, "account deleted")
    personal_tokens.revoke_all(access.conn, access.caller)


def delete(access: Access) -> None:
    """Delete the caller's account; the audit log keeps what they did, and who they were then."""
    queries.delete_user(access.conn, access.id)
    events.record(access.conn, "account.deleted", access.caller, target=("account", access.id))

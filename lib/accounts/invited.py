"""Accounts of people who were invited by mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lib.access.caller import Origin, Person
from lib.accounts import queries
from lib.audit import events
from lib.ids import new_id

if TYPE_CHECKING:
    from lib.stores.connection import Connection


def create(
    conn: Connection, origin: Origin, email: str, name: str, password_hash: str
) -> Person | None:
    """Create an account in the open transaction, for an address that its owner has proved to read.

    Returns whose it is, None when the address has one already.
    """
    person = Person(new_id(), email, name)
    if not queries.insert_user(conn, person.user_id, email, name, password_hash):
        return None
    queries.verify_email(conn, person.user_id)
    target = ("account", person.user_id)
    events.record(conn, "account.registered", None, origin=origin, target=target)
    return person

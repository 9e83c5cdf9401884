"""Registering an account."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from lib.access.caller import Origin
from lib.accounts import attempts, links, passwords, queries
from lib.audit import events
from lib.ids import new_id
from lib.mail import mail
from lib.stores import postgres

if TYPE_CHECKING:
    from lib.stores.connection import Connection


def register(origin: Origin, *, email: str, name: str, password: str) -> dict[str, str]:
    """Create an account unless the address has one; return the e-mail and name as given.

    The answer, and the work done for it, are the same either way, so that nobody learns from this
    who has an account: only the mail tells. An existing account is not changed.
    """
    password_hash = passwords.digest(password)
    with_mail = attempts.within(attempts.REGISTRATION_MAILS, email)
    with postgres.transaction() as conn:
        _create(conn, origin, email, name, password_hash, with_mail=with_mail)
    return {"email": email, "name": name}


def _create(
    conn: Connection, origin: Origin, email: str, name: str, password_hash: str, *, with_mail: bool
) -> None:
    user_id = new_id()
    if queries.insert_user(conn, user_id, email, name, password_hash):
        target: tuple[str, UUID] = ("account", user_id)
        events.record(conn, "account.registered", None, origin=origin, target=target)
        if with_mail:
            links.send(conn, origin, user_id, email, links.VERIFY_EMAIL)
    elif user := queries.by_email(conn, email):
        target = ("account", user["id"])
        events.record(conn, "account.registered-again", None, origin=origin, target=target)
        if with_mail:
            mail.send(
                conn,
                to=email,
                template="account-exists",
                values={},
                request_id=origin.request_id,
            )

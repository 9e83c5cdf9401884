"""Changing a password: with the one before, or, when that is forgotten, with a link in a mail."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from lib.access.caller import Access, Caller, Origin
from lib.access.lookups import hold_person
from lib.accounts import (
    attempts,
    links,
    passwords,
    personal_tokens,
    queries,
    sessions,
)
from lib.accounts.links import RESET_PASSWORD
from lib.audit import events
from lib.errors import Invalid, mistake
from lib.mail import mail
from lib.stores import postgres

if TYPE_CHECKING:
    from lib.stores.connection import Connection


def change(access: Access, *, current_password: str, new_password: str) -> None:
    """Give the caller another password; every other session ends, and a mail tells them.

    Raises Invalid when `current_password` is not theirs.
    """
    confirm(access, current_password, "/current_password")
    caller = access.caller
    _replace(access.conn, caller, caller.origin, passwords.digest(new_password))
    sessions.end_all(access.conn, caller, "password changed", but=caller.session_id)


def confirm(access: Access, password: str, pointer: str) -> None:
    """Raise Invalid, pointing there, unless `password` is the caller's."""
    stored = queries.password_hash(access.conn, access.caller.user_id)
    if not passwords.matches(stored, password):
        raise Invalid(mistake(pointer, "This is not your password."))


def ask(origin: Origin, *, email: str) -> dict[str, str]:
    """Mail a link to choose a new password, if there is such an account; nobody is told whether.

    Returns the address as given.

    It is good for an hour, once, and until the next one is sent. At most five are sent in an hour.
    """
    within = attempts.within(attempts.RESET_MAILS, email)
    # One hash, as log-in does: next to it, the time that a mail takes to be queued is lost.
    passwords.matches(None, email)
    with postgres.transaction() as conn:
        user = queries.by_email(conn, email)
        target: tuple[str, UUID | str] = ("account", user["id"] if user else "unknown")
        events.record(conn, "account.reset-requested", None, origin=origin, target=target)
        if user and within:
            links.send(conn, origin, user["id"], email, RESET_PASSWORD)
    return {"email": email}


def reset(origin: Origin, *, token: str, password: str) -> None:
    """Give the account that the link was sent to another password, and its address is verified.

    Every session and every personal access token ends: whoever has got hold of the account, or
    registered somebody else's address in advance, is out. Raises Invalid for a link that is not
    good any more.
    """
    link_id = links.check(RESET_PASSWORD, token)
    password_hash = passwords.digest(password)
    with postgres.transaction() as conn:
        user = links.use(conn, RESET_PASSWORD, link_id)
        caller = Caller(user["id"], None, user["email"], user["name"], origin)
        hold_person(conn, user["id"])
        _replace(conn, caller, origin, password_hash)
        queries.verify_email(conn, user["id"])
        sessions.end_all(conn, caller, "password reset")
        personal_tokens.revoke_all(conn, caller)
    attempts.forgive(attempts.FAILURES, user["email"])


def _replace(conn: Connection, caller: Caller, origin: Origin, password_hash: str) -> None:
    queries.set_password(conn, caller.user_id, password_hash)
    events.record(conn, "account.password-changed", caller, target=("account", caller.user_id))
    mail.send(
        conn,
        to=caller.email,
        template="password-changed",
        values={},
        request_id=origin.request_id,
    )

"""Verifying an account's e-mail address: whoever opens the link in the mail can read its mails."""

from __future__ import annotations

from lib.access.caller import Access, Origin
from lib.accounts import links, queries
from lib.accounts.links import VERIFY_EMAIL
from lib.audit import events
from lib.errors import Conflict
from lib.stores import postgres


def verify(origin: Origin, *, token: str) -> None:
    """Note that the address of the account which the link was sent to is its owner's.

    Raises Invalid for a link that is not good any more.
    """
    link_id = links.check(VERIFY_EMAIL, token)
    with postgres.transaction() as conn:
        user = links.use(conn, VERIFY_EMAIL, link_id)
        queries.verify_email(conn, user["id"])
        events.record(conn, "account.verified", None, origin=origin, target=("account", user["id"]))


def resend(access: Access) -> None:
    """Mail the caller a new link; raises Conflict when their address is verified already."""
    if access.target["email_verified"]:
        raise Conflict("This address is verified already.")
    caller = access.caller
    links.send(access.conn, caller.origin, caller.user_id, caller.email, VERIFY_EMAIL)
    events.record(
        access.conn, "account.verification-sent", caller, target=("account", caller.user_id)
    )

"""One-time links in mails: good once, for a while, and only the newest for each purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.access import links
from lib.access.caller import Origin
from lib.accounts import queries
from lib.errors import Invalid, mistake
from lib.ids import new_id
from lib.mail import mail

if TYPE_CHECKING:
    from lib.stores.connection import Connection

VERIFY_EMAIL = "verify-email"  # purposes; the mails' templates have the same names
RESET_PASSWORD = "reset-password"  # noqa: S105
LIFETIMES = {VERIFY_EMAIL: 3 * 86400, RESET_PASSWORD: 3600}  # seconds


def send(conn: Connection, origin: Origin, user_id: UUID, email: str, purpose: str) -> None:
    """Mail a new link to an account's address; an older one for the same purpose ends."""
    link_id = new_id()
    queries.replace_link(conn, link_id, user_id, purpose, LIFETIMES[purpose])
    mail.send(
        conn,
        to=email,
        template=purpose,
        values={},
        link=(purpose, link_id),
        request_id=origin.request_id,
    )


def check(purpose: str, token: str) -> UUID:
    """Return the id of a link that we have made; raises Invalid for any other text."""
    link_id = links.read(purpose, token)
    if link_id is None:
        raise _not_good()
    return link_id


def use(conn: Connection, purpose: str, link_id: UUID) -> dict[str, Any]:
    """Use up a link; return id, email and name of the account.

    Raises Invalid when it was used before, has expired, or a newer one was sent.
    """
    user = queries.use_link(conn, link_id, purpose)
    if user is None:
        raise _not_good()
    return user


def _not_good() -> Invalid:
    return Invalid(mistake("/token", "This link is not valid any more; ask for a new one."))

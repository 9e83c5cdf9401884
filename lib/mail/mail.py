"""Sending a mail: a job in the caller's own transaction, sent if and only if that commits."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from lib.jobs import creation
from lib.mail import texts

if TYPE_CHECKING:
    from lib.stores.connection import Connection

KIND = "email.send"
MAX_ATTEMPTS = 12  # with the default delays, about 50 minutes of a mail server that is away


def send(
    conn: Connection,
    *,
    to: str,
    template: str,
    values: dict[str, str],
    link: tuple[str, UUID] | None = None,
    request_id: str = "",
) -> UUID:
    """Have `template` written to the address `to`, once the open transaction commits.

    `values` are the template's placeholders other than `app_name` and `link`; `link` is the purpose
    and id of the one-time token that the mail carries (lib.access.links): the token itself is made
    when the mail is written, and stored nowhere. Returns the job's id. Raises ValueError when the
    template does not exist or takes other values.
    """
    purpose, identity = link or (None, None)
    payload = {
        "to": to,
        "template": template,
        "values": texts.checked(template, values, with_link=link is not None),
        "link": {"purpose": purpose, "id": str(identity)} if link else None,
    }
    return creation.create_internal(
        conn, kind=KIND, payload=payload, max_attempts=MAX_ATTEMPTS, request_id=request_id
    )

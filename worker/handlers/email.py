"""`email.send`: write a mail from its template and hand it over to the mail server."""

from __future__ import annotations

from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any
from uuid import UUID

from marshmallow import fields, validate

from lib.access import links
from lib.config import ConfigError, settings
from lib.ids import made_at
from lib.mail import mail, texts
from lib.schemas import MAX_EMAIL, Strict
from worker import smtp
from worker.context import Context
from worker.kinds import PermanentFailure, job_kind

TIMEOUT = 300  # seconds: more than a conversation in which the server is slow at every step


class LinkIn(Strict):
    """What a link's token is made of."""

    purpose = fields.String(required=True)
    id = fields.UUID(required=True)


class EmailIn(Strict):
    """A mail to write: to whom, which, and what to fill in."""

    to = fields.String(required=True, validate=validate.Length(max=MAX_EMAIL))
    template = fields.String(required=True)
    values = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    link = fields.Nested(LinkIn, required=True, allow_none=True)


@job_kind(
    mail.KIND,
    title="Send a mail",
    payload=EmailIn,
    max_attempts=mail.MAX_ATTEMPTS,
    timeout=TIMEOUT,
    internal=True,
    isolated=False,  # it waits for one server, within limits, and holds one mail
)
def send(job: Context) -> dict[str, Any]:
    """Send the mail; one that is sent again after a crash is recognised as the same by its id."""
    if not settings().smtp_url:
        raise PermanentFailure("SMTP_URL is not set: no mail is sent here.")
    try:
        server, (sender, domain) = (
            smtp.server(settings().smtp_url),
            smtp.sender(settings().mail_from),
        )
    except ConfigError as error:
        raise PermanentFailure(str(error)) from None
    message = _written(job.payload, job.job_id, sender, domain)
    job.check()
    smtp.deliver(server, message, domain)
    return {"message_id": message["Message-ID"]}


def _written(payload: dict[str, Any], job_id: UUID, sender: str, domain: str) -> EmailMessage:
    text = _text(**payload)
    message = EmailMessage()
    message["From"] = sender
    message["To"] = _address(payload["to"])
    message["Subject"] = text.subject
    message["Date"] = format_datetime(made_at(job_id))
    message["Message-ID"] = f"<{job_id}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday answers this
    message.set_content(text.text, cte="quoted-printable")
    return message


def _text(
    template: str, values: dict[str, str], link: dict[str, Any] | None, **_: Any
) -> texts.Text:
    if link and not settings().app_url:
        raise PermanentFailure("APP_URL is not set: the mail would have a link to nowhere.")
    token = links.token(link["purpose"], link["id"]) if link else None
    try:
        return texts.render(template, values, token and texts.link_to(template, token))
    except ValueError:  # made by a function that is of another version than this worker
        raise PermanentFailure("This worker does not know the mail, or its values.") from None


def _address(text: str) -> Address:
    try:
        return Address(addr_spec=text)
    except (ValueError, IndexError, MessageError):
        raise PermanentFailure("This is not an address that a mail can be sent to.") from None

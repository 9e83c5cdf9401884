"""The mailbox of this machine: it takes every mail over SMTP, and sends none on."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from threading import Lock
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

KEPT = 200  # mails; older ones are forgotten
MAX_BYTES = 1024 * 1024  # of one mail
IDLE_SECONDS = 60.0  # before a silent client is let go
LINK = re.compile(r"https?://[^\s<>\"']+")


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as one recipient got it; `links` are the addresses in its text."""

    id: str
    at: str
    sender: str
    to: str
    subject: str
    text: str
    links: tuple[str, ...]


class Mailbox:
    """The newest mails, in memory; may be used from any thread."""

    def __init__(self, kept: int = KEPT) -> None:
        self._mails: deque[Mail] = deque(maxlen=kept)
        self._guard = Lock()

    def add(self, content: bytes, recipients: Sequence[str]) -> None:
        """Keep a mail, once for each recipient."""
        mails = [read(content, recipient) for recipient in recipients]
        with self._guard:
            self._mails.extend(mails)

    def newest(self, to: str = "") -> list[Mail]:
        """Return the mails to an address, or all of them, the newest first."""
        with self._guard:
            mails = list(self._mails)
        return [mail for mail in reversed(mails) if to.lower() in ("", mail.to.lower())]

    def smtp(self) -> SMTP:
        """Return the protocol of one SMTP connection, for the event loop that runs to serve."""
        return SMTP(
            _Receiver(self),
            loop=asyncio.get_running_loop(),
            data_size_limit=MAX_BYTES,
            enable_SMTPUTF8=True,
            hostname="mailbox",
            ident="mailbox",
            timeout=IDLE_SECONDS,
        )


class _Receiver:
    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_DATA(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        self._mailbox.add(envelope.original_content or b"", envelope.rcpt_tos)
        return "250 OK"


def read(content: bytes, recipient: str) -> Mail:
    """Return what a person would see of a mail, however badly it is made."""
    message = message_from_bytes(content, EmailMessage, policy=policy.default)
    text = _text(message)
    return Mail(
        id=_header(message, "Message-ID"),
        at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        sender=_header(message, "From"),
        to=recipient,
        subject=_header(message, "Subject"),
        text=text,
        links=tuple(LINK.findall(text)),
    )


def shown(mail: Mail) -> dict[str, Any]:
    """Return a mail as JSON has it."""
    return asdict(mail)


def _header(message: EmailMessage, name: str) -> str:
    try:
        return str(message[name] or "")
    except Exception:  # noqa: BLE001 - the parser fails in many ways on what is not a header
        return ""


def _text(message: EmailMessage) -> str:
    try:
        body = message.get_body(("plain", "html"))
        return str(body.get_content()).replace("\r\n", "\n") if body else ""
    except Exception:  # noqa: BLE001 - as above; then the mail is shown as it came
        return message.as_bytes().decode(errors="replace")

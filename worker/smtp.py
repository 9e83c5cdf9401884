"""The mail server: its address as SMTP_URL gives it, and one conversation with it per mail.

What it answers is never passed on beyond its code: its text may repeat what we sent.
"""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from urllib.parse import SplitResult, unquote, urlsplit

from lib import logs
from lib.config import ConfigError, settings
from lib.errors import AppError
from worker.kinds import PermanentFailure

CONNECT_TIMEOUT = 10.0  # seconds to connect, and to be greeted
TIMEOUT = 30.0  # seconds for each answer after that
DEFAULT_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


class Delayed(AppError):
    """The mail can't be handed over now; later it may."""

    status, type, title = 503, "mail-delayed", "The mail server does not take the mail now"


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server: `security` is `smtp` (none), `smtp+starttls` or `smtps`; user may be empty."""

    security: str
    host: str
    port: int
    user: str
    password: str = field(repr=False)


def check() -> None:
    """Warn when this worker will not be able to send mails, for the log of its start.

    Raises ConfigError when SMTP_URL or MAIL_FROM is set to what can't be used.
    """
    if not settings().smtp_url:
        logs.warning("mail.off", reason="SMTP_URL is not set: no mail will be sent.")
        return
    server(settings().smtp_url)
    sender(settings().mail_from)
    if not settings().app_url:
        logs.warning("mail.links-off", reason="APP_URL is not set: mails with links will fail.")


def server(url: str) -> Server:
    """Read an address such as `smtp://user:password@host:587?starttls` or `smtps://host`.

    Raises ConfigError, which says nothing of what is in it, for any other.
    """
    try:
        parts = urlsplit(url)
        return _server(parts, unquote(parts.username or ""), unquote(parts.password or ""))
    except ValueError:
        raise ConfigError(
            "SMTP_URL must be like smtp://user:password@host:587?starttls or smtps://..., with "
            "reserved characters in user and password percent-encoded."
        ) from None


def sender(text: str) -> tuple[str, str]:
    """Return the From line that MAIL_FROM gives, and its domain; raises ConfigError for none."""
    message = EmailMessage()
    with suppress(ValueError):  # a line break
        message["From"] = text
    addresses = list(message["From"].addresses) if message["From"] else []
    if len(addresses) != 1 or not addresses[0].username or not addresses[0].domain:
        raise ConfigError("MAIL_FROM must be an address, such as Studio <no-reply@example.com>.")
    return text, addresses[0].domain


def deliver(to: Server, message: EmailMessage, helo: str) -> None:
    """Hand a mail over to the server, which then answers for it; `helo` is how we call ourselves.

    Raises PermanentFailure when the server refuses this mail for good, Delayed when it does not
    take it now.
    """
    connection = _open(to, helo)
    try:
        connection.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        raise _refusal(*(code for code, _ in error.recipients.values())) from None
    except smtplib.SMTPResponseException as error:
        raise _refusal(error.smtp_code) from None
    except smtplib.SMTPNotSupportedError:
        raise PermanentFailure("The mail server can't deliver to such an address.") from None
    except (smtplib.SMTPException, OSError) as error:
        raise Delayed(f"The mail server broke off ({type(error).__name__}).") from None
    finally:
        # Whatever becomes of the farewell, the mail was taken or it was not.
        with suppress(smtplib.SMTPException, OSError):
            connection.quit()
        connection.close()


def _server(parts: SplitResult, user: str, password: str) -> Server:
    security = f"{parts.scheme}+{parts.query}" if parts.query else parts.scheme
    if security not in DEFAULT_PORTS or not parts.hostname or parts.path.strip("/"):
        raise ValueError
    if user and security == "smtp":
        raise ConfigError("SMTP_URL has a password that would travel unencrypted: add ?starttls.")
    return Server(security, parts.hostname, parts.port or DEFAULT_PORTS[security], user, password)


def _open(to: Server, helo: str) -> smtplib.SMTP:
    # A refusal here is about us, not about the mail: somebody may put it right in the meantime.
    try:
        connection = _connected(to, helo)
        try:
            if to.security == "smtp+starttls":
                connection.starttls(context=ssl.create_default_context())
            if to.user:
                connection.login(to.user, to.password)
        except BaseException:
            connection.close()
            raise
    except smtplib.SMTPResponseException as error:
        raise Delayed(f"The mail server does not let us in ({error.smtp_code}).") from None
    except (smtplib.SMTPException, OSError) as error:
        raise Delayed(f"The mail server can't be reached ({type(error).__name__}).") from None
    return connection


def _connected(to: Server, helo: str) -> smtplib.SMTP:
    # Without a name of our own, smtplib would ask the resolver for one, for as long as that takes.
    if to.security == "smtps":
        context = ssl.create_default_context()
        connection: smtplib.SMTP = smtplib.SMTP_SSL(
            to.host, to.port, helo, timeout=CONNECT_TIMEOUT, context=context
        )
    else:
        connection = smtplib.SMTP(to.host, to.port, helo, timeout=CONNECT_TIMEOUT)
    if connection.sock:
        connection.sock.settimeout(TIMEOUT)
    return connection


def _refusal(*codes: int) -> AppError:
    code = min(codes)
    if code < 500:
        return Delayed(f"The mail server does not take the mail now ({code}).")
    return PermanentFailure(f"The mail server refuses the mail for good ({code}).")

"""python -m lib.emulator mail: SMTP on MAIL_SMTP_PORT, and the mails to read on MAIL_PORT."""

import asyncio
import os
import signal
from threading import Thread
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

from lib.emulator.mail_pages import MailPages
from lib.emulator.mailbox import Mailbox
from lib.emulator.ports import LOOPBACK

DEFAULT_PORT = 5007
DEFAULT_SMTP_PORT = 5008


class Handler(WSGIRequestHandler):
    """One request, of which no line is left: the page asks again every few seconds."""

    def log_request(self, *_: Any) -> None:
        """Leave no line."""


def main(_arguments: list[str]) -> int:
    """Serve both on HOST until SIGTERM; the mails are in memory and go with the process."""
    host = os.environ.get("HOST") or LOOPBACK
    port = int(os.environ.get("MAIL_PORT") or DEFAULT_PORT)
    smtp_port = int(os.environ.get("MAIL_SMTP_PORT") or DEFAULT_SMTP_PORT)
    asyncio.run(_serve(host, port, smtp_port))
    return 0


async def _serve(host: str, port: int, smtp_port: int) -> None:
    loop, stop, mailbox = asyncio.get_running_loop(), asyncio.Event(), Mailbox()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    # SMTP first: whoever gets an answer over HTTP can send mails, too.
    await loop.create_server(mailbox.smtp, host, smtp_port)
    pages = make_server(host, port, MailPages(mailbox), threaded=True, request_handler=Handler)
    Thread(target=pages.serve_forever, name="pages", daemon=True).start()
    await stop.wait()

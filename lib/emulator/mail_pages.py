"""The pages of the mailbox: a list for people, the same as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from markupsafe import Markup, escape
from werkzeug.wrappers import Request, Response

from lib.emulator.mailbox import LINK, Mail, Mailbox, shown

REFRESH = 5  # seconds
POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
PAGE = Markup(
    """<!doctype html>
<html lang="en"><meta charset="utf-8">{head}<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto }}
article {{ border: 1px solid #ccc; border-radius: 6px; padding: 0 1rem; margin: 1rem 0 }}
pre {{ white-space: pre-wrap; overflow-wrap: anywhere }}
small {{ color: #666 }}
</style>
<h1>{title}</h1>
{body}
</html>
"""
)
MAIL = Markup(
    "<article><h2>{subject}</h2><small>to {to}, from {sender}, at {at}</small><pre>{text}</pre>"
    "</article>"
)
LANDING = Markup(
    "<p>A mail led here because no <code>APP_URL</code> is set. With one, this is the page"
    " <code>/{page}</code> of your own front end, which passes this token on to the API:</p>"
    "<pre>{token}</pre>"
)


class MailPages:
    """The WSGI app that shows a mailbox."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request."""
        response = self._answer(Request(environ))
        response.headers.update(HEADERS)
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            return Response("Only GET is of use here.\n", 405, {"Allow": "GET, HEAD"})
        mails = self._mailbox.newest(request.args.get("to", ""))
        match request.path.strip("/").split("/"):
            case [""]:
                return _html(_list(mails))
            case ["messages"]:
                return _json({"items": [shown(mail) for mail in mails]})
            case ["links", page]:
                return _html(_landing(page, request.args.get("token", "")))
            case ["health"]:
                return _json({"status": "ok"})
        return Response("There is nothing here.\n", 404)


def _list(mails: list[Mail]) -> Markup:
    refresh = Markup('<meta http-equiv="refresh" content="{}">').format(REFRESH)
    articles = [MAIL.format(**shown(mail) | {"text": _linked(mail.text)}) for mail in mails]
    body = Markup("\n").join(articles) or Markup("<p>No mail has been sent yet.</p>")
    return PAGE.format(head=refresh, title="Mails", body=body)


def _landing(page: str, token: str) -> Markup:
    return PAGE.format(head="", title="A link", body=LANDING.format(page=page, token=token))


def _linked(text: str) -> Markup:
    """Return text with its addresses as links; all of it escaped."""
    pieces, at = [], 0
    for link in LINK.finditer(text):
        pieces += [escape(text[at : link.start()])]
        pieces += [Markup('<a href="{0}" rel="noreferrer">{0}</a>').format(link[0])]
        at = link.end()
    return Markup("").join([*pieces, escape(text[at:])])


def _html(page: Markup) -> Response:
    return Response(page, mimetype="text/html")


def _json(body: dict[str, Any]) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), mimetype="application/json")

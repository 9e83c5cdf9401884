"""What mails say: one file per mail in templates/, filled in with values that people chose."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from string import Template
from typing import NamedTuple

from lib.config import settings

TEMPLATES = Path(__file__).parent / "templates"
MAX_VALUE = 120  # characters of one value; more is cut off
OURS = {"app_name", "link"}  # placeholders that are not for the caller to fill


class Text(NamedTuple):
    """A mail as it reads: its subject, on one line, and its text."""

    subject: str
    text: str


def checked(template: str, values: Mapping[str, str], *, with_link: bool) -> dict[str, str]:
    """Return the values as the mail may hold them: each on one line, of bounded length.

    Raises ValueError when there is no such template, or it takes other values than these, or one
    needs the link that the other lacks.
    """
    subject, text = _template(template)
    wanted = {*subject.get_identifiers(), *text.get_identifiers()}
    if values.keys() != wanted - OURS or with_link != ("link" in wanted):
        raise ValueError(f"the mail {template} takes {sorted(wanted - {'app_name'})}")
    return {name: plain(value) for name, value in values.items()}


def render(template: str, values: Mapping[str, str], link: str | None) -> Text:
    """Return the mail's subject and text; raises ValueError as `checked` does."""
    subject, text = _template(template)
    filled = checked(template, values, with_link=link is not None)
    filled |= {"app_name": plain(settings().app_name), "link": link or ""}
    return Text(subject.substitute(filled), text.substitute(filled))


def link_to(template: str, token: str) -> str:
    """Return the address that a mail points to: a page of the product's front end, by its name."""
    return f"{settings().app_url}/{template}?token={token}"


def plain(value: str) -> str:
    """Return text that stays where it is put.

    Line breaks would start a header or a paragraph of their own, and characters that can't be seen
    would turn the text around or hide a part of it: the former become spaces, the latter go. What
    makes a web address goes too: the only one in a mail is ours.
    """
    line = " ".join(value.split())
    shown = "".join(c for c in line if unicodedata.category(c)[0] != "C").replace("://", " ")
    return shown if len(shown) <= MAX_VALUE else shown[: MAX_VALUE - 1] + "…"


@cache
def _template(name: str) -> tuple[Template, Template]:
    files = {file.stem: file for file in TEMPLATES.glob("*.txt")}
    if name not in files:
        raise ValueError(f"there is no mail {name}; there are {sorted(files)}")
    first, _, text = files[name].read_text(encoding="utf-8").partition("\n")
    return Template(first.removeprefix("Subject: ")), Template(text.strip() + "\n")

"""The headers of the static pages: from vercel.json, which the emulator reads too."""

import re
from pathlib import Path

import pytest

from lib.http.headers import SECURE

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(file for file in (ROOT / "public").rglob("*") if file.is_file())
PAGES = [file for file in FILES if file.suffix == ".html"]
OWN = {"Content-Security-Policy", "Cache-Control"}  # a page is not JSON, and may be cached


def address(file):
    return f"/{file.relative_to(ROOT / 'public')}"


@pytest.mark.parametrize("path", map(address, FILES))
def test_every_file_carries_the_headers_that_the_functions_send(api, path):
    first = api.client.get(path)
    assert first.status_code == 200
    again = api.client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    for answer in (first, again, api.client.head(path), api.client.post(path)):
        sent = {name: answer.headers.get(name) for name in SECURE}
        assert {n: v for n, v in sent.items() if n not in OWN} == {
            n: v for n, v in SECURE.items() if n not in OWN
        }
        assert "frame-ancestors 'none'" in sent["Content-Security-Policy"]
        assert "Server" not in answer.headers


def test_what_no_file_and_no_function_answers_carries_them_too(api):
    for path in ("/nothing", "/api/nothing", "/lib/config/__init__.py"):
        answer = api.client.get(path)
        assert answer.status_code == 404
        assert SECURE.items() <= dict(answer.headers).items()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_holds_nothing_that_its_policy_keeps_out(api, page):
    policy = api.client.get(address(page)).headers["Content-Security-Policy"]
    allowed = dict(part.split(" ", 1) for part in policy.split("; "))
    assert allowed["default-src"] == "'none'"
    assert (allowed["style-src"], allowed["script-src"]) == ("'self'", "'self'")
    text = page.read_text()
    sheets = re.findall(r"<link[^>]+href=\"([^\"]+)\"", text)
    assert "/style.css" in sheets
    assert all((ROOT / f"public{sheet}").is_file() for sheet in sheets)
    scripts = re.findall(r"<script\b([^>]*)>(.*?)</script>", text, re.DOTALL)
    assert all(re.search(r"\ssrc=\"/[^/]", tag) and not inline for tag, inline in scripts)
    assert not re.search(r"<(style|img|iframe|base|object|embed)\b", text)
    assert not re.search(r"<form[^>]+\s(action|method)=", text)  # a script takes what is typed
    assert not re.search(r"<[^>]+\s(style|on\w+)=", text)

"""The reference page: every operation is on it, with whom the table lets through."""

import re
from pathlib import Path

from lib.openapi.page import render
from tests.contract import document

PAGE = Path(__file__).resolve().parents[2] / "public" / "docs.html"


def test_the_page_is_what_the_document_says():
    assert PAGE.read_text() == render(document()), "run `make openapi`"


def test_the_page_lists_every_operation_with_the_role_it_needs():
    listed = re.findall(
        r'<details id="(\w+)">\n<summary><b>([A-Z]+)</b> <code>([^<]+)</code> <i>(\w+)</i> (\S.+)',
        PAGE.read_text(),
    )
    described = {
        (each["operationId"], method.upper(), path, each.get("x-required-role", "cron"))
        for path, item in document()["paths"].items()
        for method, each in item.items()
    }
    assert {row[:4] for row in listed} == described


def test_every_link_of_the_page_leads_somewhere():
    page = PAGE.read_text()
    targets = set(re.findall(r'id="(\w+)"', page))
    assert len(targets) > 50
    assert set(re.findall(r'href="#(\w+)"', page)) <= targets

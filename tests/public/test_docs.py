"""The reference page: every operation is on it, with whom the table lets through."""

import re
from pathlib import Path

from lib.openapi.page import render
from tests import protocol
from tests.contract import document

PAGE = Path(__file__).resolve().parents[2] / "public" / "docs.html"


def test_the_page_is_what_the_document_says():
    page = render(document(), protocol.document())
    assert PAGE.read_text() == page, "run `make openapi`"


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


def test_the_page_lists_every_event_of_a_room_with_who_sends_it():
    listed = re.findall(
        r"<summary><code>([a-z-]+)</code> <i>(\w+)</i> \S.+</summary>", PAGE.read_text()
    )
    described = [
        (message["name"], "host" if key.startswith("host.") else None)
        for key, message in protocol.document()["components"]["messages"].items()
    ]
    sent_by_host = [name for name, sender in described if sender]
    assert sorted(name for name, who in listed if who == "host") == sorted(sent_by_host)
    roles = {
        operation["messages"][0]["$ref"].rpartition("client.")[2]: operation["x-required-role"]
        for operation in protocol.document()["operations"].values()
        if operation["action"] == "receive"
    }
    assert {name: who for name, who in listed if who != "host"} == roles


def test_a_schema_of_both_documents_is_the_same_in_both():
    rest, rooms = (each["components"]["schemas"] for each in (document(), protocol.document()))
    shared = rest.keys() & rooms.keys()
    assert "PersonOut" in shared
    assert {name: rest[name] for name in shared} == {name: rooms[name] for name in shared}


def test_every_link_of_the_page_leads_somewhere():
    page = PAGE.read_text()
    targets = set(re.findall(r'id="(\w+)"', page))
    assert len(targets) > 50
    assert set(re.findall(r'href="#(\w+)"', page)) <= targets

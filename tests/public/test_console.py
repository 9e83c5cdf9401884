"""The console, and the client that it is made with: pages for a strict content security policy."""

import re
from pathlib import Path

import pytest

from tests import protocol

PUBLIC = Path(__file__).resolve().parents[2] / "public"
MODULES = ("collab.js", "console.js", "open-file.js")


def test_the_page_holds_no_script_and_no_style_of_its_own():
    page = (PUBLIC / "console.html").read_text()
    assert re.findall(r"<script[^>]*>(.*?)</script>", page, re.DOTALL) == [""]
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page)
    for address in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert (PUBLIC / address.removeprefix("/")).is_file(), address


def test_the_script_finds_everything_that_it_looks_for_on_the_page():
    page, script = ((PUBLIC / name).read_text() for name in ("console.html", "console.js"))
    wanted = set(re.findall(r'\$\("([\w-]+)"\)', script))
    assert len(wanted) > 10
    assert wanted <= set(re.findall(r'id="([\w-]+)"', page))


def test_every_field_of_the_page_has_a_name_for_those_who_can_not_see_it():
    page = (PUBLIC / "console.html").read_text()
    for field, attributes in re.findall(r"<(input|select|textarea)\b([^>]*)>", page):
        labelled = re.search(r'id="([\w-]+)"', attributes)
        assert labelled
        within = re.search(rf'<label>[^<]*<{field} id="{labelled[1]}"', page)
        assert within or "aria-label=" in attributes or f'for="{labelled[1]}"' in page, attributes


@pytest.mark.parametrize("name", MODULES)
def test_a_module_needs_nothing_from_elsewhere_and_makes_no_markup_of_text(name):
    script = (PUBLIC / name).read_text()
    for address in re.findall(r'^import .* from "([^"]+)"', script, re.MULTILINE):
        assert (PUBLIC / address).is_file(), address
    assert not re.search(r"innerHTML|insertAdjacentHTML|document\.write|\beval\b|localStorage", script)


def test_the_client_tells_of_every_event_that_a_host_sends():
    script = (PUBLIC / "collab.js").read_text()
    listed = script.partition("@typedef {{ state:")[2].partition("RoomEvents")[0]
    told = {name.strip('"') for name in re.findall(r'(?:^|[,\s*])("?[a-z-]+"?): ', listed)}
    messages = protocol.document()["components"]["messages"].values()
    names = {key for key in protocol.document()["components"]["messages"] if key[:5] == "host."}
    sent = {message["name"] for message in messages} & {name.removeprefix("host.") for name in names}
    assert sent - {"ack"} <= told

"""The client and the document, held to what others have written down: TypeScript and AsyncAPI."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft7Validator, FormatChecker

from tests import protocol
from tests.containers.programs import ROOT, FailedError, run

STRICT = ("--noEmit", "--checkJs", "--allowJs", "--strict")
BROWSER = ("--target", "es2022", "--module", "es2022", "--lib", "es2023,dom,dom.iterable")

WRONG = """
import { Room } from "./collab.js";
const room = new Room({ ticket: async () => 5 });
room.on("file-change", ({ author }) => author.surname);
room.on("no-such-event", () => {});
room.edit("file", "base", []);
"""


@pytest.fixture
def tsc(packages):
    """Check a module's types; raises FailedError with what is wrong."""
    return lambda file: run([packages / ".bin/tsc", *STRICT, *BROWSER, file], timeout=120)


def test_the_client_keeps_to_its_types(tsc):
    tsc(ROOT / "public/collab.js")


def test_its_types_hold_whoever_uses_it_to_the_protocol(tsc, tmp_path):
    (tmp_path / "collab.js").write_text((ROOT / "public/collab.js").read_text())
    (tmp_path / "wrong.js").write_text(WRONG)
    with pytest.raises(FailedError) as failed:
        tsc(tmp_path / "wrong.js")
    lines = [line for line in str(failed.value).splitlines() if "wrong.js(" in line]
    assert [line.partition("(")[2].partition(",")[0] for line in lines] == ["3", "4", "5", "6"]


def test_the_document_is_valid_by_the_official_schema(packages):
    schema = json.loads((packages / "@asyncapi/specs/schemas/3.0.0.json").read_text())
    official = Draft7Validator(schema, format_checker=FormatChecker())
    assert list(official.iter_errors(protocol.document() | {"channels": {"x y": 1}}))
    assert [error.message for error in official.iter_errors(protocol.document())] == []

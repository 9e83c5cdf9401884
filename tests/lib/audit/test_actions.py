"""The table of actions: what is recorded is in it, and what is in it is told."""

import ast
import json
import re
from pathlib import Path

import pytest

from lib.audit import events
from lib.audit.actions import ACTIONS, COLLECTIONS
from lib.stores import postgres

ROOT = Path(__file__).resolve().parents[3]
RECORDERS = {"record", "_record", "tell", "_tell", "_remove", "Event"}
NAME = re.compile(r"[a-z-]+\.[a-z-]+")


def recorded():
    """Every action that the code gives to what records it, by file."""
    found = {}
    for folder in ("lib", "worker", "realtime_host", "functions"):
        for file in (ROOT / folder).rglob("*.py"):
            for call in ast.walk(ast.parse(file.read_text())):
                if isinstance(call, ast.Call) and _name(call.func) in RECORDERS:
                    for each in ast.walk(ast.Module([*map(ast.Expr, call.args)], [])):
                        if isinstance(each, ast.Constant) and NAME.fullmatch(str(each.value)):
                            found[each.value] = file
    return found


def _name(function):
    return getattr(function, "attr", getattr(function, "id", None))


def test_every_action_in_the_code_is_declared():
    found = recorded()
    assert len(found) > 30
    assert {name: file for name, file in found.items() if name not in ACTIONS} == {}


def test_every_declared_action_is_named_in_the_code():
    text = "".join(
        file.read_text()
        for file in (ROOT / "lib").rglob("*.py")
        if file.name != "actions.py" and file.parent.name != "openapi"
    )
    built = {"job.retrying", "job.failed", "job.succeeded"}  # of the state that a job is in
    for name in ACTIONS.keys() - built:
        assert f'"{name}"' in text, name


@pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS)
def test_an_action_is_a_noun_and_a_verb_with_a_meaning_and_a_place(action):
    assert NAME.fullmatch(action.name)
    assert action.meaning.endswith(".")
    assert action.collection in COLLECTIONS


def test_what_is_not_declared_is_not_recorded(stack):
    with pytest.raises(ValueError, match=r"project\.abducted"), postgres.transaction() as conn:
        events.record(conn, "project.abducted", None, target=("project", "x"))


def test_the_reference_tells_of_every_action():
    document = json.loads((ROOT / "public/api/v1/openapi.json").read_text())
    shown = document["components"]["schemas"]["EventOut"]["properties"]["action"]
    assert shown["enum"] == list(ACTIONS)
    for action in ACTIONS.values():
        assert f"`{action.name}`" in shown["description"]
        assert action.meaning in shown["description"]

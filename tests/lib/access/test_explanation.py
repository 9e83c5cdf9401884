"""The table of permissions, shown whole; and one decision, with its reason."""

import pytest

from lib.access.permissions import PERMISSIONS, ROLES, Level


def ask(who, permission, target=None):
    query = f"?permission={permission}" + (f"&target_id={target}" if target else "")
    return who.get(f"/permissions/explain{query}")


def test_the_table_is_shown_to_anybody_and_whole(api):
    shown = api.get("/permissions").get_json()
    rows = {row["name"]: (row["scope"], row["least"]) for row in shown["permissions"]}
    assert rows == {
        name: (rule.scope, rule.least.name.lower()) for name, rule in PERMISSIONS.items()
    }
    assert shown["levels"] == [level.name.lower() for level in Level]


@pytest.mark.parametrize("role", ["viewer", "collaborator", "owner"])
def test_an_explanation_agrees_with_the_table_and_names_the_role(team, role):
    ids = {"workspace": team.workspace["id"], "project": team.project["id"]}
    for name, rule in PERMISSIONS.items():
        if rule.scope in ids:
            told = ask(team.by_role()[role], name, ids[rule.scope]).get_json()
            assert told["allowed"] == (ROLES[role] >= rule.least), name
            assert (told["role"], told["least"]) == (role, rule.least.name.lower())
            assert role in told["reason"]


def test_to_a_stranger_a_thing_that_is_there_looks_like_one_that_is_not(team):
    there = ask(team.stranger, "project.read", team.project["id"]).get_json()
    nowhere = ask(team.stranger, "project.read", team.stranger.id).get_json()
    assert there == nowhere
    assert not there["allowed"]
    assert there["role"] is None


def test_what_needs_no_role_is_explained_too(team):
    assert ask(team.stranger, "workspace.create").get_json()["allowed"]
    assert ask(team.stranger, "session.create").get_json()["reason"] == "Anybody may."


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("", "/permission"),
        ("?permission=fly", "/permission"),
        ("?permission=project.read", "/target_id"),
        ("?permission=project.read&target_id=x", "/target_id"),
        ("?permission=workspace.create&target_id=0190aaaa-0000-7000-8000-000000000000",
         "/target_id"),
    ],
)  # fmt: skip
def test_a_question_that_makes_no_sense_is_refused_with_a_pointer(team, query, pointer):
    refused = team.owner.get(f"/permissions/explain{query}")
    assert refused.status_code == 422
    assert pointer in [error["pointer"] for error in refused.get_json()["errors"]]

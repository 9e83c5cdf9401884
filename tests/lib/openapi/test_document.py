"""The reference: whole, valid, and never older than the routes."""

import os
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from marshmallow import ValidationError
from openapi_spec_validator import validate

from lib.access.permissions import PERMISSIONS
from lib.accounts.token_schemas import PersonalTokenIn
from lib.config import load
from lib.files.schemas import FileIn
from lib.openapi.document import build, text
from lib.projects.schemas import ProjectChanges
from lib.workspaces.invitation_schemas import InvitationIn
from tests.contract import REFERENCE, document

ROOT = Path(__file__).resolve().parents[3]


def described():
    for path, item in document()["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def test_it_is_what_the_routes_say(stack):
    assert text(build(ROOT)) == REFERENCE.read_text(), "run `make openapi`"


def test_it_is_valid_openapi():
    validate(document())


def test_every_route_and_method_is_in_it_with_the_role_it_needs(route_methods):
    in_document = {
        (path, method.upper(), operation.get("x-permission"))
        for path, method, operation in described()
        if not path.startswith("/api/cron")
    }
    in_code = {
        (re.sub(r"<\w+:(\w+)>", r"{\1}", route.path), route.method, route.permission)
        for route in route_methods
    }
    assert in_document == in_code
    for _, _, operation in described():
        if name := operation.get("x-permission"):
            assert operation["x-required-role"] == PERMISSIONS[name].least.name.lower()


def test_every_operation_says_what_it_does_under_a_name_of_its_own():
    names = [operation["operationId"] for _, _, operation in described()]
    assert len(names) == len(set(names)) > 30
    for path, method, operation in described():
        assert re.fullmatch(r"[A-Z].+\.", operation["summary"]), (path, method)


def test_every_operation_names_its_errors():
    for path, method, operation in described():
        responses = operation["responses"]
        assert "503" in responses, (path, method)
        public = operation.get("x-required-role") == "anyone"
        assert bool(operation["security"]) != public, (path, method)
        assert public or "401" in responses, (path, method)
        if "requestBody" in operation:
            assert {"400", "413", "415", "422"} <= set(responses), (path, method)
        if "{" in path:
            assert "404" in responses, (path, method)


def test_what_comes_in_refuses_unknown_fields_and_what_goes_out_is_complete():
    for name, schema in document()["components"]["schemas"].items():
        if name == "Problem":
            continue
        assert schema["additionalProperties"] is False, name
        if name.endswith("Out"):
            assert schema["required"] == sorted(schema["properties"]), name


def links(path):
    created = document()["paths"][path]["post"]["responses"]["201"]
    return {name: link["parameters"] for name, link in created["links"].items()}


def test_what_is_created_is_linked_to_all_that_can_be_done_with_it():
    one = {"workspace_id": "$response.body#/id"}
    assert links("/api/v1/workspaces")["workspaces_read"] == one
    assert links("/api/v1/workspaces")["workspaces_projects_create"] == one
    members = links("/api/v1/workspaces/{workspace_id}/members")
    assert set(members) == {f"workspaces_members_{do}" for do in ("read", "change_role", "remove")}
    assert members["workspaces_members_read"] == {
        "workspace_id": "$request.path.workspace_id",
        "user_id": "$response.body#/user_id",
    }


def test_every_creation_is_linked_to_what_needs_its_id_alone():
    operations = {operation["operationId"]: path for path, _, operation in described()}
    for path, _, operation in described():
        for response in operation["responses"].values():
            if "Location" not in response.get("headers", {}):
                continue
            assert response["links"], path
            for link in response["links"].values():
                names = set(re.findall(r"{(\w+)}", operations[link["operationId"]]))
                assert names == set(link["parameters"]), (path, link)


def test_patterns_are_those_of_json_schema():
    found = re.findall(r'"pattern": "([^\n]+)"', text(document()))
    assert len(found) > 5
    for pattern in found:
        assert pattern.startswith("^"), pattern
        assert pattern.endswith("$"), pattern
        assert "\\\\Z" not in pattern, pattern


@pytest.mark.parametrize(
    ("schema", "valid", "invalid"),
    [
        (ProjectChanges, [{"name": "x"}, {"description": ""}], [{}]),
        (
            InvitationIn,
            [{"role": "viewer", "max_uses": 9}, {"role": "owner", "email": "a@example.com"}],
            [{"role": "owner"}, {"role": "viewer", "email": "a@example.com", "max_uses": 9}],
        ),
        (
            PersonalTokenIn,
            [{"name": "x", "scopes": ["read"]}, {"name": "x", "scopes": ["read", "write"]}],
            [{"name": "x", "scopes": scopes} for scopes in ([], ["write"], ["read", "read"])],
        ),
        (
            FileIn,
            [{"path": "a/b.md"}, {"path": "..."}],
            [{"path": path} for path in ("", "/a", "a/", "a//b", "..", "a/../b", "a\\b", "a\nb")],
        ),
    ],
)
def test_a_schema_says_what_is_checked_of_the_whole_object(schema, valid, invalid):
    told = Draft202012Validator(document()["components"]["schemas"][schema.__name__])
    loader = schema()
    for values in valid:
        assert told.is_valid(values)
        loader.load(values)
    for values in invalid:
        assert not told.is_valid(values), values
        with pytest.raises(ValidationError):
            loader.load(values)


def test_it_is_served_beside_the_routes_that_it_describes(api):
    answer = api.client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    assert answer.content_type.startswith("application/json")
    assert answer.get_json() == document()


def test_receivers_are_told_the_time_they_have_unless_it_is_set_otherwise(stack, monkeypatch):
    monkeypatch.delenv("WEBHOOK_TIMEOUT", raising=False)
    said = document()["webhooks"]["event"]["post"]["description"]
    assert f"within {load(os.environ).webhook_timeout} seconds" in said
    assert "WEBHOOK_TIMEOUT" in said


def test_what_webhooks_are_sent_is_described_as_it_is_made(team):
    (sent,) = document()["webhooks"].values()
    assert {header["name"] for header in sent["post"]["parameters"]} == {
        "webhook-id", "webhook-timestamp", "webhook-signature",
    }  # fmt: skip
    path = f"/workspaces/{team.workspace['id']}/webhooks"
    hook = team.owner.post(path, {"url": "https://hooks.example.com/"}).get_json()
    deliveries = f"{path}/{hook['id']}/deliveries"
    assert team.owner.post(f"{path}/{hook['id']}/ping").status_code == 202
    schema = sent["post"]["requestBody"]["content"]["application/json"]["schema"]
    validator = Draft202012Validator(schema | {"components": document()["components"]})
    made = [each["id"] for each in team.owner.get(deliveries).get_json()["items"]]
    assert len(made) >= 3  # that it was created, the ping, and that it was pinged
    for event_id in made:
        payload = team.owner.get(f"{deliveries}/{event_id}").get_json()["payload"]
        assert list(validator.iter_errors(payload)) == []

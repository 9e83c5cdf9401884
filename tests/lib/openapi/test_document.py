"""The reference: whole, valid, and never older than the routes."""

import re
from pathlib import Path

from openapi_spec_validator import validate

from lib.access.permissions import PERMISSIONS
from lib.openapi.document import build, text
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
        if not path.startswith("/api/cron/")
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


def test_it_is_served_beside_the_routes_that_it_describes(api):
    answer = api.client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    assert answer.content_type.startswith("application/json")
    assert answer.get_json() == document()

"""The protocol's document: whole, never older than the events, true to the host's own tables."""

from __future__ import annotations

import re
from typing import Any

import pytest
from jsonschema import Draft7Validator

from lib.access.permissions import PERMISSIONS
from lib.bridge import rooms
from lib.bridge.log import Standing
from lib.openapi.document import text
from realtime_host import close_codes, limits
from realtime_host.asyncapi.document import build
from realtime_host.bounds import BOUNDS
from realtime_host.events import all_events
from realtime_host.resuming import Asked, refused
from realtime_host.schemas import RESYNC_REASONS
from realtime_host.sent import SENT
from tests.protocol import DOCUMENT, check, document


def _references(node: Any) -> list[str]:
    if isinstance(node, list):
        return [found for each in node for found in _references(each)]
    if not isinstance(node, dict):
        return []
    own = [node["$ref"]] if "$ref" in node else []
    return own + [found for each in node.values() for found in _references(each)]


def test_it_is_what_the_events_say():
    assert text(build()) == DOCUMENT.read_text(), "run `make openapi`"


def test_every_reference_leads_somewhere():
    references = _references(document())
    assert len(references) > 50
    for reference in references:
        node = document()
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]


def test_every_payload_is_a_json_schema_that_refuses_what_it_does_not_know():
    for message in document()["components"]["messages"].values():
        Draft7Validator.check_schema(message["payload"])
        assert message["payload"]["additionalProperties"] is False
    for name, schema in document()["components"]["schemas"].items():
        assert name == "Problem" or schema["additionalProperties"] is False, name


def test_every_event_that_clients_may_send_is_in_it_with_the_role_it_needs():
    receives = {
        operation["messages"][0]["$ref"].rpartition("client.")[2]: operation
        for operation in document()["operations"].values()
        if operation["action"] == "receive"
    }
    assert receives.keys() == all_events().keys()
    for name, event in all_events().items():
        rule = PERMISSIONS[event.permission]
        told = [receives[name][f"x-{member}"] for member in ("permission", "required-role")]
        assert told == [rule.name, rule.least.name.lower()]
        assert re.fullmatch(r"[A-Z].+\.", receives[name]["summary"])


def test_everything_that_a_use_case_announces_is_in_it():
    announced = {rooms.FILE_CHANGE, rooms.JOB_LOG, rooms.JOB_UPDATED, rooms.MEMBER_UPDATED}
    announced.add(rooms.PROJECT_UPDATED)
    assert announced <= {sent.name for sent in SENT}
    messages = document()["components"]["messages"]
    assert {f"host.{sent.name}" for sent in SENT} <= messages.keys()


def test_the_channel_of_yjs_providers_is_in_it():
    channel = document()["channels"]["file"]
    assert channel["address"] == "/yjs/{file_id}"
    names = [channel["x-permission"], channel["x-permission-to-write"]]
    assert [PERMISSIONS[name].least.name for name in names] == ["VIEWER", "COLLABORATOR"]
    assert "429" in channel["x-refusals"]


def test_every_reason_for_a_resync_is_in_it():
    standing = Standing("e", seq=5_000, pruned=10)
    places = [Asked("other", 1), Asked("e", 5_001), Asked("e", 9)]
    assert {refused(place, standing) for place in places} == set(RESYNC_REASONS)


def test_every_code_that_a_host_closes_with_is_in_it():
    told = document()["channels"]["room"]["x-close-codes"]
    assert {int(code) for code in told} == close_codes.REASONS.keys()


def test_every_limit_is_in_the_welcome_and_in_it_under_one_name(connect, team):
    welcome = connect(team.viewer, team.project["id"]).welcome["data"]["limits"]
    described = document()["components"]["schemas"]["LimitsOut"]
    assert welcome == document()["channels"]["room"]["x-limits"]
    assert set(described["required"]) == described["properties"].keys() == welcome.keys()
    assert all(each["description"] for each in described["properties"].values())
    known = {bound.constant: bound.name for bound in BOUNDS}
    assert known.keys() >= set(limits.CONFIGURABLE)
    assert {name: getattr(limits, each) for each, name in known.items()}.items() <= welcome.items()


@pytest.mark.parametrize(
    "frame",
    [
        {"event": "nothing-known", "data": {}},
        {"event": "ack", "id": "1", "data": {"seq": 1}},
        {"event": "reconnect", "id": "1", "at": "now", "data": {"after_ms": "soon"}},
        {"event": "user-left", "id": "1", "at": "now", "data": {}},
        {"event": "ack", "id": "1", "data": {}, "more": 1},
    ],
)
def test_a_frame_that_it_does_not_describe_fails_a_test(frame):
    with pytest.raises(AssertionError):
        check(frame)


def test_it_is_served_beside_the_routes(api):
    answer = api.client.get("/api/v1/asyncapi.json")
    assert answer.content_type.startswith("application/json")
    assert answer.get_json() == document()

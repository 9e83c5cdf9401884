"""Submitting jobs: what is accepted, what is refused and why, who may, what is listed."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from jsonschema import Draft202012Validator
from marshmallow import fields, validate

from lib.bridge import keys
from lib.schemas import Strict
from lib.stores import postgres, redis_tcp
from worker.kinds import Kind, announce, discover


class Part(Strict):
    sku = fields.String(required=True, validate=validate.Length(min=1, max=8))


class Order(Strict):
    parts = fields.List(fields.Nested(Part), required=True, validate=validate.Length(max=3))
    urgent = fields.Boolean(load_default=False)
    customer = fields.UUID(allow_none=True)


class AnyNumbers(Order):
    n = fields.List(fields.Raw())


KIND = Kind("test.order", "An order", Order, lambda _: None, 4, 60)


@pytest.fixture
def jobs(team):
    with postgres.transaction() as conn:
        announce(conn, {KIND.name: KIND})
    return f"/projects/{team.project['id']}/jobs"


def order(**payload):
    return {"kind": "test.order", "payload": {"parts": []} | payload}


def pointers(answer):
    assert answer.status_code == 422, answer.text
    return {error["pointer"] for error in answer.get_json()["errors"]}


def test_numbers_in_a_payload_are_shown_as_sent_and_beyond_64_bits_as_doubles(team, jobs):
    exact, doubles = [2**63 - 1, -(2**63), 1.5, 1e20, -1.7e308], [2**63, -(2**70), 10**300]
    with postgres.transaction() as conn:
        announce(
            conn, {"test.any": Kind("test.any", "Anything", AnyNumbers, lambda _: None, 4, 60)}
        )
    payload = {"parts": [], "n": exact + doubles}
    made = team.owner.post(jobs, {"kind": "test.any", "payload": payload})
    assert made.status_code == 202, made.text
    for shown in (made, team.owner.get(made.headers["Location"])):
        numbers = shown.get_json()["payload"]["n"]
        assert numbers[: len(exact)] == exact
        assert [float(n) for n in numbers[len(exact) :]] == [float(n) for n in doubles]
    assert team.owner.get(jobs).status_code == 200


def test_an_accepted_job_can_be_read_where_the_answer_says(team, jobs):
    answer = team.collaborator.post(jobs, order(parts=[{"sku": "a"}]))
    job = answer.get_json()
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/api/v1/jobs/{job['id']}"
    assert team.viewer.get(answer.headers["Location"]).get_json() == job
    assert (job["kind"], job["state"], job["max_attempts"]) == ("test.order", "queued", 4)
    assert job["created_by"] == team.collaborator.id
    assert {"lease_token", "worker", "request_id", "actor_email"}.isdisjoint(job)


def test_the_queue_holds_one_message_for_it(team, jobs):
    redis_tcp.client().delete(keys.QUEUE)
    job = team.collaborator.post(jobs, order()).get_json()
    (message,) = redis_tcp.client().lrange(keys.QUEUE, 0, -1)
    assert job["id"] in message


def test_an_unknown_kind_is_refused_and_the_known_ones_are_named(team, jobs):
    answer = team.collaborator.post(jobs, {"kind": "test.none"})
    assert pointers(answer) == {"/kind"}
    assert "test.order" in answer.get_json()["errors"][0]["detail"]


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"parts": [{}]}, {"/payload/parts/0/sku"}),
        ({"parts": [{"sku": ""}]}, {"/payload/parts/0/sku"}),
        ({"parts": [{"sku": "a"}, {"sku": "a", "x": 1}]}, {"/payload/parts/1/x"}),
        ({"parts": [{"sku": "a"}] * 4}, {"/payload/parts"}),
        ({"parts": "many"}, {"/payload/parts"}),
        ({"urgent": "yes please"}, {"/payload/urgent"}),
        ({"customer": "nobody"}, {"/payload/customer"}),
        ({"a/b": 1, "c~d": 2}, {"/payload/a~1b", "/payload/c~0d"}),
        ({"parts": [{"sku": {"$gt": ""}}]}, {"/payload/parts/0/sku"}),
    ],
)  # fmt: skip
def test_a_payload_that_the_kind_does_not_take_is_refused_with_pointers(
    team, jobs, payload, expected
):
    assert pointers(team.collaborator.post(jobs, order(**payload))) == expected


def test_a_payload_is_required_where_the_kind_requires_it(team, jobs):
    assert pointers(team.collaborator.post(jobs, {"kind": "test.order"})) == {"/payload/parts"}
    assert pointers(team.collaborator.post(jobs, {"kind": "test.order", "payload": []})) == {
        "/payload"
    }


@pytest.mark.parametrize(
    "change",
    [
        {"max_attempts": 0},
        {"max_attempts": 21},
        {"max_attempts": "3"},
        {"run_at": "2026-01-01T00:00:00"},
        {"run_at": (datetime.now(UTC) + timedelta(days=400)).isoformat()},
        {"state": "running"},
        {"attempt": 3},
        {"lease_token": str(uuid4())},
        {"created_by": str(uuid4())},
        {"kind": ""},
    ],
)
def test_what_is_not_the_callers_to_say_is_refused(team, jobs, change):
    assert pointers(team.collaborator.post(jobs, order() | change)) == {f"/{next(iter(change))}"}


def test_a_time_in_the_past_means_now(team, jobs):
    job = team.collaborator.post(jobs, order() | {"run_at": "0001-01-01T00:00:00+14:00"}).get_json()
    assert datetime.fromisoformat(job["run_at"]) > datetime.now(UTC) - timedelta(minutes=1)


def test_jobs_are_listed_newest_first_page_by_page_and_by_state(team, jobs):
    ids = [team.collaborator.post(jobs, order()).get_json()["id"] for _ in range(5)]
    with postgres.connection() as conn:
        conn.execute(
            "UPDATE jobs SET state = 'failed', finished_at = now() WHERE id = ANY(%s)",
            [ids[:3]],
        )
    first = team.viewer.get(f"{jobs}?limit=2&state=failed")
    assert [job["id"] for job in first.get_json()["items"]] == [ids[2], ids[1]]
    link = first.headers["Link"].partition(">")[0].lstrip("<")
    assert [job["id"] for job in team.viewer.get(link).get_json()["items"]] == [ids[0]]
    assert [job["id"] for job in team.viewer.get(jobs).get_json()["items"]] == ids[::-1]
    assert pointers(team.viewer.get(f"{jobs}?state=lost")) == {"/state"}


def test_a_job_without_an_artifact_has_none_to_download(team, jobs):
    job = team.collaborator.post(jobs, order()).get_json()
    answer = team.viewer.get(f"/jobs/{job['id']}/artifact")
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


def test_viewers_submit_nothing_and_strangers_see_nothing(team, jobs):
    assert team.viewer.post(jobs, order()).status_code == 403
    assert team.stranger.post(jobs, order()).status_code == 404
    job = team.collaborator.post(jobs, order()).get_json()
    assert team.stranger.get(f"/jobs/{job['id']}").status_code == 404
    assert team.stranger.get(f"/jobs/{job['id']}/artifact").status_code == 404


def test_every_kind_that_ships_announces_a_schema_that_refuses_the_unknown(stack):
    known = discover(["worker.handlers"])
    assert "project.export" in known
    for kind in [*known.values(), KIND]:
        schema = kind.payload_schema()
        Draft202012Validator.check_schema(schema)
        assert schema["additionalProperties"] is False
        assert "$ref" not in str(schema)

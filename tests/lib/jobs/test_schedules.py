"""Schedules over REST: who may, what is refused, what is told."""

from datetime import UTC, datetime, timedelta

import pytest

from lib.jobs import schedules
from lib.stores import postgres
from tests.api.conftest import job_kind
from tests.api.walk import KIND

__all__ = ["job_kind"]

NIGHTLY = {"name": "Nightly", "kind": KIND, "cron": "0 3 * * *", "timezone": "Europe/Berlin"}


@pytest.fixture
def path(team, job_kind):
    return f"/projects/{team.project['id']}/schedules"


@pytest.fixture
def made(team, path):
    answer = team.owner.post(path, NIGHTLY | {"payload": {"a": 1}})
    assert answer.status_code == 201, answer.text
    return answer.get_json()


def recorded(schedule):
    with postgres.connection() as conn:
        rows = conn.execute(
            "SELECT event FROM audit_outbox WHERE event->>'target_id' = %s ORDER BY id",
            [schedule["id"]],
        ).fetchall()
    return [row["event"] for row in rows]


def test_a_schedule_says_when_it_is_due_next(team, path, made):
    assert {name: made[name] for name in NIGHTLY} == NIGHTLY
    assert (made["enabled"], made["stopped_for"], made["last_job"]) == (True, None, None)
    assert (made["payload"], made["updated_by"]) == ({"a": 1}, team.owner.id)
    due, now = datetime.fromisoformat(made["next_run_at"]), datetime.now(UTC)
    assert now < due <= now + timedelta(hours=25)
    assert due.hour in (1, 2)  # 3 o'clock in Berlin
    for who in (team.viewer, team.collaborator, team.owner):
        assert who.get(f"{path}/{made['id']}").get_json() == made
        assert who.get(path).get_json()["items"] == [made]


def test_nobody_but_owners_changes_schedules(team, path, made):
    one = f"{path}/{made['id']}"
    for who in (team.viewer, team.collaborator):
        assert who.post(path, NIGHTLY).status_code == 403
        assert who.patch(one, {"name": "x"}).status_code == 403
        assert who.delete(one).status_code == 403
    assert team.stranger.get(one).status_code == 404
    assert team.owner.get(one).get_json() == made


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"cron": "0 0 30 2 *"}, "/cron"), ({"cron": "* * * * * *"}, "/cron"),
        ({"cron": "61 * * * *"}, "/cron"), ({"cron": "@hourly"}, "/cron"),
        ({"cron": None}, "/cron"), ({"cron": 5}, "/cron"), ({"cron": "* " * 200}, "/cron"),
        ({"timezone": "Mars/Olympus"}, "/timezone"), ({"timezone": "../x"}, "/timezone"),
        ({"kind": "no.such"}, "/kind"), ({"kind": "email.send"}, "/kind"),
        ({"kind": "workspace.report"}, "/kind"), ({"payload": []}, "/payload"),
        ({"enabled": 1}, "/enabled"), ({"enabled": "yes"}, "/enabled"), ({"name": ""}, "/name"),
        ({"next_run_at": "2026-01-01T00:00:00Z"}, "/next_run_at"),
        ({"updated_by": "x"}, "/updated_by"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_pointed_at_on_creation_and_on_change(team, path, made, change, pointer):
    for answer in (
        team.owner.post(path, NIGHTLY | change),
        team.owner.patch(f"{path}/{made['id']}", change),
    ):
        assert answer.status_code == 422, answer.text
        assert {error["pointer"] for error in answer.get_json()["errors"]} == {pointer}
    assert team.owner.get(f"{path}/{made['id']}").get_json() == made


def test_a_payload_is_checked_as_at_a_submission(team, path, made):
    with postgres.connection() as conn:
        conn.execute(
            "INSERT INTO job_kinds (kind, title, payload_schema, max_attempts) VALUES"
            " ('test.strict', '', '{\"type\": \"object\", \"additionalProperties\": false}', 1)"
            " ON CONFLICT DO NOTHING"
        )
    strict = {"kind": "test.strict", "payload": {"b": 1}}
    for answer in (
        team.owner.post(path, NIGHTLY | strict),
        team.owner.patch(f"{path}/{made['id']}", strict),
    ):
        assert [e["pointer"] for e in answer.get_json()["errors"]] == ["/payload/b"]
    kept = team.owner.patch(f"{path}/{made['id']}", {"kind": "test.strict"})  # payload: a
    assert [e["pointer"] for e in kept.get_json()["errors"]] == ["/payload/a"]
    both = team.owner.patch(f"{path}/{made['id']}", {"kind": "test.strict", "payload": {}})
    assert both.status_code == 200


def test_a_change_of_its_time_sets_the_next_one_and_a_change_of_its_name_does_not(team, path, made):
    one = f"{path}/{made['id']}"
    named = team.owner.patch(one, {"name": "Every night"}).get_json()
    assert (named["name"], named["next_run_at"]) == ("Every night", made["next_run_at"])
    moved = team.owner.patch(one, {"timezone": "Asia/Tokyo"}).get_json()
    assert datetime.fromisoformat(moved["next_run_at"]).hour == 18
    off = team.owner.patch(one, {"enabled": False}).get_json()
    assert (off["enabled"], off["next_run_at"]) == (False, None)
    with postgres.connection() as conn:
        conn.execute("UPDATE schedules SET next_run_at = '2020-01-01' WHERE id = %s", [made["id"]])
    on = team.owner.patch(one, {"enabled": True}).get_json()
    assert on["next_run_at"] == moved["next_run_at"]
    assert team.owner.patch(one, {}).status_code == 422


def test_a_change_that_means_another_version_is_refused(team, path, made):
    one = f"{path}/{made['id']}"
    tag = {"If-Match": team.owner.get(one).headers["ETag"]}
    assert team.owner.patch(one, {"name": "New"}, headers=tag).status_code == 200
    assert team.owner.patch(one, {"name": "Late"}, headers=tag).status_code == 412
    assert team.owner.delete(one, headers=tag).status_code == 412
    assert team.owner.get(one).get_json()["name"] == "New"


def test_what_owners_do_to_schedules_is_in_the_log(team, path, made):
    one = f"{path}/{made['id']}"
    team.owner.patch(one, {"name": "Every night", "cron": "0 3 * * *"})
    assert team.owner.delete(one).status_code == 204
    assert team.owner.get(one).status_code == 404
    events = recorded(made)
    assert [event["action"] for event in events] == [
        "schedule.created", "schedule.changed", "schedule.deleted",
    ]  # fmt: skip
    assert {event["actor_id"] for event in events} == {team.owner.id}
    assert {event["project_id"] for event in events} == {team.project["id"]}
    assert events[0]["details"] == NIGHTLY | {"enabled": True}
    assert events[1]["details"] == events[2]["details"] | {"changed": ["name"]}
    assert events[2]["details"]["name"] == "Every night"


def test_a_project_has_a_limited_number_however_many_come_at_once(team, path, monkeypatch, at_once):
    monkeypatch.setattr(schedules, "MAX_SCHEDULES", 3)
    answers = at_once(8, lambda _: team.owner.post(path, NIGHTLY).status_code)
    assert sorted(answers) == [201] * 3 + [409] * 5


def test_a_schedule_is_of_its_project_alone_and_goes_with_it(team, path, made):
    other = team.owner.post(f"/workspaces/{team.workspace['id']}/projects", {"name": "Other"})
    elsewhere = f"/projects/{other.get_json()['id']}/schedules/{made['id']}"
    assert team.owner.get(elsewhere).status_code == 404
    assert team.owner.patch(elsewhere, {"name": "x"}).status_code == 404
    assert team.owner.delete(elsewhere).status_code == 404
    project = f"/projects/{team.project['id']}"
    assert team.owner.delete(project).status_code == 204
    assert team.owner.delete(f"{project}/trash").status_code == 204
    with postgres.connection() as conn:
        left = conn.execute("SELECT 1 FROM schedules WHERE id = %s", [made["id"]]).fetchall()
    assert left == []

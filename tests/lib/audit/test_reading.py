"""What owners make of the log: filters, summaries, timelines, and the proof that it is whole."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote
from uuid import uuid4

import pytest

from lib.audit.actions import PROJECT_ACTIONS
from lib.bridge import log as room_log
from lib.stores import mongo, postgres
from tests.lib.audit.test_log import actions, items


@pytest.fixture
def path(team, move_all):
    move_all()
    return f"/workspaces/{team.workspace['id']}/audit"


def test_filters_by_target_project_request_and_address(team, path, move_all):
    marked = {"X-Request-Id": "canary-request-1"}
    project = f"/projects/{team.project['id']}"
    assert team.owner.patch(project, {"name": "x"}, headers=marked).status_code == 200
    move_all()
    about = f"?target_type=project&target_id={team.project['id']}"
    assert actions(team.owner.get(path + about)) == ["project.updated", "project.created"]
    assert actions(team.owner.get(f"{path}?target_type=file")) == ["file.created"]
    within = f"{path}?project_id={team.project['id']}"
    assert actions(team.owner.get(within)) == ["project.updated", "file.created", "project.created"]
    assert actions(team.owner.get(f"{path}?request_id=canary-request-1")) == ["project.updated"]
    assert len(items(team.owner.get(f"{path}?address={team.owner.address}"))) == 6
    for nothing in (f"target_id={uuid4()}", "address=192.0.2.1", "request_id=no-such-request"):
        assert items(team.owner.get(f"{path}?{nothing}")) == []


@pytest.mark.parametrize(
    "filters",
    ["target_type=$where", "target_id=%7B%7D", "target_id[$ne]=x", "project_id=x", "address=me",
     "request_id=short", "request_id=a%20b%20c%20d%20e", "target_type=" + "x" * 41],
)  # fmt: skip
def test_what_is_no_filter_is_refused_everywhere(team, path, filters):
    for where in ("", "/export", "/summary"):
        assert team.owner.get(f"{path}{where}?{filters}").status_code == 422


def test_a_summary_counts_by_day_action_and_person(team, path, move_all):
    content = f"/files/{team.file['id']}/content"
    assert team.collaborator.put(content, {"content": "x"}).status_code == 200
    move_all()
    summary = team.owner.get(f"{path}/summary").get_json()
    assert summary["total"] == 6
    assert sum(each["count"] for each in summary["by_day"]) == 6
    assert {each["day"] for each in summary["by_day"]} <= {
        (datetime.now(UTC) - timedelta(days=d)).date().isoformat() for d in (0, 1)
    }
    assert summary["by_action"][0] == {"action": "member.added", "count": 2}
    assert {each["action"]: each["count"] for each in summary["by_action"]} == {
        "member.added": 2, "workspace.created": 1, "project.created": 1, "file.created": 1,
        "file.edited": 1,
    }  # fmt: skip
    assert summary["by_actor"] == [
        {"actor": {"id": team.owner.id, "name": "Olga"}, "count": 5},
        {"actor": {"id": team.collaborator.id, "name": "Carl"}, "count": 1},
    ]


def test_a_summary_keeps_to_its_range_and_filters(team, path):
    summary = team.owner.get(f"{path}/summary?action=member.").get_json()
    assert (summary["total"], len(summary["by_action"])) == (2, 1)
    now = datetime.now(UTC)
    later = quote((now + timedelta(hours=1)).isoformat())
    until = quote((now + timedelta(hours=2)).isoformat())
    empty = team.owner.get(f"{path}/summary?since={later}&until={until}").get_json()
    assert (empty["total"], empty["by_day"], empty["by_actor"]) == (0, [], [])


def test_a_summary_is_of_a_year_and_a_day_at_most(team, path):
    until = datetime.now(UTC) + timedelta(hours=1)
    asked = f"since=2000-01-01T00:00:00Z&until={quote(until.isoformat())}"
    summary = team.owner.get(f"{path}/summary?{asked}").get_json()
    assert datetime.fromisoformat(summary["since"]) == until - timedelta(days=366)
    assert summary["total"] == 5


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00"])
def test_no_moment_is_too_early_or_too_late(team, path, moment):
    for where in ("", "/export", "/summary"):
        for name in ("since", "until"):
            assert team.owner.get(f"{path}{where}?{name}={moment}").status_code == 200, where


def test_what_the_system_did_is_counted_for_nobody(team, path, record, move_all):
    record(2, "project.purged", of=team.workspace["id"])
    move_all()
    summary = team.owner.get(f"{path}/summary?action=project.purged").get_json()
    assert summary["by_actor"] == [{"actor": None, "count": 2}]


def test_an_owner_verifies_the_log(team, path):
    intact = team.owner.get(f"{path}/verify").get_json()
    assert intact == {
        "intact": True, "broken": None, "complete": True, "after": 0, "upto": 5, "end": 5,
        "waiting": 0,
    }  # fmt: skip
    part = team.owner.get(f"{path}/verify?limit=2").get_json()
    assert (part["upto"], part["complete"]) == (2, False)
    with mongo.database() as database:
        wanted = {"workspace_id": team.workspace["id"], "seq": 4}
        change = {"$set": {"actor_name": "Mallory"}}
        assert database[PROJECT_ACTIONS].update_one(wanted, change).modified_count == 1
    broken = team.owner.get(f"{path}/verify").get_json()
    assert (broken["intact"], broken["upto"]) == (False, 3)
    assert broken["broken"] == {"seq": 4, "reason": "changed"}


@pytest.mark.parametrize("query", ["?limit=0", "?limit=10001", "?after=-1", "?after=x", "?x=1"])
def test_what_can_not_be_verified_is_refused(team, path, query):
    assert team.owner.get(f"{path}/verify{query}").status_code == 422


def test_nobody_but_owners_summarises_verifies_or_reads_a_timeline(team, path):
    for what in ("/summary", "/verify", "/timeline?request_id=whatever"):
        assert team.collaborator.get(path + what).status_code == 403
        assert team.stranger.get(path + what).status_code == 404


@pytest.fixture
def job_kind(stack):
    with postgres.connection() as conn:
        conn.execute(
            "INSERT INTO job_kinds (kind, title, payload_schema, max_attempts)"
            " VALUES ('test.timeline', 'T', '{\"type\": \"object\"}', 1) ON CONFLICT DO NOTHING"
        )


def test_a_timeline_shows_event_job_and_announcement_of_one_request_in_order(
    team, path, move_all, job_kind
):
    marked = {"X-Request-Id": "canary-request-2"}
    jobs = f"/projects/{team.project['id']}/jobs"
    answer = team.collaborator.post(jobs, {"kind": "test.timeline"}, headers=marked)
    assert answer.status_code == 202
    move_all()
    shown = team.owner.get(f"{path}/timeline?request_id=canary-request-2").get_json()
    assert shown["request_id"] == "canary-request-2"
    told = {(entry["source"], entry["what"]) for entry in shown["entries"]}
    assert told == {("log", "job.submitted"), ("job", "submitted"), ("room", "job-updated")}
    times = [entry["at"] for entry in shown["entries"]]
    assert times == sorted(times)
    by_source = {entry["source"]: entry for entry in shown["entries"]}
    assert by_source["job"]["target"] == {"type": "job", "id": answer.get_json()["id"]}
    assert by_source["log"]["actor"]["id"] == team.collaborator.id
    assert by_source["room"]["seq"] >= 1


def test_a_timeline_shows_nothing_of_other_workspaces(team, path, person, move_all, job_kind):
    marked = {"X-Request-Id": "canary-request-3"}
    jobs = f"/projects/{team.project['id']}/jobs"
    assert team.owner.post(jobs, {"kind": "test.timeline"}, headers=marked).status_code == 202
    move_all()
    other = person("Else")
    workspace = other.post("/workspaces", {"name": "Mine"}, headers=marked).get_json()
    move_all()
    mine = f"/workspaces/{workspace['id']}/audit/timeline?request_id=canary-request-3"
    entries = other.get(mine).get_json()["entries"]
    assert [entry["what"] for entry in entries] == ["workspace.created"]


def test_a_request_is_named_in_what_rooms_are_told(team):
    marked = {"X-Request-Id": "canary-request-4"}
    project = f"/projects/{team.project['id']}"
    assert team.owner.patch(project, {"name": "x"}, headers=marked).status_code == 200
    with postgres.connection() as conn:
        *_, newest = room_log.page(conn, team.project["id"], 0)
    assert (newest.type, newest.request_id) == ("project-updated", "canary-request-4")


def test_a_timeline_needs_a_request_id(team, path):
    for query in ("", "?request_id=", "?request_id=$ne", "?request_id=a&x=1"):
        assert team.owner.get(f"{path}/timeline{query}").status_code == 422

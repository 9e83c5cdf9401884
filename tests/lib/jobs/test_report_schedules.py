"""Reports that recur: schedules of a workspace as a whole, for its owners alone."""

from datetime import UTC, datetime, timedelta

import pytest

from lib.jobs import firing
from lib.stores import postgres
from tests.api.conftest import job_kind
from tests.api.walk import KIND

__all__ = ["job_kind"]

pytestmark = pytest.mark.usefixtures("no_schedules_of_others")

WEEKLY = {"name": "Weekly", "kind": "workspace.report", "cron": "0 6 * * MON"}


@pytest.fixture
def path(team):
    return f"/workspaces/{team.workspace['id']}/schedules"


@pytest.fixture
def made(team, path):
    answer = team.owner.post(path, WEEKLY | {"payload": {"days": 7, "format": "csv"}})
    assert answer.status_code == 201, answer.text
    return answer.get_json()


def let_time_pass(schedule, at):
    with postgres.connection() as conn:
        conn.execute("UPDATE schedules SET next_run_at = %s WHERE id = %s", [at, schedule["id"]])


def reports(team):
    return team.owner.get(f"/workspaces/{team.workspace['id']}/reports").get_json()["items"]


def test_owners_schedule_reports_and_nobody_else_sees_that(team, path, made):
    assert {name: made[name] for name in WEEKLY} == WEEKLY
    assert (made["workspace_id"], made["project_id"]) == (team.workspace["id"], None)
    assert made["payload"] == {"days": 7, "format": "csv"}
    one = f"{path}/{made['id']}"
    assert team.owner.get(one).get_json() == made
    assert team.owner.get(path).get_json()["items"] == [made]
    for who, status in ((team.collaborator, 403), (team.viewer, 403), (team.stranger, 404)):
        assert who.get(path).status_code == who.get(one).status_code == status
        assert who.post(path, WEEKLY).status_code == status
    changed = team.owner.patch(one, {"payload": {"days": 1}}).get_json()
    assert changed["payload"] == {"days": 1, "format": "zip"}
    assert team.owner.post(path, WEEKLY).get_json()["payload"] == {"days": 30, "format": "zip"}
    assert team.owner.delete(one).status_code == 204
    assert team.owner.get(one).status_code == 404


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"kind": KIND}, "/kind"), ({"kind": "email.send"}, "/kind"), ({"kind": None}, "/kind"),
        ({"payload": {"days": 0}}, "/payload/days"), ({"payload": {"days": 367}}, "/payload/days"),
        ({"payload": {"days": 1.5}}, "/payload/days"), ({"payload": []}, "/payload"),
        ({"payload": {"format": "pdf"}}, "/payload/format"),
        ({"payload": {"since": "2026-01-01T00:00:00Z"}}, "/payload/since"),
        ({"cron": "61 * * * *"}, "/cron"), ({"timezone": "Mars/Olympus"}, "/timezone"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_pointed_at(team, path, made, job_kind, change, pointer):
    for answer in (
        team.owner.post(path, WEEKLY | change),
        team.owner.patch(f"{path}/{made['id']}", change),
    ):
        assert answer.status_code == 422, answer.text
        assert [error["pointer"] for error in answer.get_json()["errors"]] == [pointer]
    assert team.owner.get(f"{path}/{made['id']}").get_json() == made


def test_those_of_the_workspace_and_those_of_its_projects_are_apart(team, path, made, job_kind):
    project = f"/projects/{team.project['id']}/schedules"
    nightly = {"name": "Nightly", "kind": KIND, "cron": "0 3 * * *"}
    other = team.owner.post(project, nightly).get_json()
    assert [each["id"] for each in team.owner.get(path).get_json()["items"]] == [made["id"]]
    assert [each["id"] for each in team.owner.get(project).get_json()["items"]] == [other["id"]]
    for wrong in (f"{path}/{other['id']}", f"{project}/{made['id']}"):
        assert team.owner.get(wrong).status_code == 404
        assert team.owner.patch(wrong, {"name": "x"}).status_code == 404
        assert team.owner.delete(wrong).status_code == 404
    assert team.owner.post(project, WEEKLY).status_code == 422


def test_a_report_is_of_the_days_up_to_when_it_was_due(team, path, made):
    due = datetime.now(UTC) - timedelta(seconds=5)
    let_time_pass(made, due)
    assert firing.fire() == firing.NOTHING | {"fired": 1}
    (job,) = reports(team)
    assert job["payload"] == {
        "since": (due - timedelta(days=7)).isoformat(), "until": due.isoformat(), "format": "csv",
    }  # fmt: skip
    assert (job["kind"], job["schedule_id"]) == ("workspace.report", made["id"])
    assert (job["project_id"], job["created_by"]) == (None, team.owner.id)
    now = team.owner.get(f"{path}/{made['id']}").get_json()
    assert now["last_job"]["id"] == job["id"]
    assert datetime.fromisoformat(now["next_run_at"]) > datetime.now(UTC)
    let_time_pass(made, due)
    assert firing.fire() == firing.NOTHING | {"left_out": 1}, "the last one has not ended"


def test_it_stops_when_who_changed_it_last_is_no_owner_any_more(team, path, made):
    member = f"/workspaces/{team.workspace['id']}/members/{team.collaborator.id}"
    assert team.owner.patch(member, {"role": "owner"}).status_code == 200
    one = f"{path}/{made['id']}"
    assert team.collaborator.patch(one, {"name": "Mine"}).status_code == 200
    assert team.owner.patch(member, {"role": "collaborator"}).status_code == 200
    let_time_pass(made, "now")
    assert firing.fire() == firing.NOTHING | {"stopped": 1}
    assert "may not" in team.owner.get(one).get_json()["stopped_for"]
    assert reports(team) == []


def test_in_the_archive_times_pass(team, made):
    assert team.owner.post(f"/workspaces/{team.workspace['id']}/archive").status_code == 200
    let_time_pass(made, "now")
    assert firing.fire() == firing.NOTHING | {"left_out": 1}


def test_it_goes_with_its_workspace(team, made):
    assert team.owner.delete(f"/workspaces/{team.workspace['id']}").status_code == 204
    with postgres.connection() as conn:
        left = conn.execute("SELECT 1 FROM schedules WHERE id = %s", [made["id"]]).fetchall()
    assert left == []

"""Firing schedules: each time once, whoever fires, and only where it is still allowed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from lib.config import settings
from lib.jobs import firing
from lib.stores import postgres
from tests.api.conftest import job_kind
from tests.api.walk import KIND

__all__ = ["job_kind"]

pytestmark = pytest.mark.usefixtures("no_schedules_of_others")


@pytest.fixture
def schedules(team, job_kind):
    """Make schedules of the project, and read one again."""
    path = f"/projects/{team.project['id']}/schedules"

    def make(who=team.owner, **changes):
        body = {"name": "Hourly", "kind": KIND, "cron": "0 * * * *"} | changes
        answer = who.post(path, body)
        assert answer.status_code == 201, answer.text
        return answer.get_json()

    make.read = lambda schedule: team.viewer.get(f"{path}/{schedule['id']}").get_json()
    make.change = lambda schedule, **new: team.owner.patch(f"{path}/{schedule['id']}", new)
    return make


def let_time_pass(schedule, missed="1 second"):
    """Make the schedule due since then."""
    with postgres.connection() as conn:
        conn.execute(
            "UPDATE schedules SET next_run_at = now() - %s::interval WHERE id = %s",
            [missed, schedule["id"]],
        )


def jobs_of(team):
    listed = team.viewer.get(f"/projects/{team.project['id']}/jobs").get_json()["items"]
    return [job for job in listed if job["schedule_id"]]


def end_jobs():
    with postgres.connection() as conn:
        conn.execute(
            "UPDATE jobs SET state = 'succeeded', finished_at = now() WHERE state < 'succeeded'"
        )


def test_a_schedule_that_is_due_submits_its_job_and_says_when_it_is_due_again(team, schedules):
    schedule = schedules(payload={"a": 1}, cron="*/5 * * * *")
    assert firing.fire() == firing.NOTHING
    let_time_pass(schedule)
    assert firing.fire() == firing.NOTHING | {"fired": 1}
    (job,) = jobs_of(team)
    assert (job["kind"], job["payload"], job["state"]) == (KIND, {"a": 1}, "queued")
    assert (job["schedule_id"], job["created_by"]) == (schedule["id"], team.owner.id)
    now = schedules.read(schedule)
    assert now["last_job"]["id"] == job["id"]
    assert now["last_job"]["state"] == "queued"
    due = datetime.fromisoformat(now["next_run_at"])
    assert timedelta(0) < due - datetime.fromisoformat(job["created_at"]) <= timedelta(minutes=5)
    assert (due.minute % 5, due.second) == (0, 0)
    assert firing.fire() == firing.NOTHING


def test_the_log_says_that_a_schedule_submitted_the_job_in_whose_name(team, schedules):
    schedule = schedules()
    let_time_pass(schedule)
    firing.fire()
    with postgres.connection() as conn:
        rows = conn.execute(
            "SELECT event FROM audit_outbox WHERE event->>'target_id' = %s",
            [jobs_of(team)[0]["id"]],
        ).fetchall()
    (event,) = [row["event"] for row in rows]
    assert event["action"] == "job.submitted"
    assert event["details"]["schedule_id"] == schedule["id"]
    assert (event["actor_id"], event["actor_name"]) == (team.owner.id, "Olga")
    assert event["request_id"]


def test_however_many_fire_at_once_each_time_counts_once(team, schedules, at_once):
    made = [schedules(name=f"{n}") for n in range(10)]
    for _ in range(3):
        for schedule in made:
            let_time_pass(schedule)
        done = at_once(6, lambda _: firing.fire())
        assert sum(each["fired"] for each in done) + firing.fire()["fired"] == 10
        end_jobs()
    jobs = jobs_of(team)
    assert len(jobs) == 30
    assert all(sum(j["schedule_id"] == s["id"] for j in jobs) == 3 for s in made)


def test_times_missed_while_nobody_fired_are_made_up_for_once(team, schedules):
    schedule = schedules(cron="* * * * *")
    let_time_pass(schedule, "3 days")
    assert [firing.fire()["fired"] for _ in range(3)] == [1, 0, 0]
    assert len(jobs_of(team)) == 1


def test_while_the_last_job_has_not_ended_times_are_left_out(team, schedules):
    schedule = schedules()
    for state, fires in (("queued", 1), ("running", 0), ("retrying", 0), ("failed", 1)):
        with postgres.connection() as conn:
            conn.execute(
                "UPDATE jobs SET state = %s, finished_at = CASE WHEN %s THEN now() END"
                " WHERE schedule_id = %s",
                [state, state == "failed", schedule["id"]],
            )
        let_time_pass(schedule)
        done = firing.fire()
        assert (done["fired"], done["left_out"]) == (fires, 1 - fires), state
        assert datetime.fromisoformat(schedules.read(schedule)["next_run_at"]) > (
            datetime.fromisoformat(schedule["created_at"])
        )


def test_a_disabled_or_deleted_schedule_does_not_fire(team, schedules):
    disabled, deleted = schedules(), schedules()
    assert schedules.change(disabled, enabled=False).status_code == 200
    path = f"/projects/{team.project['id']}/schedules/{deleted['id']}"
    let_time_pass(disabled)
    let_time_pass(deleted)
    assert team.owner.delete(path).status_code == 204
    assert firing.fire() == firing.NOTHING


def test_in_the_archive_times_pass_and_out_of_it_the_next_one_fires(team, schedules):
    schedule, workspace = schedules(), f"/workspaces/{team.workspace['id']}"
    assert team.owner.post(f"{workspace}/archive").status_code == 200
    let_time_pass(schedule)
    assert firing.fire() == firing.NOTHING | {"left_out": 1}
    assert team.owner.post(f"{workspace}/unarchive").status_code == 200
    assert firing.fire() == firing.NOTHING
    let_time_pass(schedule)
    assert firing.fire()["fired"] == 1


def test_in_the_trash_times_pass_and_restored_the_next_one_fires(team, schedules):
    schedule, project = schedules(), f"/projects/{team.project['id']}"
    assert team.owner.delete(project).status_code == 204
    let_time_pass(schedule)
    assert firing.fire() == firing.NOTHING | {"left_out": 1}
    assert team.owner.post(f"{project}/restore").status_code == 200
    let_time_pass(schedule)
    assert firing.fire()["fired"] == 1


@pytest.mark.parametrize("how", ["removed", "demoted", "account gone"])
def test_a_schedule_of_somebody_who_may_not_any_more_stops_and_says_so(team, schedules, how):
    member = f"/workspaces/{team.workspace['id']}/members/{team.collaborator.id}"
    assert team.owner.patch(member, {"role": "owner"}).status_code == 200
    schedule = schedules(team.collaborator)
    if how == "removed":
        assert team.owner.delete(member).status_code == 204
    elif how == "demoted":
        assert team.owner.patch(member, {"role": "viewer"}).status_code == 200
    else:
        password = {"password": "correct horse battery staple"}
        assert team.collaborator.send("DELETE", "/me", password).status_code == 204
    let_time_pass(schedule)
    assert firing.fire() == firing.NOTHING | {"stopped": 1}
    stopped = schedules.read(schedule)
    assert (stopped["enabled"], stopped["next_run_at"]) == (False, None)
    assert "may not" in stopped["stopped_for"]
    with postgres.connection() as conn:
        rows = conn.execute(
            "SELECT event FROM audit_outbox WHERE event->>'action' = 'schedule.stopped'"
            " AND event->>'target_id' = %s",
            [schedule["id"]],
        ).fetchall()
    assert [row["event"]["actor_id"] for row in rows] == [None]
    taken = schedules.change(schedule, enabled=True).get_json()
    assert (taken["updated_by"], taken["stopped_for"]) == (team.owner.id, None)
    let_time_pass(schedule)
    assert firing.fire()["fired"] == 1
    assert jobs_of(team)[0]["created_by"] == team.owner.id


def test_a_collaborator_who_made_it_as_an_owner_may_still_submit(team, schedules):
    member = f"/workspaces/{team.workspace['id']}/members/{team.collaborator.id}"
    assert team.owner.patch(member, {"role": "owner"}).status_code == 200
    schedule = schedules(team.collaborator)
    assert team.owner.patch(member, {"role": "collaborator"}).status_code == 200
    let_time_pass(schedule)
    assert firing.fire()["fired"] == 1


def test_a_payload_that_its_kind_takes_no_more_stops_the_schedule(team, schedules):
    with postgres.connection() as conn:
        conn.execute(
            "INSERT INTO job_kinds (kind, title, payload_schema, max_attempts)"
            " VALUES ('test.changing', '', '{}', 1) ON CONFLICT (kind)"
            " DO UPDATE SET payload_schema = '{}'"
        )
    schedule, other = schedules(kind="test.changing"), schedules()
    with postgres.connection() as conn:
        conn.execute("UPDATE job_kinds SET payload_schema = '{\"required\": [\"now\"]}'"
                     " WHERE kind = 'test.changing'")  # fmt: skip
    firing.submission.kinds._remembered.clear()
    let_time_pass(schedule)
    let_time_pass(other)
    assert firing.fire() == {"fired": 1, "left_out": 0, "stopped": 1}
    assert "payload" in schedules.read(schedule)["stopped_for"]


def test_whoever_archives_and_whoever_fires_never_wait_for_each_other(team, schedules):
    """A workspace that is held alone is passed over at once, and fired for the next time."""
    schedule = schedules()
    let_time_pass(schedule)
    with postgres.transaction() as alone:
        alone.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s::uuid::text, 0))",
            [team.workspace["id"]],
        )
        assert firing.fire() == firing.NOTHING
    with postgres.transaction() as changing:
        changing.execute("SELECT 1 FROM schedules WHERE id = %s FOR UPDATE", [schedule["id"]])
        assert firing.fire() == firing.NOTHING
    assert firing.fire()["fired"] == 1


def test_a_crash_between_the_job_and_the_commit_leaves_neither(team, schedules, monkeypatch):
    schedule = schedules()
    let_time_pass(schedule)

    def break_off(*_):
        raise SystemExit

    with monkeypatch.context() as broken:
        broken.setattr(firing.queries, "go_on", break_off)
        with pytest.raises(SystemExit):
            firing.fire()
    assert jobs_of(team) == []
    assert firing.fire()["fired"] == 1
    assert len(jobs_of(team)) == 1


def test_the_cron_fires_more_than_one_batch_and_two_at_once_fire_each_once(
    team, schedules, api, monkeypatch
):
    monkeypatch.setattr(firing, "BATCH", 2)
    made = [schedules(name=f"{n}") for n in range(5)]
    for schedule in made:
        let_time_pass(schedule)
    headers = {"Authorization": f"Bearer {settings().cron_secret}"}

    def cron(_):
        return api.get("/api/cron/fire_schedules", headers=headers).get_json()["done"]["fired"]

    with ThreadPoolExecutor(2) as pool:
        fired = sum(pool.map(cron, range(2)))
    assert fired + cron(0) == 5
    assert len(jobs_of(team)) == 5

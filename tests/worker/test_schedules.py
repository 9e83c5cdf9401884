"""Recurring jobs with real workers: fired every second, by one of them."""

import pytest

from lib.stores import postgres


@pytest.fixture(autouse=True)
def no_schedules_left(stack):
    yield
    with postgres.connection() as conn:
        conn.execute("UPDATE schedules SET enabled = false")


def test_two_workers_fire_a_schedule_once_and_run_its_job(worker, announced, team, eventually):
    first, second = worker(), worker()
    path = f"/projects/{team.project['id']}/schedules"
    body = {"name": "Export", "kind": "project.export", "cron": "0 0 1 1 *"}
    schedule = team.owner.post(path, body).get_json()
    for turn in (1, 2, 3):
        with postgres.connection() as conn:
            conn.execute("UPDATE schedules SET next_run_at = now() WHERE id = %s",
                         [schedule["id"]])  # fmt: skip

        def ended(turn=turn):
            jobs = team.viewer.get(f"/projects/{team.project['id']}/jobs").get_json()["items"]
            return len(jobs) == turn and {job["state"] for job in jobs} == {"succeeded"}

        eventually(ended, 20, f"run {turn} did not end")
    last = team.viewer.get(f"{path}/{schedule['id']}").get_json()["last_job"]
    assert team.viewer.get(f"/jobs/{last['id']}/artifact").status_code == 200
    fired = [line["fired"] for each in (first, second) for line in each.logged("schedules.fired")]
    assert sum(fired) == 3
    assert "schedules" not in first.health()["late"]


def test_a_report_that_recurs_is_made_by_a_worker(worker, team, eventually):
    worker()
    workspace = f"/workspaces/{team.workspace['id']}"
    body = {"name": "Yearly", "kind": "workspace.report", "cron": "0 0 1 1 *"}
    schedule = team.owner.post(f"{workspace}/schedules", body).get_json()
    with postgres.connection() as conn:
        conn.execute("UPDATE schedules SET next_run_at = now() WHERE id = %s", [schedule["id"]])

    def made():
        reports = team.owner.get(f"{workspace}/reports").get_json()["items"]
        return [each for each in reports if each["state"] == "succeeded"]

    (report,) = eventually(made, 60, "no report was made")
    assert report["schedule_id"] == schedule["id"]
    assert team.owner.get(f"/jobs/{report['id']}/artifact").status_code == 200

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

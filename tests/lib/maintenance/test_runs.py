"""Runs of maintenance functions: noted, shown to operators, late when they do not come."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lib.config import settings
from lib.emulator.schedule import read_crons, upcoming
from lib.maintenance import runs
from lib.maintenance.timetable import EVERY, MISSED
from lib.stores import postgres

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def operator(api, stack):
    """Ask as somebody who holds CRON_SECRET."""

    def get(path="/api/cron"):
        return api.get(path, headers={"Authorization": f"Bearer {settings().cron_secret}"})

    return get


def shown(operator, name):
    items = operator().get_json()["functions"]
    return next(item for item in items if item["function"] == name)


def test_the_timetable_is_that_of_the_platform():
    crons = read_crons(ROOT / "vercel.json")
    assert {cron.name for cron in crons} == EVERY.keys()
    for cron in crons:
        assert gap(cron) == EVERY[cron.name], cron.name


def gap(cron):
    """How long it is between two turns of a cron."""
    moments = (moment for moment, _ in upcoming([cron], datetime(2026, 1, 5, tzinfo=UTC)))
    first, second = next(moments), next(moments)
    return second - first


def test_a_run_is_shown_with_what_it_did(operator):
    answer = operator("/api/cron/expire_invitations").get_json()
    run = shown(operator, "expire_invitations")
    assert run["done"] == answer["done"]
    assert run["finished_at"] == run["succeeded_at"] >= run["started_at"]
    assert (run["error"], run["late"], run["every"]) == (None, False, 3600)
    assert run["runs"] > run["failures"]


def test_a_failure_is_shown_and_the_last_success_stays(operator, stack, team):
    assert operator("/api/cron/move_audit").status_code == 200
    before = shown(operator, "move_audit")
    stack.mongo.stop()
    try:
        assert operator("/api/cron/move_audit").status_code == 503
    finally:
        stack.mongo.start()
    run = shown(operator, "move_audit")
    assert "log store" in run["error"]
    assert run["done"] is None
    assert run["succeeded_at"] == before["succeeded_at"]
    assert run["failures"] == before["failures"] + 1


def test_what_others_errors_say_is_not_shown(stack):
    with pytest.raises(ZeroDivisionError):
        runs.noted("test.broken", lambda: {"done": 1 // 0})
    with postgres.connection() as conn:
        row = conn.execute(
            "SELECT error FROM maintenance_runs WHERE function = 'test.broken'"
        ).fetchone()
    assert row == {"error": "ZeroDivisionError"}


def test_a_function_is_late_after_three_turns_without_success(operator, stack):
    operator("/api/cron/prune_rooms")
    assert shown(operator, "prune_rooms")["late"] is False
    ago = EVERY["prune_rooms"] * MISSED + timedelta(seconds=1)
    with postgres.connection() as conn:
        conn.execute(
            "UPDATE maintenance_runs SET started_at = now() - %s, finished_at = now() - %s"
            " WHERE function = 'prune_rooms'",
            [ago, ago],
        )
    assert shown(operator, "prune_rooms")["late"] is True


def test_old_runs_are_forgotten(stack):
    runs.noted("test.old", dict)
    with postgres.connection() as conn:
        conn.execute(
            "UPDATE maintenance_runs SET started_at = now() - interval '8 days'"
            " WHERE function = 'test.old'"
        )
    runs.noted("test.old", dict)
    with postgres.connection() as conn:
        row = conn.execute(
            "SELECT count(*) AS n FROM maintenance_runs WHERE function = 'test.old'"
        ).fetchone()
    assert row == {"n": 1}


def test_work_is_done_although_it_cannot_be_noted(freeze):
    thaw = freeze("postgres")
    try:
        assert runs.noted("test.frozen", lambda: {"did": 1}) == {"did": 1}
    finally:
        thaw()


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic abc"])
def test_only_the_secret_shows_them(api, stack, header):
    answer = api.get("/api/cron", headers={"Authorization": header} if header else {})
    assert answer.status_code == 401
    assert json.loads(answer.data)["status"] == 401

"""Retention: what is old goes, workspace by workspace, and what is kept can still be verified."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from lib.audit import chain_queries, events, filters, retention
from lib.audit.actions import PROJECT_ACTIONS
from lib.audit.verification import Break, verify
from lib.stores import mongo, postgres


@pytest.fixture
def at(monkeypatch):
    """Record as if so many days had passed since."""

    class Clock(datetime):
        days = 0

        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) - timedelta(days=cls.days)

    def go(days):
        Clock.days = days

    monkeypatch.setattr(events, "datetime", Clock)
    return go


@pytest.fixture
def keep(workspace_id):
    """Choose for how many days the workspace keeps its events."""

    def choose(days, of=workspace_id):
        with postgres.transaction() as conn:
            chain_queries.set_retention(conn, of, days)

    return choose


@pytest.fixture
def log(record, move_all, at):
    """Three events each of 100, 60 and 10 days ago."""
    for days in (100, 60, 10):
        at(days)
        record(3)
        move_all()
    at(0)


def report(of):
    return verify(of, limit=1000)


def seqs(documents):
    return [document["seq"] for document in documents]


def test_what_is_older_than_the_choice_goes_and_the_rest_verifies(
    log, workspace_id, keep, on_chain
):
    keep(90)
    assert retention.prune(20.0)["events"] >= 3
    assert seqs(on_chain(workspace_id)) == list(range(4, 10))
    found = report(workspace_id)
    assert (found.after, found.upto, found.end, found.broken) == (3, 9, 9, None)
    keep(30)
    retention.prune(20.0)
    assert seqs(on_chain(workspace_id)) == [7, 8, 9]
    assert report(workspace_id).broken is None


def test_the_choice_of_one_workspace_is_its_own(log, workspace_id, keep, record, move_all, at):
    other = uuid4()
    at(100)
    record(2, of=other)
    move_all()
    at(0)
    keep(30)
    retention.prune(20.0)
    assert report(other).upto == 2
    assert report(other).after == 0
    assert report(workspace_id).after == 6


def test_without_a_choice_the_installation_decides(record, workspace_id, move_all, at, on_chain):
    at(400)
    record(2)
    at(300)
    record(2)
    move_all()
    retention.prune(20.0)
    assert seqs(on_chain(workspace_id)) == [3, 4]


def test_a_chain_of_which_nothing_is_left_goes_on(
    record, workspace_id, move_all, at, keep, on_chain
):
    at(100)
    record(2)
    move_all()
    at(0)
    keep(30)
    retention.prune(20.0)
    assert on_chain(workspace_id) == []
    assert report(workspace_id).broken is None
    record(1)
    move_all()
    assert seqs(on_chain(workspace_id)) == [3]
    assert report(workspace_id).broken is None


def test_many_go_in_batches(record, workspace_id, move_all, at, keep, on_chain, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 7)
    at(100)
    record(50)
    move_all()
    at(0)
    keep(30)
    assert retention.prune(20.0)["events"] >= 50
    assert on_chain(workspace_id) == []


def test_what_is_not_due_costs_nothing(log, workspace_id, keep):
    keep(365)
    retention.prune(20.0)
    with postgres.connection() as conn:
        assert workspace_id not in [row["chain"] for row in chain_queries.due(conn, 365, 10_000)]
    keep(90)
    with postgres.connection() as conn:
        assert workspace_id in [row["chain"] for row in chain_queries.due(conn, 365, 10_000)]


@pytest.mark.parametrize("step", ["_remove", "_remove_unplaced", "_note"])
def test_a_crash_at_any_step_leaves_a_chain_that_verifies_and_the_next_round_ends_it(
    log, workspace_id, keep, on_chain, monkeypatch, step
):
    keep(90)

    def crash(*_):
        raise KeyboardInterrupt

    real, calls = getattr(retention, step), []

    def second(*args):  # at the second call: the one of the round after the note
        calls.append(args)
        return real(*args) if len(calls) < 2 and step != "_remove_unplaced" else crash()

    monkeypatch.setattr(retention, step, second)
    with pytest.raises(KeyboardInterrupt):
        retention._prune(workspace_id, 90, float("inf"))
    assert report(workspace_id).broken is None
    monkeypatch.undo()
    retention.prune(20.0)
    assert seqs(on_chain(workspace_id)) == list(range(4, 10))
    assert report(workspace_id).broken is None


def test_the_evidence_of_a_forgery_outlives_the_forged_event(log, workspace_id, keep, on_chain):
    second = on_chain(workspace_id)[1]
    with mongo.database() as database:
        change = {"$set": {"actor_name": "Mallory"}}
        database[PROJECT_ACTIONS].update_one({"_id": second["_id"]}, change)
    keep(90)
    retention.prune(20.0)
    assert seqs(on_chain(workspace_id)) == list(range(4, 10))
    assert report(workspace_id).broken == Break(2, "pruned")


@pytest.mark.parametrize("change", [{"$set": {"at": "never"}}, {"$unset": {"hash": ""}}])
def test_no_forgery_stops_the_removal(log, workspace_id, keep, on_chain, change):
    fourth = on_chain(workspace_id)[3]
    with mongo.database() as database:
        database[PROJECT_ACTIONS].update_one({"_id": fourth["_id"]}, change)
    keep(30)
    retention.prune(20.0)
    assert seqs(on_chain(workspace_id)) == [7, 8, 9]
    assert report(workspace_id).broken == Break(4, "pruned")


def test_old_documents_without_a_number_go_too(log, workspace_id, keep, on_chain):
    model = on_chain(workspace_id)[0]
    stray = {name: value for name, value in model.items() if name not in ("chain", "seq")}
    stray["event_id"] = filters.first_id(datetime.now(UTC) - timedelta(days=95))
    with mongo.database() as database:
        database[PROJECT_ACTIONS].insert_one(stray | {"_id": "stray"})
        assert report(workspace_id).broken
        keep(90)
        retention.prune(20.0)
        assert database[PROJECT_ACTIONS].count_documents({"_id": "stray"}) == 0
    assert report(workspace_id).broken is None


def path(team):
    return f"/workspaces/{team.workspace['id']}/audit/retention"


def test_an_owner_chooses_and_the_log_tells(team, move_all):
    whole = {"days": 365, "own": None, "default": 365}
    assert team.owner.get(path(team)).get_json() == whole
    chosen = {"days": 90, "own": 90, "default": 365}
    assert team.owner.put(path(team), {"days": 90}).get_json() == chosen
    assert team.owner.put(path(team), {"days": 90}).get_json() == chosen
    assert team.owner.get(path(team)).get_json() == chosen
    assert team.owner.put(path(team), {"days": None}).get_json() == whole
    move_all()
    log = team.owner.get(f"/workspaces/{team.workspace['id']}/audit?action=workspace.").get_json()
    changes = [e["details"] for e in log["items"] if e["action"] == "workspace.retention-changed"]
    assert changes == [{"days": None, "was": 90}, {"days": 90, "was": None}]


def test_nobody_else_chooses(team):
    for who, status in ((team.collaborator, 403), (team.viewer, 403), (team.stranger, 404)):
        assert who.put(path(team), {"days": 90}).status_code == status
        assert who.get(path(team)).status_code == status


@pytest.mark.parametrize("days", [0, 29, 3651, -1, "90", 90.5, True, [], {}])
def test_no_other_number_of_days_is_taken(team, days):
    answer = team.owner.put(path(team), {"days": days})
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["pointer"] == "/days"


def test_the_cron_says_what_it_removed(api, stack, log, workspace_id, keep):
    keep(90)
    headers = {"Authorization": f"Bearer {stack.env['CRON_SECRET']}"}
    done = api.get("/api/cron/prune_audit", headers=headers).get_json()["done"]
    assert done["events"] >= 3
    assert done["chains"] >= 1
    assert api.get("/api/cron/prune_audit", headers=headers).get_json()["done"]["events"] == 0

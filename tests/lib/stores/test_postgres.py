"""Postgres as requests use it: announcements after the commit, and outages that pass."""

from contextlib import ExitStack

import pytest

from lib.errors import Unavailable
from lib.stores import connection, postgres
from lib.stores.connection import Connection


def test_announcements_come_after_the_commit_and_not_before(team):
    seen = []

    def look():
        with postgres.connection() as other:
            row = other.execute(
                "SELECT name FROM workspaces WHERE id = %s", [team.workspace["id"]]
            ).fetchone()
            seen.append(row["name"])

    with postgres.transaction() as conn:
        conn.execute("UPDATE workspaces SET name = 'New' WHERE id = %s", [team.workspace["id"]])
        conn.after_commit(look)
        look()
    assert seen == ["Studio", "New"]


def test_nothing_is_announced_of_what_was_rolled_back(stack):
    seen = []

    def change():
        with postgres.transaction() as conn:
            conn.after_commit(lambda: seen.append("told"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change()
    with postgres.transaction() as conn:
        conn.execute("SELECT 1")
    assert seen == []


def test_a_failing_announcement_takes_nothing_back_and_stops_no_other(stack, caplog):
    seen = []

    def fail():
        raise Unavailable("Redis is down")

    with postgres.transaction() as conn:
        conn.after_commit(fail)
        conn.after_commit(lambda: seen.append("told"))
    assert seen == ["told"]
    assert "announcement.failed" in caplog.text


def test_requests_are_503_while_postgres_is_down_and_served_again_after(
    team, stack, eventually, request
):
    path = f"/projects/{team.project['id']}"
    assert team.owner.get(path).status_code == 200
    stack.postgres.stop()
    request.addfinalizer(stack.postgres.start)
    answer = team.owner.get(path)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert answer.get_json()["type"] == "/problems/unavailable"
    assert "127.0.0.1" not in answer.text
    assert team.owner.get("/health/ready").status_code == 503
    stack.postgres.start()
    eventually(lambda: team.owner.get(path).status_code == 200, within=5)


def test_a_restart_of_postgres_refuses_one_request_at_most(team, stack):
    with ExitStack() as held:
        for _ in range(postgres.POOL_MAX):  # as many connections as the pool may hold, all in use
            held.enter_context(postgres.connection()).execute("SELECT 1")
    stack.postgres.stop()
    stack.postgres.start()
    path = f"/projects/{team.project['id']}"
    statuses = [team.owner.get(path).status_code for _ in range(2 * postgres.POOL_MAX)]
    assert statuses.count(503) <= 1
    assert set(statuses[1:]) == {200}


def test_dead_connections_that_rested_cost_no_request_anything(team, stack, monkeypatch):
    monkeypatch.setattr(connection, "IDLE_BEFORE_CHECK", 0)
    with ExitStack() as held:
        for _ in range(postgres.POOL_MAX):
            held.enter_context(postgres.connection()).execute("SELECT 1")
    stack.postgres.stop()
    stack.postgres.start()
    for _ in range(2 * postgres.POOL_MAX):
        assert team.owner.get(f"/projects/{team.project['id']}").status_code == 200


def test_writes_go_on_while_redis_is_down(team, stack, request):
    stack.redis.stop()
    request.addfinalizer(stack.redis.start)
    project = f"/projects/{team.project['id']}"
    assert team.owner.patch(project, {"name": "No cache"}).status_code == 200
    assert team.viewer.get(project).get_json()["name"] == "No cache"
    assert team.owner.get("/health/ready").get_json()["stores"]["redis"] is False
    assert team.owner.post(f"{project}/ticket").status_code == 503  # the ticket lives in Redis


def test_no_request_notices_that_mongo_is_down(team, stack, request):
    stack.mongo.stop()
    request.addfinalizer(stack.mongo.start)
    answer = team.owner.patch(f"/projects/{team.project['id']}", {"name": "No log"})
    assert answer.status_code == 200
    assert team.owner.get("/health/ready").get_json()["stores"]["mongo"] is False


def test_a_read_of_one_project_is_one_statement(team, monkeypatch):
    """Session, role and row in one round trip: what every later read is measured against."""
    path = f"/projects/{team.project['id']}"
    statements = []

    def counting(real):
        def execute(self, query, *args, **kwargs):
            statements.append(query)
            return real(self, query, *args, **kwargs)

        return execute

    monkeypatch.setattr(Connection, "execute", counting(Connection.execute))
    assert team.viewer.get(path).status_code == 200
    assert len(statements) == 1

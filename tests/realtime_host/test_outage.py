"""Redis goes away and comes back: local members do not notice, hosts find each other again."""

from __future__ import annotations

import httpx
import pytest

SHORT = {"PRESENCE_TTL": 4, "PRESENCE_BEAT": 1.0}


@pytest.fixture
def redis_down(stack):
    """Stop this worker's Redis, and return what starts it again."""
    stack.redis.stop()
    yield stack.redis.start
    stack.redis.start()


def test_local_members_are_served_without_redis_and_hosts_heal(
    start_host, connect, team, redis_down, stack, eventually
):
    redis_down()
    one, two = start_host(**SHORT), start_host(**SHORT)
    sender = connect(team.collaborator, team.project["id"], on=one)
    local = connect(team.owner, team.project["id"], on=one)
    remote = connect(team.viewer, team.project["id"], on=two)
    sender.expect("user-joined", within=5)
    stack.redis.stop()
    assert httpx.get(f"{one.http}/health").status_code == 200
    eventually(lambda: httpx.get(f"{one.http}/ready").json()["status"] == "degraded")

    edit = {"file_id": team.file["id"], "base": 0, "delta": [{"insert": "1"}]}
    assert sender.ask("file-change", edit)["data"]["seq"] == 1
    assert local.expect("file-change")["data"]["seq"] == 1
    newcomer = connect(team.viewer, team.project["id"], on=one)  # by token: needs no Redis
    assert newcomer.ask("ping")["event"] == "ack"

    assert remote.expect("file-change", within=5)["data"]["seq"] == 1  # by way of Postgres
    redis_down()
    eventually(lambda: _subscribed_again(two), what="the other host listens again")
    assert sender.ask("file-change", edit | {"base": 1})["data"]["seq"] == 2
    assert remote.expect("file-change", within=5)["data"]["seq"] == 2
    eventually(lambda: httpx.get(f"{one.http}/ready").json()["status"] == "ready")


def _subscribed_again(host):
    return sum(line["action"] == "redis.subscribed" for line in host.lines()) >= 2


def test_an_emptied_redis_makes_nobody_leave(start_host, connect, team, stack, eventually):
    from lib.stores import redis_tcp

    one, two = start_host(**SHORT), start_host(**SHORT)
    here = connect(team.owner, team.project["id"], on=one)
    connect(team.viewer, team.project["id"], on=two)
    here.expect("user-joined")
    redis_tcp.client().flushall()
    path = f"/projects/{team.project['id']}/presence"
    eventually(lambda: len(team.owner.get(path).get_json()["people"]) == 2)
    assert here.heard("user-left") == []
    assert here.heard("user-joined") == []

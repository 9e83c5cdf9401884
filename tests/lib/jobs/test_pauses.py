"""Pausing kinds, without a worker: what can be claimed, what the sweep leaves alone, who may."""

from uuid import UUID

import pytest

from lib.bridge import keys
from lib.jobs import lifecycle, sweep
from lib.stores import postgres, redis_tcp


@pytest.fixture
def paused(team):
    return f"/projects/{team.project['id']}/paused-kinds"


@pytest.fixture(autouse=True)
def nothing_else_waits(stack):
    with postgres.connection() as conn:
        conn.execute(
            "UPDATE jobs SET state = 'cancelled', finished_at = now() WHERE state < 'succeeded'"
        )
    redis_tcp.client().delete(*keys.QUEUES.values())


def names(answer):
    assert answer.status_code == 200, answer.text
    return [item["kind"] for item in answer.get_json()["items"]]


def claimed(*jobs):
    with postgres.transaction() as conn:
        rows = lifecycle.claim(
            conn, [UUID(job["id"]) for job in jobs], worker="w", kinds=["test.first", "test.second"]
        )
    return [str(row["id"]) for row in rows]


def queued():
    return redis_tcp.client().lrange(keys.QUEUE, 0, -1)


def long_ago(job):
    with postgres.connection() as conn:
        conn.execute(
            "UPDATE jobs SET queued_at = now() - interval '1 hour',"
            " run_at = now() - interval '2 hours' WHERE id = %s",
            [job["id"]],
        )
    return job


def test_what_is_paused_is_not_claimed_and_goes_on_when_it_is_resumed(team, submit, paused):
    first, second = submit(), submit("test.second")
    assert names(team.owner.put(paused, {"kinds": ["test.first"]})) == ["test.first"]
    assert names(team.viewer.get(paused)) == ["test.first"]
    assert claimed(first, second) == [second["id"]]
    redis_tcp.client().delete(keys.QUEUE)
    assert names(team.owner.put(paused, {"kinds": []})) == []
    (message,) = queued()
    assert first["id"] in message
    assert claimed(first) == [first["id"]]


def test_the_sweep_leaves_alone_what_is_paused(team, submit, paused):
    assert names(team.owner.put(paused, {"kinds": ["test.first"]}))
    long_ago(submit())
    redis_tcp.client().delete(keys.QUEUE)
    assert sweep.sweep() == sweep.NOTHING
    assert queued() == []
    other = long_ago(submit("test.second"))
    redis_tcp.client().delete(keys.QUEUE)
    assert sweep.sweep()["lost"] == 1
    assert other["id"] in queued()[0]


def test_other_projects_go_on(team, announced, paused):
    path = f"/workspaces/{team.workspace['id']}/projects"
    other = team.owner.post(path, {"name": "Other"}).get_json()
    job = team.owner.post(f"/projects/{other['id']}/jobs", {"kind": "test.first"}).get_json()
    assert names(team.owner.put(paused, {"kinds": ["test.first"]}))
    assert claimed(job) == [job["id"]]


def test_it_is_recorded_once_who_paused_and_resumed(team, submit, paused, told):
    for kinds in (["test.first"], ["test.first", "test.second", "test.second"], ["test.second"]):
        assert names(team.owner.put(paused, {"kinds": kinds})) == sorted(set(kinds))
    assert told(team.project["id"])[-3:] == [
        "job.kind-paused", "job.kind-paused", "job.kind-resumed",
    ]  # fmt: skip
    (item,) = team.viewer.get(paused).get_json()["items"]
    assert item["paused_by"] == team.owner.id


def test_a_kind_that_there_is_not_is_refused_unless_it_is_paused_already(team, submit, paused):
    answer = team.owner.put(paused, {"kinds": ["test.first", "test.gone"]})
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.get_json()["errors"]] == ["/kinds/1"]
    with postgres.connection() as conn:
        conn.execute(
            "INSERT INTO paused_kinds (project_id, kind) VALUES (%s, 'test.gone')",
            [team.project["id"]],
        )
    kinds = ["test.first", "test.gone"]
    assert names(team.owner.put(paused, {"kinds": kinds})) == kinds


def test_only_owners_pause_and_one_version_only_if_they_say_so(team, submit, paused):
    body = {"kinds": ["test.first"]}
    for who, status in ((team.collaborator, 403), (team.viewer, 403), (team.stranger, 404)):
        assert who.put(paused, body).status_code == status
    assert team.stranger.get(paused).status_code == 404
    tag = team.owner.get(paused).headers["ETag"]
    assert team.owner.put(paused, body, headers={"If-Match": tag}).status_code == 200
    assert team.owner.put(paused, body, headers={"If-Match": tag}).status_code == 412

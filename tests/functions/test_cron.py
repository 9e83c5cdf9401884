"""The maintenance functions: who may start them, and that starting them twice does no harm."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lib.audit import queries
from lib.bridge import keys
from lib.config import settings
from lib.stores import postgres, redis_tcp

ROOT = Path(__file__).resolve().parents[2]
NAMES = sorted(f.stem for f in (ROOT / "functions").glob("[a-z]*.py"))


@pytest.fixture
def fire(api):
    def send(name, authorization=None):
        secret = settings().cron_secret if authorization is None else authorization
        headers = {"Authorization": f"Bearer {secret}" if authorization is None else authorization}
        return api.get(f"/api/cron/{name}", headers=headers if authorization != "" else {})

    return send


@pytest.mark.parametrize("name", NAMES)
def test_a_function_tells_what_it_did(fire, name):
    answer = fire(name)
    assert answer.status_code == 200
    body = answer.get_json()
    assert set(body) == {"function", "done", "ms"}
    assert body["function"] == name
    assert all(isinstance(count, int) for count in body["done"].values())


@pytest.mark.parametrize("name", NAMES)
def test_only_the_whole_secret_starts_a_function(fire, stack, name, forge, person):
    secret = stack.env["CRON_SECRET"]
    token = forge(person())
    for header in (
        "",
        "Bearer",
        "Bearer ",
        secret,
        f"Basic {secret}",
        f"bearer {secret}",
        f"Bearer {secret[:-1]}",
        f"Bearer {secret}x",
        f"Bearer {secret.swapcase()}",
        f"Bearer  {secret}",
        "Bearer " + "x" * len(secret),
        "Bearer ünïcode",
        f"Bearer {token}",
    ):
        answer = fire(name, header)
        assert answer.status_code == 401, header
        assert answer.content_type == "application/problem+json"
        assert secret not in answer.text
    assert fire(name).status_code == 200


@pytest.mark.parametrize("name", NAMES)
def test_an_unset_secret_refuses_everybody(fire, name, monkeypatch):
    monkeypatch.delenv("CRON_SECRET")
    settings.cache_clear()
    try:
        for header in ("", "Bearer", "Bearer ", "Bearer None"):
            assert fire(name, header).status_code == 401
    finally:
        monkeypatch.undo()
        settings.cache_clear()


@pytest.mark.parametrize("name", NAMES)
def test_only_get_is_offered(api, name):
    assert api.post(f"/api/cron/{name}", {}).status_code == 405


def test_move_audit_moves_everything_once_however_many_run(fire, team):
    with postgres.connection() as conn:
        before = queries.waiting(conn)
    assert before > 3
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: fire("move_audit").get_json(), range(3)))
    assert sum(answer["done"]["moved"] for answer in answers) == before
    log = team.owner.get(f"/workspaces/{team.workspace['id']}/audit").get_json()["items"]
    assert len(log) == len({event["id"] for event in log}) == 5


def test_expire_sessions_deletes_what_ended_long_ago_and_nothing_else(fire, person):
    old, ended, live = person("Old"), person("Ended"), person("Live")
    ages = {old.id: "31 days", ended.id: "1 day"}
    with postgres.connection() as conn:
        for user_id, age in ages.items():
            conn.execute(
                "UPDATE sessions SET expires_at = now() - %s::interval WHERE user_id = %s",
                [age, user_id],
            )

    def left(who):
        query = "SELECT count(*) AS n FROM sessions WHERE user_id = %s"
        with postgres.connection() as conn:
            return conn.execute(query, [who.id]).fetchone()["n"]

    assert fire("expire_sessions").get_json()["done"]["sessions"] >= 1
    assert [left(who) for who in (old, ended, live)] == [0, 1, 1]
    assert fire("expire_sessions").get_json()["done"] == {"sessions": 0, "tokens": 0, "links": 0}


def test_expire_invitations_deletes_what_ended_long_ago_and_nothing_else(fire, team):
    path = f"/workspaces/{team.workspace['id']}/invitations"
    old, revoked, ended, live = (
        team.owner.post(path, {"role": "viewer"}).get_json()["id"] for _ in range(4)
    )
    ages = {old: ("expires_at", "31 days"), revoked: ("revoked_at", "31 days")}
    ages |= {ended: ("expires_at", "29 days")}
    with postgres.connection() as conn:
        for invitation_id, (column, age) in ages.items():
            conn.execute(
                f"UPDATE invitations SET {column} = now() - %s::interval WHERE id = %s",  # noqa: S608
                [age, invitation_id],
            )
    assert fire("expire_invitations").get_json()["done"]["deleted"] >= 2
    left = team.owner.get(f"{path}?state=all").get_json()["items"]
    assert [each["id"] for each in left] == [ended, live]
    assert fire("expire_invitations").get_json()["done"] == {"deleted": 0}


def test_a_function_says_so_when_its_store_is_down(fire, stack, team):
    stack.mongo.stop()
    try:
        answer = fire("move_audit")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    finally:
        stack.mongo.start()
    assert fire("move_audit").get_json()["done"]["moved"] >= 5


def test_a_sweep_over_http_queues_what_redis_lost(fire, team):
    with postgres.connection() as conn:
        conn.execute(
            "UPDATE jobs SET state = 'cancelled', finished_at = now() WHERE state < 'succeeded'"
        )
        conn.execute(
            "INSERT INTO job_kinds (kind, title, payload_schema, max_attempts)"
            " VALUES ('test.lost', 'Lost', '{}', 1) ON CONFLICT DO NOTHING"
        )
    path = f"/projects/{team.project['id']}/jobs"
    job = team.owner.post(path, {"kind": "test.lost"}).get_json()
    redis_tcp.client().delete(keys.QUEUE)
    with postgres.connection() as conn:
        conn.execute(
            "UPDATE jobs SET queued_at = now() - interval '1 minute',"
            " run_at = now() - interval '2 minutes' WHERE id = %s",
            [job["id"]],
        )
    done = fire("sweep_jobs").get_json()["done"]
    assert done == {"retaken": 0, "failed": 0, "due": 0, "lost": 1}
    assert job["id"] in redis_tcp.client().lindex(keys.QUEUE, 0)
    assert sum(fire("sweep_jobs").get_json()["done"].values()) == 0
    with postgres.connection() as conn:
        conn.execute(
            "UPDATE jobs SET state = 'cancelled', finished_at = now() WHERE id = %s",
            [job["id"]],
        )

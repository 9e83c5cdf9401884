"""Deleting records that have served, through the cron's own path."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from lib.access import throttles
from lib.access.throttles import Limit
from lib.config import settings
from lib.files import uploads
from lib.http import queries
from lib.ids import new_id
from lib.jobs import retention
from lib.mail import mail
from lib.stores import postgres

NAMES = ("answers", "counts", "jobs", "old_jobs", "uploads", "deliveries", "secrets", "webhooks")
NOTHING = dict.fromkeys(NAMES, 0)


@pytest.fixture
def prune(api, stack):
    headers = {"Authorization": f"Bearer {settings().cron_secret}"}

    def fire(_=None):
        return api.get("/api/cron/prune_records", headers=headers).get_json()["done"]

    with postgres.connection() as conn:  # what other tests have left, and would end meanwhile
        conn.execute("DELETE FROM throttles")
    fire()
    return fire


def left(statement, values):
    with postgres.connection() as conn:
        return {row["key"] for row in conn.execute(statement, [values])}


def age(statement, *values):
    with postgres.connection() as conn:
        assert conn.execute(statement, list(values)).rowcount == 1


def test_answers_go_when_their_keys_are_free_again(prune, team):
    path = f"/workspaces/{team.workspace['id']}/projects"
    for name in ("old", "young"):
        key = {"Idempotency-Key": str(uuid4())}
        assert team.owner.post(path, {"name": name}, headers=key).status_code == 201
        if name == "old":
            age(
                "UPDATE idempotency_keys SET created_at = now() - make_interval(hours => %s)"
                " WHERE created_at = (SELECT max(created_at) FROM idempotency_keys)",
                queries.KEEP_HOURS + 1,
            )
    assert prune() == NOTHING | {"answers": 1}
    assert team.owner.post(path, {"name": "young"}, headers=key).headers["Idempotency-Replayed"]
    assert prune() == NOTHING


def test_counts_go_when_their_window_is_over(prune, stack):
    limit, over, under_way = Limit("test", 2, 60), uuid4().hex, uuid4().hex
    for subject in (over, under_way):
        throttles.take(limit, subject)
    age("UPDATE throttles SET resets_at = now() - interval '1s' WHERE key = %s", f"test:{over}")
    assert prune()["counts"] >= 1
    assert throttles.count(limit, under_way).left == 0
    assert throttles.count(limit, over).left == 1
    assert prune() == NOTHING


def test_finished_jobs_of_no_project_go_after_a_week_and_no_others(prune, team):
    ends = {
        "sent": ("succeeded", retention.KEPT_DAYS),
        "failed": ("failed", retention.KEPT_DAYS),
        "young": ("succeeded", retention.KEPT_DAYS - 1),
        "waiting": ("queued", None),
    }
    made = {}
    with postgres.transaction() as conn:
        for name, (state, days) in ends.items():
            made[name] = mail.send(
                conn, to="who@example.com", template="password-changed", values={}
            )
            conn.execute(
                "UPDATE jobs SET state = %s, finished_at = now() - make_interval(days => %s)"
                " WHERE id = %s",
                [state, days, made[name]],
            )
        made["of a project"] = new_id()
        conn.execute(
            "INSERT INTO jobs (id, workspace_id, project_id, kind, payload, max_attempts,"
            " request_id, state, finished_at) VALUES (%s, %s, %s, 'test.old', '{}', 1, '',"
            " 'succeeded', now() - interval '300 days')",
            [made["of a project"], team.workspace["id"], team.project["id"]],
        )
    with ThreadPoolExecutor(3) as pool:
        assert sum(done["jobs"] for done in pool.map(prune, range(3))) == 2
    kept = left("SELECT id AS key FROM jobs WHERE id = ANY(%s)", list(made.values()))
    assert kept == {made[name] for name in ("young", "waiting", "of a project")}
    age("UPDATE jobs SET state = 'cancelled', finished_at = now() WHERE id = %s", made["waiting"])


def test_uploads_go_an_hour_after_they_expired_with_all_their_parts(prune, team):
    path = f"/projects/{team.project['id']}/uploads"
    ages = {f"old {n}": "61 minutes" for n in range(uploads.PURGED_AT_ONCE + 1)}
    ages |= {"just expired": "59 minutes", "young": "-1 minutes"}
    made = {}
    for name, ago in ages.items():
        answer = team.owner.post(path, data=name.encode(), content_type="application/zip")
        made[name] = answer.get_json()["id"]
        age("UPDATE uploads SET expires_at = now() - %s::interval WHERE id = %s", ago, made[name])
    with ThreadPoolExecutor(3) as pool:
        assert sum(done["uploads"] for done in pool.map(prune, range(3))) == len(ages) - 2
    kept = left("SELECT upload_id AS key FROM upload_parts WHERE upload_id = ANY(%s)",
                list(made.values()))  # fmt: skip
    assert {str(key) for key in kept} == {made["just expired"], made["young"]}
    assert [u["id"] for u in team.owner.get(path).get_json()["items"]] == [made["young"]]


def test_one_call_deletes_more_than_one_batch(prune, stack, monkeypatch):
    from functions import prune_records  # reads the settings

    monkeypatch.setattr(prune_records, "BATCH", 2)
    with postgres.connection() as conn:
        conn.execute(
            "INSERT INTO throttles SELECT 'many:' || n, 1, now() - interval '1s'"
            " FROM generate_series(1, 5) n"
        )
    assert prune()["counts"] >= 5
    assert not left("SELECT key FROM throttles WHERE key LIKE %s", "many:%")

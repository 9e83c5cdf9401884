"""Idempotency-Key: what is sent again is answered again, and not done again."""

import json
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from lib.access import tokens
from lib.config import settings
from lib.http import queries
from lib.stores import postgres


@pytest.fixture
def key():
    return {"Idempotency-Key": str(uuid4())}


@pytest.fixture
def rotate(stack, monkeypatch):
    """Sign with a new key from now on; the one until now is still accepted."""

    def forget():
        settings.cache_clear()
        tokens.keys.cache_clear()

    def to_the_next():
        monkeypatch.setenv("JWT_PREVIOUS_SECRETS", settings().jwt_secret)
        monkeypatch.setenv("JWT_SECRET", "the next key, which is long enough to sign with")
        forget()

    yield to_the_next
    monkeypatch.undo()
    forget()


def names(team):
    listed = team.owner.get(f"/workspaces/{team.workspace['id']}/projects?limit=200").get_json()
    return [project["name"] for project in listed["items"]]


def test_the_same_request_gets_the_same_answer_and_creates_one_thing(team, key):
    path = f"/workspaces/{team.workspace['id']}/projects"
    first = team.owner.post(path, {"name": "Once"}, headers=key)
    again = team.owner.post(path, {"name": "Once"}, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.get_json() == first.get_json()
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Content-Type"] == first.headers["Content-Type"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert names(team).count("Once") == 1


def test_another_body_under_the_same_key_is_refused(team, key):
    path = f"/workspaces/{team.workspace['id']}/projects"
    assert team.owner.post(path, {"name": "Once"}, headers=key).status_code == 201
    refused = team.owner.post(path, {"name": "Other"}, headers=key)
    assert refused.status_code == 422
    assert refused.get_json()["errors"][0]["pointer"] == "/Idempotency-Key"
    assert "Other" not in names(team)


def test_sixty_four_at_once_create_one_thing(team, key, at_once):
    path = f"/workspaces/{team.workspace['id']}/projects"
    answers = at_once(64, lambda _: team.owner.post(path, {"name": "Once"}, headers=key))
    made = [answer for answer in answers if answer.status_code == 201]
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.get_json()["id"] for answer in made}) == 1
    assert names(team).count("Once") == 1


def test_a_key_belongs_to_one_person_and_one_route(team, key):
    path = f"/workspaces/{team.workspace['id']}/projects"
    first = team.owner.post(path, {"name": "Mine"}, headers=key).get_json()
    other = team.collaborator.post(path, {"name": "Mine"}, headers=key)
    elsewhere = team.owner.post("/workspaces", {"name": "Mine"}, headers=key)
    assert other.status_code == elsewhere.status_code == 201
    assert len({first["id"], other.get_json()["id"], elsewhere.get_json()["id"]}) == 3


def test_who_may_not_any_more_gets_no_answer_of_the_past(team, key):
    path = f"/workspaces/{team.workspace['id']}/projects"
    assert team.collaborator.post(path, {"name": "Mine"}, headers=key).status_code == 201
    member = f"/workspaces/{team.workspace['id']}/members/{team.collaborator.id}"
    assert team.owner.delete(member).status_code == 204
    assert team.collaborator.post(path, {"name": "Mine"}, headers=key).status_code == 404


def test_a_refused_request_may_be_mended_under_the_same_key(team, key):
    path = f"/projects/{team.project['id']}/files"
    assert team.owner.post(path, {"path": "notes.md"}, headers=key).status_code == 409
    assert team.owner.post(path, {"path": "free.md"}, headers=key).status_code == 201


def test_the_answer_is_not_kept_in_plain(team, key):
    path = f"/workspaces/{team.workspace['id']}/projects"
    canary = f"canary-{uuid4().hex}"
    assert team.owner.post(path, {"name": canary}, headers=key).status_code == 201
    with postgres.connection() as conn:
        rows = conn.execute("SELECT * FROM idempotency_keys").fetchall()
    assert rows
    kept = b"".join(bytes(value) for row in rows for value in row.values() if type(value) is bytes)
    assert canary.encode() not in kept
    assert key["Idempotency-Key"].encode() not in kept


@pytest.mark.parametrize("value", ["", " ", "x" * 256, "a b", '"', '""', 'a"b', "grüße"])
def test_a_malformed_key_is_refused(team, value):
    path = f"/workspaces/{team.workspace['id']}/projects"
    answer = team.owner.post(path, {"name": "No"}, headers={"Idempotency-Key": value})
    assert answer.status_code == 400
    assert "No" not in names(team)


def test_the_quotes_of_the_standard_are_no_part_of_the_key(team):
    path, text = f"/workspaces/{team.workspace['id']}/projects", uuid4().hex
    bare = team.owner.post(path, {"name": "Once"}, headers={"Idempotency-Key": text})
    quoted = team.owner.post(path, {"name": "Once"}, headers={"Idempotency-Key": f'"{text}"'})
    assert quoted.get_json() == bare.get_json()


def test_after_a_day_a_key_is_free_again_and_its_answer_goes(team, key):
    path = f"/workspaces/{team.workspace['id']}/projects"
    first = team.owner.post(path, {"name": "Once"}, headers=key).get_json()
    with postgres.connection() as conn:
        conn.execute("UPDATE idempotency_keys SET created_at = now() - interval '25 hours'")
    later = team.owner.post(path, {"name": "Once"}, headers=key)
    assert later.status_code == 201
    assert later.get_json()["id"] != first["id"]
    with postgres.connection() as conn:
        conn.execute("UPDATE idempotency_keys SET created_at = now() - interval '25 hours'")
        assert queries.forget(conn, 1000) >= 1
        assert queries.forget(conn, 1000) == 0


def test_a_retry_after_the_key_was_rotated_gets_the_answer_of_before(team, key, rotate):
    path, old = f"/workspaces/{team.workspace['id']}/projects", settings().jwt_secret
    first = team.owner.post(path, {"name": "Once"}, headers=key)
    rotate()
    assert list(tokens.keys().values())[1] == old
    again = team.owner.post(path, {"name": "Once"}, headers=key)
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert again.get_json() == first.get_json()
    assert team.owner.post(path, {"name": "Other"}, headers=key).status_code == 422
    assert names(team).count("Once") == 1


def test_what_is_new_after_the_key_was_rotated_is_carried_out_once_too(team, key, rotate):
    rotate()
    path = f"/workspaces/{team.workspace['id']}/projects"
    answers = [team.owner.post(path, {"name": "Once"}, headers=key) for _ in range(2)]
    assert answers[0].get_json() == answers[1].get_json()
    assert names(team).count("Once") == 1


# A function whose process dies when the answer is committed, and before it is sent.
DIES = """
import json, os, sys
from werkzeug.test import Client
from lib.emulator.vercel import Dispatcher
from lib.http import queries

keep = queries.keep

def and_die(conn, *rest):
    keep(conn, *rest)
    conn.after_commit(lambda: os._exit(9))

queries.keep = and_die
path, body, headers = json.loads(sys.argv[1])
Client(Dispatcher()).post(path, json=body, headers=headers)
"""


def test_a_crash_between_commit_and_answer_costs_nothing(team, key):
    path, root = f"/workspaces/{team.workspace['id']}/projects", Path(__file__).resolve().parents[3]
    headers = key | {"Authorization": f"Bearer {team.owner.token}"}
    # The very bytes that are sent again: they belong to the key.
    sent = json.dumps([f"/api/v1{path}", {"name": "Once"}, headers])
    died = subprocess.run([sys.executable, "-c", DIES, sent], cwd=root, timeout=60, check=False)
    assert died.returncode == 9
    assert names(team).count("Once") == 1
    again = team.owner.client.post(f"/api/v1{path}", json={"name": "Once"}, headers=headers)
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert team.owner.get(f"/projects/{again.get_json()['id']}").get_json()["name"] == "Once"
    assert names(team).count("Once") == 1

"""Uploads: in one part or several, by those who may write, bounded in every way."""

import hashlib

import pytest

from lib.files import uploads
from lib.files.upload_schemas import MAX_PART
from lib.stores import postgres

ZIP = {"content_type": "application/zip"}


@pytest.fixture
def path(team):
    return f"/projects/{team.project['id']}/uploads"


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def test_an_upload_tells_its_size_and_the_hash_of_each_part(team, path):
    answer = team.collaborator.post(path, data=b"first", **ZIP)
    assert answer.status_code == 201
    made = answer.get_json()
    assert answer.headers["Location"] == f"/api/v1{path}/{made['id']}"
    assert made["parts"] == [{"number": 1, "size": 5, "sha256": sha256(b"first")}]
    assert (made["size"], made["created_by"]) == (5, team.collaborator.id)
    assert made["expires_at"] > made["created_at"]
    assert team.owner.get(f"{path}/{made['id']}").get_json() == made
    assert team.owner.get(path).get_json()["items"] == [made]


def test_parts_come_in_any_order_and_the_same_one_again_changes_nothing(team, path):
    one = f"{path}/{team.owner.post(path, data=b'1', **ZIP).get_json()['id']}"
    for number, content in ((3, b"333"), (2, b"2?"), (2, b"22"), (2, b"22")):
        answer = team.owner.put(f"{one}?part={number}", data=content, **ZIP)
        assert answer.status_code == 200, answer.text
    parts = answer.get_json()["parts"]
    assert [(p["number"], p["size"]) for p in parts] == [(1, 1), (2, 2), (3, 3)]
    assert answer.get_json()["size"] == 6
    assert parts[1]["sha256"] == sha256(b"22")


def test_a_retried_upload_is_made_once(team, path):
    key = {"Idempotency-Key": "one-upload"}
    first, again = (team.owner.post(path, data=b"zip", headers=key, **ZIP) for _ in range(2))
    assert again.headers["Idempotency-Replayed"] == "true"
    assert first.get_json() == again.get_json()
    other = team.owner.post(path, data=b"other", headers=key, **ZIP)
    assert other.status_code == 422
    assert len(team.owner.get(path).get_json()["items"]) == 1


def test_a_part_may_be_as_large_as_the_platform_takes_and_no_larger(team, path):
    largest = team.owner.post(path, data=b"x" * MAX_PART, **ZIP)
    assert (largest.status_code, largest.get_json()["size"]) == (201, MAX_PART)
    one = f"{path}/{largest.get_json()['id']}"
    for answer in (
        team.owner.post(path, data=b"x" * (MAX_PART + 1), **ZIP),
        team.owner.put(f"{one}?part=2", data=b"x" * (MAX_PART + 1), **ZIP),
    ):
        assert answer.status_code == 413


def test_all_parts_together_are_bounded(team, path, monkeypatch):
    one = f"{path}/{team.owner.post(path, data=b'x' * 60, **ZIP).get_json()['id']}"
    monkeypatch.setattr(uploads, "MAX_UPLOAD", 100)
    assert team.owner.put(f"{one}?part=2", data=b"x" * 40, **ZIP).status_code == 200
    assert team.owner.put(f"{one}?part=3", data=b"x", **ZIP).status_code == 413
    assert team.owner.get(one).get_json()["size"] == 100


@pytest.mark.parametrize("part", ["0", "-1", "101", "x", "1.5", ""])
def test_a_strange_part_number_is_refused(team, path, part):
    one = f"{path}/{team.owner.post(path, data=b'x', **ZIP).get_json()['id']}"
    answer = team.owner.put(f"{one}?part={part}", data=b"x", **ZIP)
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["pointer"] == "/part"


def test_only_zips_with_bytes_in_them_are_taken(team, path):
    for kind in ("application/json", "text/plain", ""):
        assert team.owner.post(path, data=b"PK", content_type=kind).status_code == 415
    assert team.owner.post(path, data=b"", **ZIP).status_code == 400


def test_a_project_holds_a_limited_number_however_many_come_at_once(
    team, path, monkeypatch, at_once
):
    monkeypatch.setattr(uploads, "MAX_UPLOADS", 3)
    answers = at_once(8, lambda n: team.owner.post(path, data=b"x", **ZIP).status_code)
    assert sorted(answers) == [201] * 3 + [409] * 5
    first = team.owner.get(path).get_json()["items"][0]
    assert team.owner.delete(f"{path}/{first['id']}").status_code == 204
    assert team.owner.post(path, data=b"x", **ZIP).status_code == 201


def test_an_upload_is_of_its_project_alone_and_gone_when_it_expires(team, path):
    made = team.owner.post(path, data=b"x", **ZIP).get_json()["id"]
    other = team.owner.post(f"/workspaces/{team.workspace['id']}/projects", {"name": "Other"})
    elsewhere = f"/projects/{other.get_json()['id']}/uploads/{made}"
    for answer in (
        team.owner.get(elsewhere),
        team.owner.put(f"{elsewhere}?part=1", data=b"y", **ZIP),
        team.owner.delete(elsewhere),
    ):
        assert answer.status_code == 404
    assert team.owner.get(f"{path}/{made}").status_code == 200
    with postgres.connection() as conn:
        conn.execute("UPDATE uploads SET expires_at = now() WHERE id = %s", [made])
    assert team.owner.get(f"{path}/{made}").status_code == 404
    assert team.owner.put(f"{path}/{made}?part=1", data=b"y", **ZIP).status_code == 404
    assert team.owner.get(path).get_json()["items"] == []

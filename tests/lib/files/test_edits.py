"""Edits of a file over REST: merging, limits, and who is told."""

import json
import threading

import pytest

from lib.bridge import keys
from lib.files import compaction
from lib.stores import postgres, redis_tcp


@pytest.fixture
def path(team):
    return f"/files/{team.file['id']}/content"


def test_what_others_wrote_since_is_kept(team, path):
    assert team.owner.put(path, {"content": "hello world", "base": 0}).get_json()["seq"] == 1
    merged = team.collaborator.put(path, {"content": "well, hello", "base": 0}).get_json()
    assert (merged["seq"], merged["content"]) == (2, "well, hello world")
    assert team.viewer.get(f"/files/{team.file['id']}").get_json()["content"] == merged["content"]


def test_without_a_base_the_latest_is_replaced(team, path):
    team.owner.put(path, {"content": "hello world"})
    assert team.owner.put(path, {"content": "bye"}).get_json()["content"] == "bye"


def test_the_same_text_again_is_no_edit(team, path):
    assert team.owner.put(path, {"content": "hello"}).get_json()["seq"] == 0


def test_a_base_that_does_not_exist_yet_is_refused(team, path):
    answer = team.owner.put(path, {"content": "x", "base": 7})
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["pointer"] == "/base"


def test_a_text_over_the_limit_is_refused_and_one_at_it_kept(team, path):
    limit = 512 * 1024
    assert team.owner.put(path, {"content": "x" * (limit + 1)}).status_code == 422
    assert team.owner.put(path, {"content": "x" * limit}).status_code == 200


def test_parallel_edits_of_one_version_are_all_kept(team, path):
    def add(word):
        assert team.owner.put(path, {"content": f"hello {word}", "base": 0}).status_code == 200

    words = [f"w{n}" for n in range(8)]
    threads = [threading.Thread(target=add, args=[word]) for word in words]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    file = team.owner.get(f"/files/{team.file['id']}").get_json()
    assert file["seq"] == 8
    assert sorted(file["content"].removeprefix("hello").split()) == words


def test_the_room_hears_of_an_edit_after_the_commit(team, path, eventually):
    listener = redis_tcp.client().pubsub(ignore_subscribe_messages=True)
    listener.subscribe(keys.room(team.project["id"]))
    eventually(lambda: listener.subscribed)
    team.collaborator.put(path, {"content": "hello you", "base": 0})
    message = json.loads(eventually(lambda: listener.get_message(timeout=0.1))["data"])
    listener.close()
    assert message["type"] == "file-change"
    assert message["data"] == {
        "file_id": team.file["id"],
        "seq": 1,
        "delta": [{"retain": 5}, {"insert": " you"}],
        "author": {"id": team.collaborator.id, "name": "Carl"},
    }


def test_a_long_history_is_folded_and_recent_versions_still_merge(team, path, monkeypatch):
    monkeypatch.setattr(compaction, "LONG", 10)
    monkeypatch.setattr(compaction, "KEPT", 5)
    for n in range(12):
        team.owner.put(path, {"content": f"hello {n}"})
    with postgres.transaction() as conn:
        assert compaction.compact(conn, team.file["id"])
        assert not compaction.compact(conn, team.file["id"])
        rows = conn.execute(
            "SELECT count(*) AS n FROM file_updates WHERE file_id = %s", [team.file["id"]]
        ).fetchone()
    assert rows["n"] == 5
    merged = team.owner.put(path, {"content": "oh hello 7", "base": 8})
    assert merged.get_json()["content"] == "oh hello 11"
    too_old = team.owner.put(path, {"content": "x", "base": 3})
    assert too_old.status_code == 409

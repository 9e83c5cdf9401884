"""What jobs log: kept in order and within bounds, attempt by attempt, and heard in the room."""

import json

import pytest

from lib.bridge import keys
from lib.stores import postgres, redis_tcp
from worker import lines
from worker.lines import Lines


@pytest.fixture
def logged(team):
    """Read all that a job has logged, page by page."""

    def read(job, query="limit=200"):
        found, path = [], f"/jobs/{job['id']}/logs?{query}"
        while path:
            answer = team.viewer.get(path)
            assert answer.status_code == 200, answer.text
            found += answer.get_json()["items"]
            path = answer.headers.get("Link", "").partition(">")[0].lstrip("<")
        return found

    return read


def test_lines_are_kept_in_order_through_failed_attempts_and_rolled_back_work(
    worker, submit, ended, logged
):
    job = submit("talks")
    assert logged(job) == []
    worker()
    assert ended(job)["state"] == "succeeded"
    said = ["begins", " is left out, ? is not", "goes on in a transaction"]
    found = [(line["attempt"], line["message"]) for line in logged(job)]
    assert found == [(1, text) for text in said] + [(2, text) for text in [*said, "ends"]]
    rest = logged(job, f"after={logged(job)[4]['id']}")
    assert [line["message"] for line in rest] == [*said[2:], "ends"]


def test_lines_are_there_while_the_job_is_at_work(worker, submit, read, logged, eventually):
    worker()
    job = submit("talks", seconds=3)
    eventually(lambda: logged(job))
    assert read(job)["state"] == "running"


def test_who_says_too_much_is_cut_short(worker, submit, ended, logged):
    worker()
    jobs = [submit("chatters"), submit("shouts")]
    many, long = (ended(job)["state"] == "succeeded" and logged(job) for job in jobs)
    texts = [line["message"] for line in many]
    assert texts == [f"line {n}" for n in range(lines.MAX_LINES)] + [lines.LEFT_OUT]
    assert {len(line["message"]) for line in long[:-1]} == {lines.MAX_LINE}
    assert sum(len(line["message"]) for line in long[:-1]) >= lines.MAX_CHARACTERS - lines.MAX_LINE
    assert sum(len(line["message"]) for line in long) <= lines.MAX_CHARACTERS + lines.MAX_LINE
    assert long[-1]["message"] == lines.LEFT_OUT


def test_many_lines_are_written_at_once(monkeypatch):
    said = Lines()
    said.add("the first does not wait")
    assert said.due()
    assert len(said.take()) == 1
    for number in range(lines.AT_ONCE):
        assert not said.due()
        said.add(str(number))
    assert said.due()
    monkeypatch.setattr(lines, "WRITE_EVERY", 0)
    assert len(said.take()) == lines.AT_ONCE
    assert not said.due()


def test_the_room_hears_each_line_once(worker, submit, ended, team, eventually, logged):
    worker()
    heard = []
    with redis_tcp.client().pubsub() as room:
        room.subscribe(keys.room(team.project["id"]))
        assert room.get_message(timeout=5)["type"] == "subscribe"
        job = submit("talks")
        assert ended(job)["state"] == "succeeded"
        kept = logged(job)

        def listen():
            message = room.get_message(timeout=1)
            told = json.loads(message["data"]) if message else {"type": ""}
            if told["type"] == "job-log":
                assert told["data"]["job_id"] == job["id"]
                assert "seq" not in told
                heard.extend(told["data"]["lines"])
            return len(heard) >= len(kept)

        eventually(listen)
    assert [line["id"] for line in heard] == [line["id"] for line in kept]
    assert [line["message"] for line in heard] == [line["message"] for line in kept]


def test_lines_go_with_their_job_and_strangers_see_none(worker, submit, ended, team, logged):
    worker()
    job = submit("chatters")
    assert ended(job)["state"] == "succeeded"
    assert logged(job)
    assert team.stranger.get(f"/jobs/{job['id']}/logs").status_code == 404
    path = f"/projects/{team.project['id']}/jobs?finished_before=2100-01-01T00:00:00Z"
    assert team.owner.delete(path).get_json()["count"] >= 1
    assert team.viewer.get(f"/jobs/{job['id']}/logs").status_code == 404
    with postgres.connection() as conn:
        query = "SELECT count(*) AS n FROM job_logs WHERE job_id = %s"
        assert conn.execute(query, [job["id"]]).fetchone()["n"] == 0

"""One request id, from the function that took the request to all that a worker does for it."""

import json

from lib.bridge import keys, log
from lib.stores import postgres, redis_tcp

MARKED = {"X-Request-Id": "canary-request-5"}


def test_a_request_is_named_in_its_jobs_events_and_in_all_that_the_room_is_told(
    worker, announced, team, ended, eventually
):
    worker()
    heard = []
    with redis_tcp.client().pubsub() as room:
        room.subscribe(keys.room(team.project["id"]))
        assert room.get_message(timeout=5)["type"] == "subscribe"
        path = f"/projects/{team.project['id']}/jobs"
        answer = team.collaborator.post(path, {"kind": "test.progress"}, headers=MARKED)
        assert answer.status_code == 202, answer.text
        job = ended(answer.get_json())
        assert job["state"] == "succeeded"

        def listen():
            if message := room.get_message(timeout=0.5):
                heard.append(json.loads(message["data"]))
            return heard and heard[-1]["data"].get("state") == "succeeded"

        eventually(listen, 10)
    assert {message["request_id"] for message in heard} == {"canary-request-5"}
    with postgres.connection() as conn:
        logged = log.page(conn, team.project["id"], 0)
    told = [each for each in logged if each.type == "job-updated"]
    assert len(told) == 3
    assert {each.request_id for each in told} == {"canary-request-5"}
    timeline = f"/workspaces/{team.workspace['id']}/audit/timeline?request_id=canary-request-5"
    entries = eventually(
        lambda: len(e := team.owner.get(timeline).get_json()["entries"]) == 11 and e, 10
    )
    by_source = {
        source: sorted(entry["what"] for entry in entries if entry["source"] == source)
        for source in ("job", "log", "room")
    }
    assert by_source == {
        "job": ["attempt-started", "attempt-succeeded", "finished", "started", "submitted"],
        "log": ["job.started", "job.submitted", "job.succeeded"],
        "room": ["job-updated"] * 3,
    }
    assert [entry["at"] for entry in entries] == sorted(entry["at"] for entry in entries)

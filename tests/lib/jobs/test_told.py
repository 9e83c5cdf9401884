"""What Postgres tells of jobs by itself has the form that lib.audit and lib.bridge give to it."""

import json
from datetime import datetime
from uuid import UUID

import pytest

from lib.audit import chain, delivery
from lib.bridge import keys, rooms
from lib.bridge.messages import decode
from lib.ids import made_at, new_id
from lib.jobs import lifecycle
from lib.jobs.lifecycle import Lease, Success
from lib.jobs.queries import CHANGED, WITH_ACTOR
from lib.jobs.telling import tell
from lib.stores import postgres, redis

AWKWARD = 'Zoë "quoted" \\ back\n\x01 \u2028 🐙 %s </script>'
NOT_COMPARED = ("at", "day")


@pytest.fixture
def sent(monkeypatch):
    """What rooms were sent, as texts by channel, in order."""
    texts = []
    monkeypatch.setattr(
        redis, "tell", lambda command, *args: command == "PUBLISH" and texts.append(args)
    )
    return texts


@pytest.fixture
def job(team, submit):
    """A job whose texts are hard to write as JSON, and its lease."""
    job_id = UUID(submit()["id"])
    with postgres.transaction() as conn:
        conn.execute(
            "UPDATE users SET name = %s WHERE id = (SELECT created_by FROM jobs WHERE id = %s)",
            [AWKWARD.replace("\n", " ").replace("\x01", ""), job_id],
        )
        conn.execute("UPDATE jobs SET error = %s WHERE id = %s", [AWKWARD, job_id])
    return job_id


def claim(job_id):
    with postgres.at_once() as conn:
        (row,) = lifecycle.claim(conn, [job_id], worker=AWKWARD, kinds=["test.first"])
    return Lease(job_id, row["lease_token"])


def ask_to_stop(job_id):
    with postgres.connection() as conn:
        conn.execute("UPDATE jobs SET cancel_requested_at = now() WHERE id = %s", [job_id])


def started(job_id):
    claim(job_id)
    return "job.started", {"worker": AWKWARD}


def succeeded(job_id):
    lease = claim(job_id)
    ask_to_stop(job_id)
    with postgres.at_once() as conn:
        assert lifecycle.succeed(conn, [Success(lease, {"a": [1]}, None)]) == {job_id}
    return "job.succeeded", {}


def failing(final):
    def fail(job_id):
        lease = claim(job_id)
        with postgres.at_once() as conn:
            state = lifecycle.fail(conn, lease, 1, AWKWARD, final=final)
        assert state == ("failed" if final else "retrying")
        return f"job.{state}", {}

    return fail


def released(job_id):
    lease = claim(job_id)
    with postgres.at_once() as conn:
        assert lifecycle.release(conn, [lease]) == {job_id}
    return "job.released", {}


def cancelled(job_id):
    lease = claim(job_id)
    ask_to_stop(job_id)
    with postgres.at_once() as conn:
        assert lifecycle.release(conn, [lease]) == {job_id}
    return "job.cancelled", {}


CHANGES = {
    "started": started,
    "succeeded": succeeded,
    "failed": failing(final=True),
    "retrying": failing(final=False),
    "released": released,
    "cancelled": cancelled,
}


def tell_in_python(job_id, action, details):
    with postgres.transaction() as conn:
        query = f"WITH changed AS (SELECT {CHANGED} FROM jobs j WHERE id = %s) {WITH_ACTOR}"  # noqa: S608
        tell(conn, action, conn.execute(query, [job_id]).fetchall(), **details)


def events(job_id):
    with postgres.connection() as conn:
        rows = conn.execute(
            "SELECT id, collection, project_id, event FROM audit_outbox"
            " WHERE event ->> 'target_id' = %s ORDER BY id",
            [str(job_id)],
        )
        return list(rows)


def logged(job_id):
    with postgres.connection() as conn:
        rows = conn.execute(
            "SELECT seq, message FROM room_events WHERE message::jsonb #>> '{data,job_id}' = %s"
            " ORDER BY seq",
            [str(job_id)],
        )
        return [(row["seq"], row["message"]) for row in rows]


def without(event):
    return {name: value for name, value in event.items() if name not in NOT_COMPARED}


@pytest.mark.parametrize("change", CHANGES)
def test_the_log_has_the_same_event_whoever_wrote_it(team, job, change):
    action, details = CHANGES[change](job)
    tell_in_python(job, action, details)
    *_, ours, theirs = events(job)
    assert without(ours["event"]) == without(theirs["event"])
    assert ours["event"]["action"] == action
    assert ours["event"]["actor_name"] in AWKWARD.replace("\n", " ").replace("\x01", "")
    for name in ("collection", "project_id"):
        assert ours[name] == theirs[name]
    for row in (ours, theirs):
        at = row["event"]["at"]
        assert datetime.fromisoformat(at).isoformat(timespec="milliseconds") == at
        assert at.endswith("+00:00")
        assert row["event"]["day"] == at[:10]
        assert row["id"].version == 7
        assert abs((made_at(row["id"]) - datetime.fromisoformat(at)).total_seconds()) < 60


@pytest.mark.parametrize("change", CHANGES)
def test_the_room_has_the_same_message_whoever_wrote_it(job, sent, change):
    action, details = CHANGES[change](job)
    tell_in_python(job, action, details)
    (our_seq, our_text), (their_seq, their_text) = logged(job)[-2:]
    ours, theirs = json.loads(our_text), json.loads(their_text)
    assert list(ours) == list(theirs)
    assert list(ours["data"]) == list(theirs["data"])
    assert ours["data"] == theirs["data"]
    assert ours["request_id"] == theirs["request_id"] != ""
    assert (ours["v"], ours["type"]) == (theirs["v"], theirs["type"]) == (1, rooms.JOB_UPDATED)
    assert their_seq == our_seq + 1
    assert datetime.fromisoformat(ours["at"]).isoformat(timespec="milliseconds") == ours["at"]
    our_sent, their_sent = sent[-2:]
    assert our_sent[0] == their_sent[0] == keys.room(ours["data"]["project_id"])
    for text, seq, kept in ((our_sent[1], our_seq, ours), (their_sent[1], their_seq, theirs)):
        whole = json.loads(text)
        assert list(whole)[:3] == ["origin", "epoch", "seq"]
        assert whole == kept | {"origin": "", "seq": seq, "epoch": whole["epoch"]}
        assert decode(text).seq == seq


def test_the_hash_of_an_event_is_that_of_the_document_which_becomes_of_it(job):
    claim(job)
    row = events(job)[-1]
    (link,) = chain.extend({}, [row])
    assert chain.digest_of_document(chain.GENESIS, delivery.document(row, link)) == link.hash


def test_several_jobs_are_told_each_once_and_in_order(team, submit, sent):
    ids = sorted(UUID(submit()["id"]) for _ in range(60))
    with postgres.at_once() as conn:
        rows = lifecycle.claim(conn, ids[::-1], worker="w", kinds=["test.first"])
    assert {row["id"] for row in rows} == set(ids)
    told = [events(job_id)[-1] for job_id in ids]
    assert {row["event"]["action"] for row in told} == {"job.started"}
    assert [row["id"] for row in told] == sorted({row["id"] for row in told})
    seqs = [logged(job_id)[-1][0] for job_id in ids]
    assert seqs == list(range(seqs[0], seqs[0] + 60))
    assert len(sent[-60:]) == len({text for _, text in sent[-60:]}) == 60


def test_jobs_of_several_rooms_are_numbered_in_each(team, place, submit):
    made = team.owner.post(f"/workspaces/{team.workspace['id']}/projects", {"name": "Other"})
    elsewhere = f"/projects/{made.get_json()['id']}/jobs"
    ids = []
    for _ in range(3):
        for where in (place, elsewhere):
            answer = team.owner.post(where, {"kind": "test.first"})
            ids.append(UUID(answer.get_json()["id"]))
    before = [logged(job_id)[-1][0] for job_id in ids[-2:]]
    for _ in range(2):
        with postgres.at_once() as conn:
            rows = lifecycle.claim(conn, ids, worker="w", kinds=["test.first"])
            lifecycle.release(conn, [Lease(row["id"], row["lease_token"]) for row in rows])
    for first, last in enumerate(before):
        seqs = [seq for job_id in ids[first::2] for seq, _ in logged(job_id)[1:]]
        assert sorted(seqs) == list(range(last + 1, last + 13))


@pytest.mark.parametrize("workspace", [True, False])
def test_a_job_without_a_project_is_in_the_log_alone(team, announced, sent, workspace):
    job_id = new_id()
    with postgres.transaction() as conn:
        conn.execute(
            "INSERT INTO jobs (id, workspace_id, kind, payload, max_attempts, request_id)"
            " VALUES (%s, %s, 'test.first', '{}', 3, '')",
            [job_id, team.workspace["id"] if workspace else None],
        )
    sent.clear()
    claim(job_id)
    tell_in_python(job_id, "job.started", {"worker": AWKWARD})
    ours, theirs = events(job_id)
    assert without(ours["event"]) == without(theirs["event"])
    assert ours["event"]["actor_id"] is ours["event"]["project_id"] is None
    assert (ours["event"]["workspace_id"] is not None) == workspace
    assert sent == logged(job_id) == []


def test_a_message_without_a_request_names_none(job, sent):
    with postgres.connection() as conn:
        conn.execute("UPDATE jobs SET request_id = '' WHERE id = %s", [job])
    claim(job)
    tell_in_python(job, "job.started", {"worker": AWKWARD})
    ours, theirs = (json.loads(text) for _, text in logged(job)[-2:])
    assert list(ours) == list(theirs)
    assert "request_id" not in ours


def test_of_a_purged_project_nobody_is_told(job, sent):
    with postgres.connection() as conn:
        conn.execute(
            "DELETE FROM room_logs WHERE project_id = (SELECT project_id FROM jobs WHERE id = %s)",
            [job],
        )
    sent.clear()
    claim(job)
    assert events(job)[-1]["event"]["action"] == "job.started"
    assert sent == logged(job) == []


def test_attempts_go_with_their_job(job):
    lease = claim(job)
    with postgres.at_once() as conn:
        assert lifecycle.fail(conn, lease, 1, "no", final=True) == "failed"
    count = "SELECT count(*) AS n FROM job_attempts WHERE job_id = %s"
    with postgres.connection() as conn:
        assert conn.execute(count, [job]).fetchone()["n"] == 1
        conn.execute("DELETE FROM jobs WHERE id = %s", [job])
        assert conn.execute(count, [job]).fetchone()["n"] == 0

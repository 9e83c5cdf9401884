"""Sending: a mail is a job of its own, as good as the transaction that it was asked for in."""

import pytest

from lib.bridge import keys
from lib.config import settings
from lib.ids import new_id
from lib.jobs import sweep
from lib.mail import mail
from lib.stores import postgres, redis_tcp
from worker import kinds

INVITATION = {"inviter": "Olga", "workspace": "Studio", "role": "viewer"}


@pytest.fixture(autouse=True)
def no_jobs_of_others(stack):
    redis_tcp.client().delete(keys.QUEUE)
    forget_mails()
    yield
    forget_mails()


def forget_mails():
    with postgres.connection() as conn:
        conn.execute("DELETE FROM jobs WHERE kind = %s", [mail.KIND])


@pytest.fixture
def postgres_is_old(stack, eventually, monkeypatch):
    """Postgres has been up for longer than a lease, which is short here."""
    monkeypatch.setenv("JOB_LEASE", "1s")
    settings.cache_clear()
    query = "SELECT now() - pg_postmaster_start_time() > interval '1s' AS old"

    def is_old():
        with postgres.connection() as conn:
            return conn.execute(query).fetchone()["old"]

    eventually(is_old)
    yield
    monkeypatch.undo()
    settings.cache_clear()


def jobs():
    with postgres.connection() as conn:
        return conn.execute(
            "SELECT * FROM jobs WHERE kind = %s ORDER BY id", [mail.KIND]
        ).fetchall()


def queued():
    return redis_tcp.client().lrange(keys.QUEUE, 0, -1)


def send(conn, to="olga@example.com", **changes):
    given = {"template": "invitation", "values": INVITATION, "link": ("invitation", new_id())}
    return mail.send(conn, to=to, **given | changes)


def test_a_mail_is_a_job_that_belongs_to_no_project(stack):
    link = ("invitation", new_id())
    with postgres.transaction() as conn:
        job_id = send(conn, link=link, request_id="request-1")
        assert queued() == []  # nobody takes it up before it is there
    (job,) = jobs()
    assert job["id"] == job_id
    assert (job["state"], job["max_attempts"]) == ("queued", mail.MAX_ATTEMPTS)
    assert (job["workspace_id"], job["project_id"], job["created_by"]) == (None, None, None)
    assert job["request_id"] == "request-1"
    assert job["payload"] == {
        "to": "olga@example.com",
        "template": "invitation",
        "values": INVITATION,
        "link": {"purpose": "invitation", "id": str(link[1])},
    }
    (message,) = queued()
    assert str(job_id) in message


def test_what_is_rolled_back_sends_nothing(stack):
    with postgres.connection() as conn, conn.transaction(force_rollback=True):
        job_id = send(conn)
        assert conn.execute("SELECT 1 FROM jobs WHERE id = %s", [job_id]).fetchone()
    assert jobs() == []
    assert queued() == []


def test_two_mails_of_one_transaction_are_two_jobs(stack):
    with postgres.transaction() as conn:
        sent = {send(conn, "olga@example.com"), send(conn, "vera@example.com")}
    assert {job["id"] for job in jobs()} == sent
    assert {job["payload"]["to"] for job in jobs()} == {"olga@example.com", "vera@example.com"}
    assert len(queued()) == 2


def test_a_mail_that_there_is_not_fails_where_it_is_asked_for(stack):
    for wrong in ({"template": "none"}, {"values": {}}, {"link": None}):
        with pytest.raises(ValueError, match="mail"), postgres.transaction() as conn:
            send(conn, **wrong)
    assert jobs() == []


def test_values_are_kept_as_they_will_read(stack):
    with postgres.transaction() as conn:
        send(conn, values=INVITATION | {"workspace": "Studio\0\r\nBcc: all@example.com"})
    assert jobs()[0]["payload"]["values"]["workspace"] == "Studio Bcc: all@example.com"


def test_it_is_recorded_without_an_address_or_a_workspace(stack):
    with postgres.transaction() as conn:
        job_id = send(conn)
        row = conn.execute(
            "SELECT event FROM audit_outbox WHERE event->>'target_id' = %s", [str(job_id)]
        ).fetchone()
    event = row["event"]
    assert (event["action"], event["actor_id"]) == ("job.submitted", None)
    assert (event["workspace_id"], event["project_id"]) == (None, None)
    assert "example.com" not in str(event)


def test_the_sweep_queues_a_mail_that_redis_forgot(stack):
    with postgres.transaction() as conn:
        job_id = send(conn)
        conn.execute("UPDATE jobs SET queued_at = now() - interval '1 h' WHERE id = %s", [job_id])
        conn.execute("UPDATE jobs SET run_at = now() - interval '2 h' WHERE id = %s", [job_id])
    redis_tcp.client().delete(keys.QUEUE)
    assert sweep.sweep()["lost"] >= 1
    assert any(str(job_id) in message for message in queued())


def test_the_sweep_takes_a_mail_from_a_dead_worker_and_tells_no_room(postgres_is_old):
    with postgres.transaction() as conn:
        job_id = send(conn)
        conn.execute(
            "UPDATE jobs SET state = 'running', attempt = 1, lease_token = gen_random_uuid(),"
            " lease_until = now() - interval '1 h' WHERE id = %s",
            [job_id],
        )
        conn.execute("DELETE FROM jobs WHERE state = 'running' AND id <> %s", [job_id])  # others'
    listener = redis_tcp.client().pubsub()
    listener.psubscribe("collab:room:*")
    try:
        assert listener.get_message(timeout=5)["type"] == "psubscribe"
        assert sweep.sweep()["retaken"] == 1
        assert jobs()[0]["state"] == "retrying"
        assert listener.get_message(timeout=0.2) is None
    finally:
        listener.close()


def test_nobody_reads_a_mail_over_rest(team):
    with postgres.transaction() as conn:
        job_id = send(conn, to=team.owner.email)
    assert len(jobs()) == 1
    for somebody in team.by_role().values():
        assert somebody.get("/me").status_code == 200
        for path in (f"/jobs/{job_id}", f"/jobs/{job_id}/artifact"):
            assert somebody.get(path).status_code == 404
    assert team.owner.get(f"/projects/{team.project['id']}/jobs").get_json()["items"] == []


def test_nobody_sends_a_mail_over_rest(team):
    known = kinds.discover(["worker.handlers"])
    with postgres.transaction() as conn:
        kinds.announce(conn, known)
    path = f"/projects/{team.project['id']}/jobs"
    body = {"to": "a@example.com", "template": "verify-email", "values": {}, "link": None}
    answers = [
        team.owner.post(path, {"kind": kind, "payload": payload}).get_json()["errors"]
        for kind in ("test.there-is-no-such", mail.KIND)
        for payload in ({}, body)
    ]
    assert all(answer == answers[0] for answer in answers)
    assert known.keys() >= {mail.KIND, "project.export"}
    assert "project.export" in answers[0][0]["detail"]
    assert mail.KIND not in answers[0][0]["detail"]
    assert jobs() == []

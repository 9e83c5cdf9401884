"""Jobs without a worker: submitted over REST, and put into any state."""

import pytest

from lib.config import settings
from lib.jobs import quotas
from lib.stores import postgres

KINDS = ("test.first", "test.second")
ENDED = ("succeeded", "failed", "cancelled")


@pytest.fixture
def announced(stack):
    with postgres.connection() as conn:
        for kind in KINDS:
            conn.execute(
                "INSERT INTO job_kinds (kind, title, payload_schema, max_attempts)"
                " VALUES (%s, 'Nothing', '{}', 3) ON CONFLICT DO NOTHING",
                [kind],
            )


@pytest.fixture
def place(team):
    """Where the jobs of the team's project are."""
    return f"/projects/{team.project['id']}/jobs"


@pytest.fixture
def submit(team, place, announced):
    """Submit a job as the collaborator; keywords are members of the body."""

    def send(kind=KINDS[0], **body):
        answer = team.collaborator.post(place, {"kind": kind} | body)
        assert answer.status_code == 202, answer.text
        return answer.get_json()

    return send


@pytest.fixture
def put_into(stack):
    """Put a job into a state, as a worker would have."""

    def change(job, state, **more):
        values = {"state": state} | more
        if state in ENDED:
            values.setdefault("finished_at", "now()")
        columns = ", ".join(f"{name} = %({name})s" for name in values)
        with postgres.connection() as conn:
            statement = f"UPDATE jobs SET {columns} WHERE id = %(id)s"  # noqa: S608
            assert conn.execute(statement, values | {"id": job["id"]}).rowcount == 1
        return job

    return change


@pytest.fixture
def told(stack):
    """What the log has of a thing, in order: the actions."""

    def actions(target_id):
        with postgres.connection() as conn:
            rows = conn.execute(
                "SELECT event->>'action' AS action FROM audit_outbox"
                " WHERE event->>'target_id' = %s ORDER BY id",
                [str(target_id)],
            )
            return [row["action"] for row in rows]

    return actions


@pytest.fixture
def quota(monkeypatch):
    """Set a quota, by the name of its variable, and count anew."""

    def forget():
        settings.cache_clear()
        quotas._room.clear()
        quotas._taken.clear()

    def limit(name=None, most=0):
        if name:
            monkeypatch.setenv(name, str(most))
        forget()

    yield limit
    monkeypatch.undo()
    forget()


@pytest.fixture
def no_schedules_of_others(stack):
    """Only what a test schedules itself is ever due in it, and nowhere else."""

    def disable():
        with postgres.connection() as conn:
            conn.execute("UPDATE schedules SET enabled = false")

    disable()
    yield
    disable()

"""What the tests of the log share: events of one workspace, and their documents in MongoDB."""

from uuid import uuid4

import pytest

from lib.audit import delivery, events, queries
from lib.audit.actions import COLLECTIONS, PROJECT_ACTIONS
from lib.audit.events import Event
from lib.stores import mongo, postgres


@pytest.fixture(scope="module", autouse=True)
def empty_log(stack):
    """Begin without the events of other tests: some of these look at every chain there is."""
    with postgres.transaction() as conn:
        for table in ("audit_batches", "audit_outbox", "audit_chains"):
            conn.execute(f"DELETE FROM {table}")  # noqa: S608
    with mongo.database() as database:
        for name in COLLECTIONS:
            database[name].delete_many({})


@pytest.fixture
def workspace_id(stack):
    return uuid4()


@pytest.fixture
def record(workspace_id):
    """Write events of one workspace into the outbox."""

    def write(count, action="project.created", of=workspace_id):
        about = {"target": ("project", uuid4()), "workspace_id": of}
        with postgres.transaction() as conn:
            events.record_all(conn, [Event(action, None, **about) for _ in range(count)])

    return write


@pytest.fixture
def delivered(workspace_id):
    """The documents of this workspace in MongoDB, by collection."""

    def find(collection=PROJECT_ACTIONS):
        with mongo.database() as database:
            return list(database[collection].find({"workspace_id": str(workspace_id)}))

    return find


@pytest.fixture
def on_chain():
    """The documents of a chain in MongoDB, in the order of their numbers."""

    def find(of):
        with mongo.database() as database:
            found = [d for c in COLLECTIONS for d in database[c].find({"chain": str(of)})]
        return sorted(found, key=lambda document: document["seq"])

    return find


@pytest.fixture
def waiting(stack):
    """Count the events that MongoDB does not have yet."""

    def count():
        with postgres.connection() as conn:
            return queries.waiting(conn)

    return count


@pytest.fixture
def move_all(waiting):
    """Move everything that has happened so far to MongoDB."""

    def move():
        while waiting():
            delivery.move()

    return move

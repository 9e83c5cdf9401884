"""The look-up of a write: it holds on to what allowed it, and waits for what takes that away."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from time import monotonic
from uuid import UUID

import jwt
import pytest
from psycopg.rows import dict_row

from lib.access import lookups
from lib.access.caller import Origin
from lib.access.tokens import Claims
from lib.config import settings
from lib.errors import Archived, NotFound
from lib.stores import postgres
from lib.stores.connection import Connection

ORIGIN = Origin("test-request", "127.0.0.1", "pytest")
WRITES = [
    ("project.create", "workspace"),
    ("project.update", "project"),
    ("file.update", "file"),
]


@pytest.fixture
def look(team):
    """Look up a permission on the team's thing of its scope, as its owner."""
    claims = jwt.decode(team.owner.token, options={"verify_signature": False})
    mine = Claims(UUID(claims["sub"]), UUID(claims["sid"]), claims["exp"])

    def find(conn, permission, scope, **options):
        target = UUID(getattr(team, scope)["id"])
        return lookups.find(conn, permission, mine, ORIGIN, target, **options)

    return find


@pytest.fixture
def waiting(eventually):
    """Wait until so many statements wait for a lock."""

    def wait(count=1):
        statement = """
            SELECT count(*) AS n FROM pg_stat_activity
            WHERE wait_event_type = 'Lock' AND datname = current_database()
        """

        def waits():
            with postgres.connection() as conn:
                return conn.execute(statement).fetchone()["n"] == count

        eventually(waits, within=1.5, what="nobody waits")

    return wait


@pytest.mark.parametrize(("permission", "scope"), WRITES)
@pytest.mark.parametrize("end", ["archive", "members"])
def test_what_ends_a_writers_right_waits_for_a_write_under_way(
    team, look, waiting, permission, scope, end
):
    workspace = f"/workspaces/{team.workspace['id']}"
    with ThreadPoolExecutor(1) as pool:
        with postgres.transaction() as conn:
            look(conn, permission, scope, lock="write")
            if end == "archive":
                ended = pool.submit(team.owner.post, f"{workspace}/archive")
            else:
                ended = pool.submit(team.owner.delete, f"{workspace}/members/{team.viewer.id}")
            waiting()
            assert not ended.done()
        assert ended.result(5).status_code in (200, 204)


@pytest.mark.parametrize("lock", ["write", "version"])
@pytest.mark.parametrize(("permission", "scope"), WRITES)
def test_a_write_that_waited_for_the_archive_is_refused(
    team, look, waiting, permission, scope, lock
):
    def write():
        with postgres.transaction() as conn:
            return look(conn, permission, scope, lock=lock)

    assert write().role == "owner"
    with ThreadPoolExecutor(1) as pool:
        with postgres.transaction() as conn:
            conn.execute(
                "SELECT 1 FROM workspaces WHERE id = %s FOR UPDATE", [team.workspace["id"]]
            )
            conn.execute(
                "UPDATE workspaces SET archived_at = now() WHERE id = %s", [team.workspace["id"]]
            )
            written = pool.submit(write)
            waiting()
        with pytest.raises(Archived):
            written.result(5)


@pytest.mark.parametrize(("permission", "scope"), WRITES)
def test_a_write_that_waited_for_the_end_of_the_workspace_finds_nothing(
    team, look, waiting, permission, scope
):
    def write():
        with postgres.transaction() as conn:
            return look(conn, permission, scope, lock="write")

    with ThreadPoolExecutor(1) as pool:
        with postgres.transaction() as conn:
            conn.execute("DELETE FROM workspaces WHERE id = %s", [team.workspace["id"]])
            written = pool.submit(write)
            waiting()
        with pytest.raises(NotFound):
            written.result(5)


def test_a_read_waits_for_nobody(team, look):
    with postgres.transaction() as conn:
        conn.execute("SELECT 1 FROM workspaces WHERE id = %s FOR UPDATE", [team.workspace["id"]])
        conn.execute("SELECT 1 FROM projects WHERE id = %s FOR UPDATE", [team.project["id"]])
        conn.execute("SELECT 1 FROM files WHERE id = %s FOR UPDATE", [team.file["id"]])
        for permission, scope in (
            ("workspace.read", "workspace"),
            ("project.read", "project"),
            ("file.read", "file"),
        ):
            with postgres.connection() as other:
                assert look(other, permission, scope).role == "owner"


def test_writers_of_one_workspace_do_not_wait_for_each_other(team, look):
    with postgres.transaction() as conn:
        for permission, scope in WRITES:
            look(conn, permission, scope, lock="write")
            with postgres.transaction() as other:
                assert look(other, permission, scope, lock="write").role == "owner"


def test_whoever_takes_things_away_gets_their_turn_however_many_write(team, look, eventually):
    """With row locks alone, writers that overlap keep it out until it gives up, after 5 seconds."""
    stop, written = Event(), []

    def write(number):
        options = {"row_factory": dict_row, "autocommit": True, "prepare_threshold": None}
        with Connection.connect(settings().database_url, **options) as conn:
            while not stop.is_set():
                with conn.transaction():
                    look(conn, *WRITES[number % len(WRITES)], lock="write")
                    stop.wait(0.01)  # the work, and the commit
                written.append(number)

    with ThreadPoolExecutor(16) as pool:
        writers = [pool.submit(write, number) for number in range(16)]
        try:
            eventually(lambda: len(set(written)) == 16)
            started = monotonic()
            path = f"/workspaces/{team.workspace['id']}/members/{team.viewer.id}"
            assert team.owner.delete(path).status_code == 204
            taken, before = monotonic() - started, len(written)
            eventually(lambda: len(written) > before + 16)  # and they all go on
        finally:
            stop.set()
    assert taken < 2
    assert [writer.result() for writer in writers] == [None] * 16

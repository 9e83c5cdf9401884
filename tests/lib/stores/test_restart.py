"""Postgres restarted while many read and write: 503 meanwhile, and nothing acknowledged is lost."""

import psycopg
import pytest

from tests.lib.stores.load import THREADS

SOME = 40  # requests that were answered well


@pytest.mark.parametrize("how", ["stop", "kill_backends"])
def test_nothing_acknowledged_is_lost_and_service_resumes_by_itself(
    load, stack, eventually, request, how
):
    eventually(lambda: load.well() > SOME)
    if how == "stop":
        request.addfinalizer(stack.postgres.start)
        stack.postgres.stop()
        eventually(lambda: load.statuses[503] > THREADS, within=30)
        stack.postgres.start()
    else:
        terminate(stack)
    before = load.well()
    eventually(lambda: load.well() > before + SOME)
    load.finish()
    assert set(load.statuses) <= {200, 201, 503}
    assert not load.unexplained
    assert load.kept
    assert load.kept <= load.found()


def terminate(stack):
    with psycopg.connect(stack.postgres.url) as conn:
        conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND application_name = 'collab'"
        )

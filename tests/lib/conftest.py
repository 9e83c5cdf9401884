"""What tests of several domains make use of."""

import pytest

from lib.stores import postgres

SLOWER = 6.5  # seconds: more than any other statement may take, and than anybody waits for one


@pytest.fixture
def slow_deletion(team):
    """Deleting the team's file takes as long as deleting a hundred thousand would."""
    with postgres.connection() as conn:
        conn.execute(
            f"""
            CREATE FUNCTION sleep_first() RETURNS trigger LANGUAGE plpgsql
            AS 'BEGIN PERFORM pg_sleep({SLOWER}); RETURN OLD; END'
            """
        )
        conn.execute(
            f"""
            CREATE TRIGGER slow_deletion BEFORE DELETE ON files FOR EACH ROW
            WHEN (OLD.id = '{team.file["id"]}') EXECUTE FUNCTION sleep_first()
            """
        )
    yield
    with postgres.connection() as conn:
        conn.execute("DROP FUNCTION sleep_first CASCADE")

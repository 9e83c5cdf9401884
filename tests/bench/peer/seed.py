"""python -m tests.bench.peer.seed URL: an empty database as the harness finds it."""

import sys

import psycopg

from lib.stores.migrate import migrate
from tests.bench.noop_kind import nothing
from worker import kinds

WORKSPACE = "01900000-0000-7000-8000-000000000001"


def main(url: str) -> None:
    """Migrate, announce the job kind, and make whoever registers an owner of one workspace."""
    migrate(url)
    with psycopg.connect(url) as conn:
        kinds.announce(conn, {nothing.kind.name: nothing.kind})
        conn.execute("INSERT INTO workspaces (id, name) VALUES (%s, 'Bench')", [WORKSPACE])
        conn.execute(
            f"""
            CREATE FUNCTION join_bench() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO workspace_members (workspace_id, user_id, role)
                VALUES ('{WORKSPACE}', new.id, 'owner');
                RETURN new;
            END $$;
            CREATE TRIGGER join_bench AFTER INSERT ON users
                FOR EACH ROW EXECUTE FUNCTION join_bench();
            """  # noqa: S608
        )


if __name__ == "__main__":
    main(sys.argv[1])

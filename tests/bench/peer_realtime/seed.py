"""An empty database as the real-time harness finds it: one workspace, all its people and rooms."""

import psycopg

from lib.stores.migrate import migrate
from tests.bench.peer_realtime import people

WORKSPACE = "01900000-0000-7000-8000-000000000001"


def fill(url: str) -> None:
    """Migrate, and make everybody a collaborator with a session, in one workspace of all rooms."""
    migrate(url)
    users = [people.user(number) for number in range(people.PEOPLE)]
    sessions = [people.session(number) for number in range(people.PEOPLE)]
    projects = [people.project(number) for number in range(people.ROOMS)]
    with psycopg.connect(url) as conn:
        conn.execute("INSERT INTO workspaces (id, name) VALUES (%s, 'Bench')", [WORKSPACE])
        conn.execute(
            "INSERT INTO users (id, email, name, password_hash) "
            "SELECT id, id || '@example.com', 'Bench', 'none' FROM unnest(%s) id",
            [users],
        )
        conn.execute(
            "INSERT INTO sessions (id, user_id, user_agent, address, expires_at) "
            "SELECT session_id, user_id, 'bench', '127.0.0.1', now() + interval '1 day' "
            "FROM unnest(%s, %s) AS pairs (session_id, user_id)",
            [sessions, users],
        )
        conn.execute(
            "INSERT INTO workspace_members (workspace_id, user_id, role) "
            "SELECT %s, id, 'collaborator' FROM unnest(%s) id",
            [WORKSPACE, users],
        )
        conn.execute(
            "INSERT INTO projects (id, workspace_id, name, description) "
            "SELECT id, %s, 'Bench', '' FROM unnest(%s) id",
            [WORKSPACE, projects],
        )
        conn.execute("COMMIT")
        conn.execute("ANALYZE")

"""The lookups: each finds a live session, the caller's role and the thing itself in one statement.

They answer no row when the session is not live, a null `role` when the caller is no member, and a
null `id` when the thing does not exist. With a lock, the rows that grant the access can't change
before the caller's transaction ends: a write never commits after the revocation of its author did.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from lib.stores.connection import Connection

_CALLER = """
WITH caller AS MATERIALIZED (
    SELECT s.user_id, s.id AS session_id, u.email, u.name, u.created_at
    FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.id = %(session_id)s AND s.user_id = %(user_id)s
      AND s.revoked_at IS NULL AND s.expires_at > now()
    {lock_session}
)
SELECT caller.user_id AS caller_id, caller.email AS caller_email, caller.name AS caller_name,
"""

_ROLES = """
LEFT JOIN LATERAL (
    SELECT role FROM workspace_members
    WHERE workspace_id = {workspace} AND user_id = caller.user_id {lock}
) wm ON true
"""

_PROJECT_ROLES = """
LEFT JOIN LATERAL (
    SELECT role FROM project_members
    WHERE project_id = p.id AND user_id = caller.user_id {lock}
) pm ON true
"""

_JOB_COLUMNS = """
j.id, j.workspace_id, j.project_id, j.kind, j.payload, j.state, j.attempt, j.max_attempts, j.run_at,
j.progress, j.progress_message, j.result, j.error, j.created_by, j.created_at, j.started_at,
j.finished_at
"""

_SCOPES = {
    "account": """
        NULL AS role, caller.user_id AS id, caller.email, caller.name, caller.created_at
        FROM caller
    """,
    "workspace": """
        wm.role, w.id, w.name, w.created_at, w.updated_at
        FROM caller
        LEFT JOIN workspaces w ON w.id = %(target_id)s
    """
    + _ROLES.replace("{workspace}", "w.id"),
    "project": """
        greatest(wm.role, pm.role) AS role,
        p.id, p.workspace_id, p.name, p.description, p.created_at, p.updated_at
        FROM caller
        LEFT JOIN projects p ON p.id = %(target_id)s
    """
    + _ROLES.replace("{workspace}", "p.workspace_id")
    + _PROJECT_ROLES,
    "file": """
        greatest(wm.role, pm.role) AS role,
        f.id, f.project_id, p.workspace_id, f.path, f.seq, f.content, f.created_at, f.updated_at,
        f.updated_by
        FROM caller
        LEFT JOIN files f ON f.id = %(target_id)s
        LEFT JOIN projects p ON p.id = f.project_id
    """
    + _ROLES.replace("{workspace}", "p.workspace_id")
    + _PROJECT_ROLES,
    "job": f"""
        greatest(wm.role, pm.role) AS role, {_JOB_COLUMNS}
        FROM caller
        LEFT JOIN jobs j ON j.id = %(target_id)s
        LEFT JOIN projects p ON p.id = j.project_id
    """
    + _ROLES.replace("{workspace}", "p.workspace_id")
    + _PROJECT_ROLES,
}


def _statement(scope: str, *, locked: bool) -> str:
    text = _CALLER + _SCOPES[scope]
    text = text.replace("{lock_session}", "FOR SHARE OF s" if locked else "")
    return text.replace("{lock}", "FOR SHARE" if locked else "")


_STATEMENTS = {
    (scope, locked): _statement(scope, locked=locked)
    for scope in _SCOPES
    for locked in (False, True)
}


def lookup(
    conn: Connection,
    scope: str,
    *,
    user_id: UUID,
    session_id: UUID,
    target_id: UUID | None,
    locked: bool,
) -> dict[str, Any] | None:
    """Find the session, the role and the row of `scope` in one statement; None: no live session."""
    values = {"user_id": user_id, "session_id": session_id, "target_id": target_id}
    return conn.execute(_STATEMENTS[scope, locked], values).fetchone()

"""The lookups: each finds a live session, the caller's role and the thing itself in one statement.

They answer no row when the session is not live, a null `role` when the caller is no member, and a
null `id` when the thing does not exist.

For a write, the rows that grant the access are locked: a write never commits after the revocation
of its author did, nor after its workspace was archived. The workspace comes first, then the thing
itself, then the membership, always in this order, and whatever takes things or members away holds
the thing alone: so writers wait for each other, and never in a circle.
"""

from __future__ import annotations

import re
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
    {session_lock}
){held}
SELECT caller.user_id AS caller_id, caller.email AS caller_email, caller.name AS caller_name,
"""

# The caller of a write, who holds on to the workspace that the thing is in. No thing moves to
# another workspace, so the way there needs no lock.
_HELD = """, holder AS MATERIALIZED (
    SELECT caller.*, workspace.archived_at
    FROM caller
    LEFT JOIN LATERAL (
        SELECT archived_at FROM workspaces WHERE id = ({way}) FOR KEY SHARE
    ) workspace ON true
)"""
_WAYS = {
    "project": "SELECT workspace_id FROM projects WHERE id = %(target_id)s",
    "file": """
        SELECT p.workspace_id FROM files f JOIN projects p ON p.id = f.project_id
        WHERE f.id = %(target_id)s
    """,
    "job": "SELECT workspace_id FROM jobs WHERE id = %(target_id)s",
}

_ROLES = """
LEFT JOIN LATERAL (
    SELECT role FROM workspace_members
    WHERE workspace_id = {workspace} AND user_id = caller.user_id {role_lock}
) wm ON true
"""

_PROJECT_ROLES = """
LEFT JOIN LATERAL (
    SELECT role FROM project_members
    WHERE project_id = p.id AND user_id = caller.user_id {role_lock}
) pm ON true
"""

_TARGET = """
LEFT JOIN LATERAL (
    SELECT * FROM {table} WHERE id = %(target_id)s {target_lock}
) {name} ON true
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
        wm.role, w.id, w.name, w.archived_at, w.created_at, w.updated_at
        FROM caller
        {target:workspaces w}
    """
    + _ROLES.replace("{workspace}", "w.id"),
    "project": """
        greatest(wm.role, pm.role) AS role,
        p.id, p.workspace_id, p.name, p.description, p.created_at, p.updated_at
        FROM caller
        {target:projects p}
    """
    + _ROLES.replace("{workspace}", "p.workspace_id")
    + _PROJECT_ROLES,
    "file": """
        greatest(wm.role, pm.role) AS role,
        f.id, f.project_id, p.workspace_id, f.path, f.seq, f.content, f.created_at, f.updated_at,
        f.updated_by
        FROM caller
        {target:files f}
        LEFT JOIN projects p ON p.id = f.project_id
    """
    + _ROLES.replace("{workspace}", "p.workspace_id")
    + _PROJECT_ROLES,
    "job": """
        greatest(wm.role, pm.role) AS role, {job_columns}
        FROM caller
        {target:jobs j}
        LEFT JOIN projects p ON p.id = j.project_id
    """.replace("{job_columns}", _JOB_COLUMNS)
    + _ROLES.replace("{workspace}", "p.workspace_id")
    + _PROJECT_ROLES,
}


# Locks on the session, on the thing and on the membership, by how much the caller is about to do.
_LOCKS = {
    "read": ("", "", ""),
    "write": ("FOR SHARE OF s", "FOR KEY SHARE", "FOR SHARE"),
    "version": ("FOR SHARE OF s", "FOR NO KEY UPDATE", "FOR SHARE"),
    "exclusive": ("FOR UPDATE OF s", "FOR UPDATE", "FOR SHARE"),
}


def _statement(scope: str, locks: tuple[str, str, str]) -> str:
    holds = any(locks) and scope in _WAYS
    caller = _CALLER.replace("{held}", _HELD.replace("{way}", _WAYS[scope]) if holds else "")
    rest = re.sub(r"\{target:(\w+) (\w+)\}", _target, _SCOPES[scope])
    if holds:
        rest = rest.replace("FROM caller", "FROM holder AS caller")
        rest = "caller.archived_at AS workspace_archived_at, " + rest
    text = caller + rest
    for name, clause in zip(("session_lock", "target_lock", "role_lock"), locks, strict=True):
        text = text.replace(f"{{{name}}}", clause)
    return text


def _target(match: re.Match[str]) -> str:
    return _TARGET.replace("{table}", match[1]).replace("{name}", match[2])


_STATEMENTS = {
    (scope, lock): _statement(scope, clauses)
    for scope in _SCOPES
    for lock, clauses in _LOCKS.items()
}


def lookup(
    conn: Connection,
    scope: str,
    *,
    user_id: UUID,
    session_id: UUID,
    target_id: UUID | None,
    lock: str,
) -> dict[str, Any] | None:
    """Find the session, the role and the row of `scope` in one statement; None: no live session.

    `lock` is `read`, `write`, `version` or `exclusive`; under a lock, the row of what is inside a
    workspace also tells since when that is archived: `workspace_archived_at`.
    """
    values = {"user_id": user_id, "session_id": session_id, "target_id": target_id}
    return conn.execute(_STATEMENTS[scope, lock], values).fetchone()

"""The lookups: each finds a live session, the caller's role and the thing itself in one statement.

A personal access token takes the session's place. They answer no row when it is not live, a null
`role` when the caller is no member, and a null `id` when the thing does not exist.

For a write, the rows that grant the access are locked: a write never commits after the revocation
of its author did. The thing itself comes first, then the membership, always in this order, and
whatever takes things or members away holds the thing alone: so writers wait for each other, and
never in a circle.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from lib.access.tokens import Claims
    from lib.stores.connection import Connection

_CALLER = """
WITH caller AS MATERIALIZED (
    SELECT {credential}, s.user_id, extract(epoch FROM s.expires_at - now())::float8 AS ends_in,
           u.email, u.name, u.created_at, u.email_verified_at IS NOT NULL AS email_verified
    FROM {credentials} s JOIN users u ON u.id = s.user_id
    WHERE {condition}
    {session_lock}
)
SELECT caller.user_id AS caller_id, caller.email AS caller_email, caller.name AS caller_name,
caller.session_id, caller.token_id, caller.scopes, caller.unnoted, caller.ends_in,
"""

# What somebody can come with. A token's use is noted at most once in this many seconds.
NOTED_EVERY = 60
_CREDENTIALS = {
    "session": {
        "credential": """
            s.id AS session_id, NULL::uuid AS token_id, NULL::text[] AS scopes, false AS unnoted
        """,
        "credentials": "sessions",
        "condition": """
            s.id = %(session_id)s AND s.user_id = %(user_id)s
            AND s.revoked_at IS NULL AND s.expires_at > now()
        """,
    },
    "token": {
        "credential": f"""
            NULL::uuid AS session_id, s.id AS token_id, s.scopes,
            coalesce(s.last_used_at < now() - interval '{NOTED_EVERY}s', true) AS unnoted
        """,
        "credentials": "personal_tokens",
        "condition": """
            (s.digest = %(token_digest)s OR s.id = %(token_id)s)
            AND (s.expires_at IS NULL OR s.expires_at > now())
        """,
    },
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
        NULL AS role, caller.user_id AS id, caller.email, caller.email_verified, caller.name,
        caller.created_at
        FROM caller
    """,
    "workspace": """
        wm.role, w.id, w.name, w.created_at, w.updated_at
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


# For an account, the account itself is the thing: locked before the session, so that two sessions
# of one person which would end each other wait in line.
_ACCOUNT_LOCKS = _LOCKS | {
    "version": ("FOR NO KEY UPDATE OF u FOR SHARE OF s", "", ""),
    "exclusive": ("FOR NO KEY UPDATE OF u FOR UPDATE OF s", "", ""),
}


def _statement(credential: str, scope: str, locks: tuple[str, str, str]) -> str:
    text = _CALLER + re.sub(r"\{target:(\w+) (\w+)\}", _target, _SCOPES[scope])
    for name, part in _CREDENTIALS[credential].items():
        text = text.replace(f"{{{name}}}", part)
    for name, clause in zip(("session_lock", "target_lock", "role_lock"), locks, strict=True):
        text = text.replace(f"{{{name}}}", clause)
    return text


def _target(match: re.Match[str]) -> str:
    return _TARGET.replace("{table}", match[1]).replace("{name}", match[2])


_STATEMENTS = {
    (credential, scope, lock): _statement(credential, scope, clauses)
    for credential in _CREDENTIALS
    for scope in _SCOPES
    for lock, clauses in (_ACCOUNT_LOCKS if scope == "account" else _LOCKS).items()
}


def lookup(
    conn: Connection,
    scope: str,
    *,
    claims: Claims,
    target_id: UUID | None,
    lock: str,
) -> dict[str, Any] | None:
    """Find session or token, role and the row of `scope` in one statement; None: it is not live.

    `lock` is `read`, `write`, `version` or `exclusive`.
    """
    credential = "token" if claims.personal else "session"
    values = {
        "user_id": claims.user_id,
        "session_id": claims.session_id,
        "token_digest": claims.token_digest,
        "token_id": claims.token_id,
        "target_id": target_id,
    }
    return conn.execute(_STATEMENTS[credential, scope, lock], values).fetchone()


def owner(conn: Connection, claims: Claims) -> UUID | None:
    """Return whose the personal access token is, if it is live."""
    row = conn.execute(
        """
        SELECT user_id FROM personal_tokens
        WHERE digest = %s AND (expires_at IS NULL OR expires_at > now())
        """,
        [claims.token_digest],
    ).fetchone()
    return row["user_id"] if row else None


def note_use(conn: Connection, token_id: UUID) -> None:
    """Note that a token is in use, unless somebody else is doing so, or is writing with it."""
    conn.execute(
        """
        UPDATE personal_tokens SET last_used_at = now() WHERE id = (
            SELECT id FROM personal_tokens
            WHERE id = %s AND coalesce(last_used_at < now() - make_interval(secs => %s), true)
            FOR NO KEY UPDATE SKIP LOCKED
        )
        """,
        [token_id, NOTED_EVERY],
    )

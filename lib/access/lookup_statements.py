"""The lookups: each finds a live session, the caller's role and the thing itself in one statement.

A personal access token takes the session's place. They answer no row when it is not live, a null
`role` when the caller is no member, and a null `id` when the thing does not exist.

For a write, the rows that grant the access are locked: a write never commits after the revocation
of its author did, nor into what was deleted or archived before. The workspace comes first, then the
project, then what is in it, then the membership, always in this order, and whatever takes things or
members away holds the thing alone: so writers wait for each other, and never in a circle.
"""

from __future__ import annotations

import re
from functools import cache

_CALLER = """
WITH caller AS MATERIALIZED (
    SELECT {credential}, s.user_id, extract(epoch FROM s.expires_at - now())::float8 AS ends_in,
           u.email, u.name, u.created_at, u.email_verified_at IS NOT NULL AS email_verified
    FROM {credentials} s JOIN users u ON u.id = s.user_id
    WHERE {condition}
    {session_lock}
){held}
SELECT {shown}.user_id AS caller_id, {shown}.email AS caller_email, {shown}.name AS caller_name,
{shown}.session_id, {shown}.token_id, {shown}.scopes, {shown}.unnoted, {shown}.ends_in,
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

# The caller of a write, who holds on to the workspace that the thing is in. No thing moves to
# another workspace, so the way there needs no lock. Writers take turns by an advisory lock, given
# in the order of asking: with row locks alone, sixteen busy writers kept the removal of a member
# out until it gave up. The row is locked all the same, to see it as it is after the waiting.
_HELD = """, holder AS MATERIALIZED (
    SELECT caller.*, workspace.archived_at
    FROM caller
    LEFT JOIN LATERAL (
        SELECT id, {turn}(hashtextextended(id::text, 0)) FROM ({way}) AS way (id)
    ) turn ON true
    LEFT JOIN LATERAL (
        SELECT archived_at FROM workspaces WHERE id = turn.id FOR KEY SHARE
    ) workspace ON true
)"""
_WAYS = {
    "workspace": "SELECT %(target_id)s::uuid",
    "project": "SELECT workspace_id FROM projects WHERE id = %(target_id)s",
    "project, deleted too": "SELECT workspace_id FROM projects WHERE id = %(target_id)s",
    "file": """
        SELECT p.workspace_id FROM files f JOIN projects p ON p.id = f.project_id
        WHERE f.id = %(target_id)s
    """,
    "job": "SELECT workspace_id FROM jobs WHERE id = %(target_id)s",
}
SHARED, ALONE = "pg_advisory_xact_lock_shared", "pg_advisory_xact_lock"

# The turn of the person whose `user_id` the statement around it knows.
PERSON_SHARED, PERSON_ALONE = (
    f"{lock}(hashtextextended(user_id::text, 1))" for lock in (SHARED, ALONE)
)

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
    SELECT * FROM {table} WHERE id = %(target_id)s {live} {target_lock}
) {name} ON true
"""

# A target inside a project: there is none while the project is in the trash.
_INSIDE = """
LEFT JOIN LATERAL (
    SELECT project_id FROM {table} WHERE id = %(target_id)s
) inside ON true
LEFT JOIN LATERAL (
    SELECT id, workspace_id FROM projects
    WHERE id = inside.project_id AND deleted_at IS NULL {project_lock}
) p ON true
LEFT JOIN LATERAL (
    SELECT * FROM {table} WHERE id = %(target_id)s AND project_id = p.id {target_lock}
) {name} ON true
"""

# A job is in a project, or in a workspace as a whole, which is its owners' business alone.
_OF_JOB = """
LEFT JOIN LATERAL (
    SELECT project_id, workspace_id FROM jobs WHERE id = %(target_id)s
) inside ON true
LEFT JOIN LATERAL (
    SELECT id FROM projects
    WHERE id = inside.project_id AND deleted_at IS NULL {project_lock}
) p ON true
LEFT JOIN LATERAL (
    SELECT * FROM jobs
    WHERE id = %(target_id)s AND workspace_id = inside.workspace_id
      AND (project_id IS NULL OR project_id = p.id) {target_lock}
) j ON true
"""
_JOB_ROLE = """
CASE WHEN j.project_id IS NOT NULL THEN greatest(wm.role, pm.role)
     WHEN wm.role = 'owner' THEN wm.role END AS role
"""

_JOB_COLUMNS = """
j.id, j.workspace_id, j.project_id, j.kind, j.payload, j.state, j.attempt, j.max_attempts, j.run_at,
j.progress, j.progress_message, j.result, j.error, j.created_by, j.created_at, j.started_at,
j.finished_at, j.schedule_id, j.priority, j.unique_key, j.cancel_requested_at
"""

_SCOPES = {
    "account": """
        NULL AS role, caller.user_id AS id, caller.email, caller.email_verified, caller.name,
        caller.created_at
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
        {live target:projects p}
    """
    + _ROLES.replace("{workspace}", "p.workspace_id")
    + _PROJECT_ROLES,
    "project, deleted too": """
        CASE WHEN p.deleted_at IS NULL OR greatest(wm.role, pm.role) = 'owner'
             THEN greatest(wm.role, pm.role) END AS role,
        p.id, p.workspace_id, p.name, p.description, p.created_at, p.updated_at, p.deleted_at
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
        {target inside:files f}
    """
    + _ROLES.replace("{workspace}", "p.workspace_id")
    + _PROJECT_ROLES,
    "job": f"{_JOB_ROLE}, {_JOB_COLUMNS} FROM caller {_OF_JOB}"
    + _ROLES.replace("{workspace}", "j.workspace_id")
    + _PROJECT_ROLES,
}


# Lists that are read in the same statement: for everything that the caller can reach, or inside one
# thing. The rows may refer to `caller` and to the thing. The caller is shown in a row of their own,
# ahead of the list: in each of its rows, that took longer to read than the list.
_LISTS = {
    "account": """
        NULL AS caller_role, shown.user_id AS target_id, listed.*
        FROM caller
    """,
    "workspace": """
        CASE WHEN part.first THEN wm.role END AS caller_role,
        CASE WHEN part.first THEN w.id END AS target_id, listed.*
        FROM caller
        {target:workspaces w}
    """
    + _ROLES.replace("{workspace}", "w.id"),
}
_LISTED = """
CROSS JOIN (VALUES (true), (false)) AS part (first)
LEFT JOIN caller AS shown ON part.first
LEFT JOIN LATERAL (SELECT * FROM ({rows}) every WHERE NOT part.first) listed ON true
ORDER BY part.first DESC, {order}
"""

# Locks on the session, on the project that the thing is in, on the thing and on the membership, by
# how much the caller is about to do.
_LOCKED = ("session_lock", "project_lock", "target_lock", "role_lock")
_LOCKS = {
    "read": ("", "", "", ""),
    "write": ("FOR SHARE OF s", "FOR KEY SHARE", "FOR KEY SHARE", "FOR SHARE"),
    "version": ("FOR SHARE OF s", "FOR KEY SHARE", "FOR NO KEY UPDATE", "FOR SHARE"),
    "exclusive": ("FOR UPDATE OF s", "FOR KEY SHARE", "FOR UPDATE", "FOR SHARE"),
}


# For an account, the account itself is the thing: locked before the session, so that two sessions
# of one person which would end each other wait in line.
_ACCOUNT_LOCKS = {
    "version": "FOR NO KEY UPDATE OF u FOR SHARE OF s",
    "exclusive": "FOR NO KEY UPDATE OF u FOR UPDATE OF s",
}


def _statement(credential: str, text: str, lock: str, way: str | None = None) -> str:
    rest = re.sub(r"\{(live )?target( inside)?:(\w+) (\w+)\}", _target, text)
    held, locks = "", dict(zip(_LOCKED, _LOCKS[lock], strict=True))
    if way:
        turn = ALONE if lock == "exclusive" else SHARED
        held = _HELD.replace("{way}", way).replace("{turn}", turn)
        locks["session_lock"] = "FOR SHARE OF s"
        rest = rest.replace("FROM caller", "FROM holder AS caller")
        rest = "caller.archived_at AS workspace_archived_at, " + rest
    elif text is _SCOPES["account"]:
        locks["session_lock"] = _ACCOUNT_LOCKS.get(lock, locks["session_lock"])
    statement = _CALLER.replace("{held}", held) + rest
    for name, part in (_CREDENTIALS[credential] | locks).items():
        statement = statement.replace(f"{{{name}}}", part)
    return statement


def _target(match: re.Match[str]) -> str:
    text = (_INSIDE if match[2] else _TARGET).replace("{table}", match[3])
    live = "AND deleted_at IS NULL" if match[1] else ""
    return text.replace("{name}", match[4]).replace("{live}", live)


@cache
def statement(credential: str, scope: str, lock: str) -> str:
    """Return the statement that looks up a caller by their `session` or `token`, and a thing."""
    way = None if lock == "read" else _WAYS.get(scope)
    return _statement(credential, _SCOPES[scope], lock, way).replace("{shown}", "caller")


@cache
def list_statement(credential: str, scope: str, rows: str, order: str) -> str:
    """Return the statement that looks up the caller and reads a list at once."""
    listed = _LISTED.replace("{rows}", rows).replace("{order}", order)
    return _statement(credential, _LISTS[scope], "read").replace("{shown}", "shown") + listed

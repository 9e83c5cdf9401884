"""The look-ups of the caller and of a thing, and the use of personal access tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.access.lookup_statements import (
    ALONE,
    NOTED_EVERY,
    PERSON_ALONE,
    PERSON_SHARED,
    list_statement,
    statement,
)

if TYPE_CHECKING:
    from lib.access.tokens import Claims
    from lib.stores.connection import Connection
    from lib.stores.statements import Check
    from lib.stores.tables import Table


ENDS_IT = ("account", "exclusive")  # a look-up for what may end sessions and tokens of who asks

# Whose turn it is to ask for, by what they come with.
_WHOSE = {
    "session": "SELECT %(user_id)s::uuid",
    "token": """
        SELECT user_id FROM personal_tokens WHERE digest = %(token_digest)s OR id = %(token_id)s
    """,
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

    `lock` is `read`, `write`, `version` or `exclusive`; under a lock, the row also tells since
    when the workspace is archived that the thing is in: `workspace_archived_at`.
    """
    if lock != "read":
        _take_turn(conn, claims, alone=(scope, lock) == ENDS_IT)
    looked_up = statement(_credential(claims), scope, lock)
    return conn.execute(looked_up, _values(claims, target_id)).fetchone()


def confirm(
    conn: Connection, scope: str, *, claims: Claims, target_id: UUID | None, check: Check
) -> None:
    """Look up as for a `write`, together with the next statement; `check` gets the rows found."""
    _take_turn(conn, claims, alone=False)
    looked_up = statement(_credential(claims), scope, "write")
    conn.put_off(looked_up, _values(claims, target_id), check)


def _take_turn(conn: Connection, claims: Claims, *, alone: bool) -> None:
    """Stand in line for a person: their busy writers share the row of their session or token.

    With row locks alone, they would keep out who ends it. This goes ahead of the look-up, in the
    same round trip.
    """
    turn = PERSON_ALONE if alone else PERSON_SHARED
    conn.put_off(
        f"SELECT {turn} FROM ({_WHOSE[_credential(claims)]}) AS who (user_id)",  # noqa: S608
        _values(claims, None),
    )


def lookup_with_rows(
    conn: Connection,
    scope: str,
    rows: str,
    order: str,
    values: Mapping[str, Any],
    *,
    claims: Claims,
    target_id: UUID | None,
) -> Table:
    """Find session or token, role in `scope` and a list in one statement; empty: it is not live.

    `rows` is the SELECT of the list; `order` its order, in the terms of `listed`. The first row is
    the caller's, with `caller_role` and `target_id`; of what follows, a row whose `id` is null
    stands for an empty list.
    """
    listing = list_statement(_credential(claims), scope, rows, order)
    return conn.execute(listing, {**values, **_values(claims, target_id)})


def _credential(claims: Claims) -> str:
    return "token" if claims.personal else "session"


def _values(claims: Claims, target_id: UUID | None) -> dict[str, Any]:
    return {
        "user_id": claims.user_id,
        "session_id": claims.session_id,
        "token_digest": claims.token_digest,
        "token_id": claims.token_id,
        "target_id": target_id,
    }


def hold_workspace(conn: Connection, workspace_id: UUID) -> None:
    """Hold a workspace alone until the transaction ends, as an `exclusive` look-up does."""
    conn.execute(f"SELECT {ALONE}(hashtextextended(%s::uuid::text, 0))", [workspace_id])


def standing(conn: Connection, user_id: UUID, project_id: UUID) -> dict[str, Any] | None:
    """Return a project with a person's name, e-mail address and role in it (null: no member)."""
    return conn.execute(
        """
        SELECT p.id, p.workspace_id, p.name, p.description, p.created_at, p.updated_at,
               u.name AS caller_name, u.email AS caller_email, greatest(wm.role, pm.role) AS role
        FROM users u CROSS JOIN projects p
        LEFT JOIN workspace_members wm ON wm.workspace_id = p.workspace_id AND wm.user_id = u.id
        LEFT JOIN project_members pm ON pm.project_id = p.id AND pm.user_id = u.id
        WHERE u.id = %s AND p.id = %s AND p.deleted_at IS NULL
        """,
        [user_id, project_id],
    ).fetchone()


def hold_person(conn: Connection, user_id: UUID) -> None:
    """Hold a person alone until the transaction ends: no write of theirs is under way then."""
    conn.put_off(f"SELECT {PERSON_ALONE} FROM (SELECT %s::uuid) AS who (user_id)", [user_id])  # noqa: S608


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

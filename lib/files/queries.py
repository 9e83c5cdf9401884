"""SQL of files and their updates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from lib.stores.connection import Connection

_COLUMNS = "id, project_id, path, seq, created_at, updated_at, updated_by"


def insert(
    conn: Connection,
    file_id: UUID,
    project_id: UUID,
    author_id: UUID,
    path: str,
    content: str,
    snapshot: bytes,
) -> dict[str, Any] | None:
    """Create a file unless its path is taken; None if it is."""
    return conn.execute(
        f"""
        INSERT INTO files (id, project_id, updated_by, path, content, snapshot)
        VALUES (%s, %s, %s, %s, %s, %s)
        ON CONFLICT ON CONSTRAINT files_path_key DO NOTHING
        RETURNING {_COLUMNS}
        """,  # noqa: S608
        [file_id, project_id, author_id, path, content, snapshot],
    ).fetchone()


def of_project(
    conn: Connection, project_id: UUID, *, after: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """List a project's files without content, oldest first, from after a given one."""
    return conn.execute(
        f"""
        SELECT {_COLUMNS} FROM files
        WHERE project_id = %(project_id)s AND (%(after)s::uuid IS NULL OR id > %(after)s::uuid)
        ORDER BY id LIMIT %(limit)s
        """,  # noqa: S608
        {"project_id": project_id, "after": after, "limit": limit},
    ).fetchall()


def by_path(conn: Connection, project_id: UUID, path: str) -> dict[str, Any] | None:
    """Return the file at a path of a project, without its content."""
    return conn.execute(
        f"SELECT {_COLUMNS} FROM files WHERE project_id = %s AND path = %s",  # noqa: S608
        [project_id, path],
    ).fetchone()


def paths(conn: Connection, project_id: UUID) -> list[str]:
    """Return the paths of a project's files."""
    rows = conn.execute("SELECT path FROM files WHERE project_id = %s", [project_id])
    return [row["path"] for row in rows]


def with_content(
    conn: Connection, project_id: UUID, *, after: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """Return a project's files with their content, oldest first, from after a given one."""
    return conn.execute(
        f"""
        SELECT {_COLUMNS}, content FROM files
        WHERE project_id = %(project_id)s AND (%(after)s::uuid IS NULL OR id > %(after)s::uuid)
        ORDER BY id LIMIT %(limit)s
        """,  # noqa: S608
        {"project_id": project_id, "after": after, "limit": limit},
    ).fetchall()


def delete(conn: Connection, file_id: UUID) -> None:
    """Delete a file with its history."""
    conn.execute("DELETE FROM files WHERE id = %s", [file_id])


def lock(conn: Connection, file_id: UUID) -> dict[str, Any] | None:
    """Return a file's state, and make other writers wait until the commit."""
    return conn.execute(
        """
        SELECT seq, snapshot, snapshot_seq, content FROM files
        WHERE id = %s FOR NO KEY UPDATE
        """,
        [file_id],
    ).fetchone()


def updates(conn: Connection, file_id: UUID, up_to: int) -> list[dict[str, Any]]:
    """Return the updates since the snapshot, in order, up to and with number `up_to`."""
    return conn.execute(
        "SELECT seq, data FROM file_updates WHERE file_id = %s AND seq <= %s ORDER BY seq",
        [file_id, up_to],
    ).fetchall()


def document(conn: Connection, file_id: UUID, after: int) -> list[dict[str, Any]]:
    """Return what makes a file of what it was at `after`, in order: its updates since then.

    If some of these have been folded, it is the snapshot (`part` 1) and those since. The last row,
    without `data`, tells the file's own number; no row: the file is gone.
    """
    return conn.execute(
        """
        WITH file AS (SELECT seq, snapshot, snapshot_seq FROM files WHERE id = %(file_id)s)
        SELECT snapshot_seq AS seq, snapshot AS data, 1 AS part FROM file
        WHERE snapshot_seq > %(after)s
        UNION ALL
        SELECT u.seq, u.data, 2 FROM file_updates u, file
        WHERE u.file_id = %(file_id)s AND u.seq > greatest(%(after)s, file.snapshot_seq)
        UNION ALL
        SELECT seq, NULL, 3 FROM file
        ORDER BY part, seq
        """,
        {"file_id": file_id, "after": after},
    ).fetchall()


def sizes(conn: Connection, file_id: UUID) -> dict[str, Any]:
    """Return what makes up a file: its `snapshot_seq`, and bytes, of the snapshot and of all."""
    rows = conn.execute(
        """
        SELECT snapshot_seq, octet_length(snapshot) AS snapshot_size,
            octet_length(snapshot) + coalesce(
                (SELECT sum(octet_length(data)) FROM file_updates WHERE file_id = files.id), 0
            )::int AS size
        FROM files WHERE id = %s
        """,
        [file_id],
    )
    return rows.fetchone() or {}


def heads(conn: Connection, file_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return the numbers of these files' latest updates."""
    return conn.execute(
        "SELECT id, seq FROM files WHERE id = ANY (%s::uuid[])", [list(file_ids)]
    ).fetchall()


def save(
    conn: Connection, file_id: UUID, author_id: UUID, seq: int, data: bytes, content: str
) -> dict[str, Any]:
    """Add one update to a file's history, and store what it makes of the file."""
    return (
        conn.execute(
            f"""
        WITH added AS (
            INSERT INTO file_updates (file_id, author_id, seq, data)
            VALUES (%(file_id)s, %(author_id)s, %(seq)s, %(data)s)
        )
        UPDATE files SET updated_by = %(author_id)s, seq = %(seq)s, content = %(content)s,
            updated_at = now()
        WHERE id = %(file_id)s
        RETURNING {_COLUMNS}, content
        """,  # noqa: S608
            {"file_id": file_id, "author_id": author_id, "seq": seq, "data": data}
            | {"content": content},
        ).fetchone()
        or {}
    )


def edited_recently(conn: Connection, file_id: UUID, author_id: UUID, minutes: int) -> bool:
    """Return whether the last edit of a file is this author's own and no older than `minutes`."""
    row = conn.execute(
        """
        SELECT author_id = %s AND created_at > now() - make_interval(mins => %s) AS recently
        FROM file_updates WHERE file_id = %s ORDER BY seq DESC LIMIT 1
        """,
        [author_id, minutes, file_id],
    ).fetchone()
    return bool(row and row["recently"])


def long_histories(conn: Connection, updates: int, limit: int) -> list[UUID]:
    """Return files with more than so many updates since their snapshot."""
    rows = conn.execute(
        "SELECT id FROM files WHERE seq - snapshot_seq > %s LIMIT %s", [updates, limit]
    )
    return [row["id"] for row in rows]


def fold(conn: Connection, file_id: UUID, snapshot: bytes, snapshot_seq: int) -> None:
    """Replace the updates up to `snapshot_seq` by a snapshot."""
    conn.execute(
        "UPDATE files SET snapshot = %s, snapshot_seq = %s WHERE id = %s",
        [snapshot, snapshot_seq, file_id],
    )
    conn.execute(
        "DELETE FROM file_updates WHERE file_id = %s AND seq <= %s", [file_id, snapshot_seq]
    )

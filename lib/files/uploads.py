"""Uploads: zips on their way into a project, kept for a day, in parts that fit into one request.

The platform takes bodies of 4.5 MB at most, so a larger zip comes in several.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.access.caller import Access
from lib.errors import Conflict, NotFound, TooLarge
from lib.files import upload_queries as queries
from lib.ids import new_id

if TYPE_CHECKING:
    from lib.stores.connection import Connection

MAX_UPLOAD = 50 * 1024 * 1024  # bytes of all parts: as much as an export makes
MAX_UPLOADS = 20  # of one project at a time
KEPT_HOURS = 24  # hours until an upload expires
PURGED_AT_ONCE = 5  # uploads: a statement may take 5 s, and each may hold MAX_UPLOAD
GRACE_HOURS = 1  # hours that an expired one stays: an import under way may be reading it


def create(access: Access, content: bytes) -> dict[str, Any]:
    """Begin an upload with its first part, which is all of it for a small zip, and return it.

    Raises Conflict while the project has as many as it may have.
    """
    conn, upload_id = access.conn, new_id()
    if queries.count(conn, access.id) >= MAX_UPLOADS:
        raise Conflict(f"This project has {MAX_UPLOADS} uploads; delete one first.")
    queries.insert(conn, upload_id, access.id, access.caller.user_id, KEPT_HOURS)
    queries.put_part(conn, upload_id, 1, hashlib.sha256(content).hexdigest(), content)
    return read(access, upload_id)


def put_part(access: Access, content: bytes, upload_id: UUID, *, part: int) -> dict[str, Any]:
    """Add a part to an upload, or replace it, and return the upload.

    Raises NotFound, TooLarge when the parts are more together than an upload may hold.
    """
    if not queries.hold(access.conn, access.id, upload_id):
        raise NotFound()
    queries.put_part(access.conn, upload_id, part, hashlib.sha256(content).hexdigest(), content)
    upload = read(access, upload_id)
    if upload["size"] > MAX_UPLOAD:
        raise TooLarge(f"An upload holds {MAX_UPLOAD} bytes at most.")
    return upload


def of_project(access: Access, *, cursor: UUID | None, limit: int) -> list[dict[str, Any]]:
    """List the project's uploads, newest first; one more than `limit` when there are more."""
    return queries.of_project(access.conn, access.id, before=cursor, limit=limit + 1)


def read(access: Access, upload_id: UUID) -> dict[str, Any]:
    """Return an upload and what its parts are, without their bytes; raises NotFound."""
    upload = queries.by_id(access.conn, access.id, upload_id)
    if upload is None:
        raise NotFound()
    return upload


def delete(access: Access, upload_id: UUID) -> None:
    """Delete an upload with its parts; raises NotFound."""
    if not queries.delete(access.conn, access.id, upload_id):
        raise NotFound()


def parts(conn: Connection, project_id: UUID, upload_id: UUID) -> Iterator[bytes]:
    """Yield the bytes of an upload, part by part.

    Raises NotFound when there is no such upload in this project, or not any more, Conflict when a
    part between others is missing.
    """
    upload = queries.by_id(conn, project_id, upload_id)
    if upload is None:
        raise NotFound()
    numbers = [part["number"] for part in upload["parts"]]
    missing = set(range(1, max(numbers) + 1)) - set(numbers)
    if missing:
        raise Conflict(f"Part {min(missing)} of the upload is missing.")
    for number in numbers:
        content = queries.content(conn, upload_id, number)
        if content is None:
            raise NotFound()
        yield content


def delete_expired(conn: Connection, limit: int) -> int:
    """Delete a few uploads that have expired, `limit` at most; return how many."""
    return queries.delete_expired(conn, GRACE_HOURS, min(limit, PURGED_AT_ONCE))

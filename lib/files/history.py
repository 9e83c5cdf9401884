"""A file as the Yjs updates that make it up: what open editors are given, and what they lack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from lib.files import queries
from lib.files.copies import Copies

if TYPE_CHECKING:
    from lib.stores.connection import Connection


class Sync(NamedTuple):
    """What an editor lacks, the state vector of the latest version, and its number."""

    update: bytes
    vector: bytes
    seq: int


def since(conn: Connection, file_id: UUID, seq: int) -> tuple[list[bytes], int] | None:
    """Return the updates after number `seq` of a file, in order, and the last one's number.

    Some of these may be folded into one that says more. None: the file is gone.
    """
    rows = queries.document(conn, file_id, seq)
    return ([row["data"] for row in rows[:-1]], rows[-1]["seq"]) if rows else None


def sync(conn: Connection, file_id: UUID, vector: bytes, copies: Copies) -> Sync | None:
    """Return what an editor with this state vector lacks; None: the file is gone.

    Raises Malformed for what is no state vector.
    """
    copy = copies.latest(conn, file_id)
    if copy is None:
        return None
    found = Sync(*copy.living.since(vector), copy.seq)
    copies.put(copy)
    return found


def heads(conn: Connection, file_ids: Sequence[str]) -> dict[str, int]:
    """Return the number of the latest update of each of these files that is still there."""
    return {str(row["id"]): row["seq"] for row in queries.heads(conn, file_ids)}

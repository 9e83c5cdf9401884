"""Retention: how long a workspace keeps its events, and the removal of those that are older.

Events go in the order of their chain, the oldest first. Postgres notes what is to go before
anything goes: what is kept follows on the hash of the last event removed, and what a crash left
behind is removed by the next round.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import takewhile
from time import monotonic
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib import logs
from lib.access.caller import Access
from lib.audit import chain_queries, events, filters, verification
from lib.audit.actions import COLLECTIONS
from lib.audit.chain import NOWHERE, Mark
from lib.audit.verification import Standing
from lib.config import settings
from lib.stores import mongo, postgres

if TYPE_CHECKING:
    from pymongo.database import Database

MIN_DAYS = 30
MAX_DAYS = 3650
BATCH = 500  # events removed at once
CHAINS = 1000  # that one call looks after

Document = dict[str, Any]


def of_workspace(access: Access) -> dict[str, Any]:
    """Return for how many `days` a workspace keeps its events, and its `own` choice, if any."""
    return _told(chain_queries.retention(access.conn, access.id))


def choose(access: Access, *, days: int | None) -> dict[str, Any]:
    """Keep the workspace's events for so many days; None: as long as the installation says."""
    was = chain_queries.set_retention(access.conn, access.id, days)
    if was != days:
        events.record(
            access.conn,
            "workspace.retention-changed",
            access.caller,
            target=("workspace", access.id),
            workspace_id=access.id,
            details={"days": days, "was": was},
        )
    return _told(days)


def prune(within: float) -> dict[str, int]:
    """Remove what is older than it should be, for about so many seconds at most.

    Returns how many `events` of how many `chains` went. Raises Unavailable; the next call goes on.
    """
    ends, done = monotonic() + within, {"chains": 0, "events": 0}
    with postgres.connection() as conn:
        due = chain_queries.due(conn, settings().audit_retention_days, CHAINS)
    for row in due:
        if monotonic() > ends:
            break
        done["events"] += _prune(row["chain"], row["days"], ends)
        done["chains"] += 1
    return done


def _prune(of: UUID, days: int, ends: float) -> int:
    before, removed = datetime.now(UTC) - timedelta(days=days), 0
    while monotonic() < ends:
        known = verification.standing(of)
        removed += _remove(of, known.anchor.seq)
        kept = _note(of, known, before)
        if kept:
            removed += _remove_unplaced(of, before)
            with postgres.connection() as conn:
                chain_queries.set_oldest(conn, of, kept)
            break
    return removed


def _note(of: UUID, known: Standing, before: datetime) -> datetime | None:
    """Note what is to go next; return the time of the oldest event kept when there is nothing."""
    with mongo.database() as database:
        wanted = {"chain": str(of)}
        found = verification.documents(
            database, wanted, known.anchor.seq, known.delivered.seq, BATCH
        )
        page = [document for document in found if isinstance(document["seq"], int)]
    old = list(takewhile(lambda document: _is_old(document, before), page))
    if not old:
        return page[0]["at"] if page else datetime.now(UTC)
    broken = _first_break(old, known.anchor)
    if broken is not None:
        logs.warning("audit.broken", chain=of, seq=broken)
    with postgres.connection() as conn:
        last = Mark(old[-1]["seq"], str(old[-1].get("hash")))
        chain_queries.prune(conn, of, known.anchor.seq, last, broken)
    return None


def _first_break(documents: list[Document], mark: Mark) -> int | None:
    # Evidence of a forgery outlives the events that it is about.
    for document in documents:
        if broken := verification.check(document, mark):
            return broken.seq
        mark = Mark(document["seq"], document["hash"])
    return None


def _is_old(document: Document, before: datetime) -> bool:
    # Whoever took a document's time from it does not keep it for ever: it goes, and is told.
    at = document.get("at")
    return not isinstance(at, datetime) or at < before


def _remove(of: UUID, upto: int) -> int:
    with mongo.database() as database:
        gone = {"chain": str(of), "seq": {"$lte": upto}}
        return sum(database[name].delete_many(gone).deleted_count for name in COLLECTIONS)


def _remove_unplaced(of: UUID, before: datetime) -> int:
    """Remove old documents that have no place on the chain, however they came there."""
    shown = {"workspace_id": None if of == NOWHERE else str(of)} | filters.when(None, before)
    with mongo.database() as database:
        return sum(_remove_from(database, name, shown, str(of)) for name in COLLECTIONS)


def _remove_from(database: Database[Document], name: str, shown: Document, of: str) -> int:
    found = database[name].find(shown, {"chain": 1, "seq": 1}).limit(BATCH)
    unplaced = [
        document["_id"]
        for document in found
        if document.get("chain") != of or not isinstance(document.get("seq"), int)
    ]
    return database[name].delete_many({"_id": {"$in": unplaced}}).deleted_count if unplaced else 0


def _told(own: int | None) -> dict[str, Any]:
    default = settings().audit_retention_days
    return {"days": own or default, "own": own, "default": default}

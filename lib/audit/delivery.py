"""Delivery: events move from the outbox in Postgres to MongoDB, each exactly once by its id.

They get their places on the chains first, in a transaction of its own; then comes the copy, and
then the removal. Numbering is never repeated, and copying again changes nothing: whatever happens
in between, no event is lost, is there twice, or has another number or hash the second time.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from lib.audit import chain, chain_queries, queries
from lib.audit.chain import Link
from lib.ids import new_id
from lib.stores import mongo, postgres

if TYPE_CHECKING:
    from pymongo.collection import Collection

BATCH = 1000  # events moved in one transaction
MOST_BATCHES = 8  # on their way at once: while MongoDB is away, no more get numbers
ROUND = 20.0  # seconds that one call catches up for, at most
MOST_COUNTED = 10_000  # events that wait
COPY_WITHIN = 6.0  # seconds for one batch: Postgres gives up on the transaction after 10

Row = dict[str, Any]
Moved = dict[str, int]  # events by collection


class Batch(NamedTuple):
    """Numbered events on their way; a `fresh` one has never been tried."""

    id: UUID
    rows: Sequence[Row]
    links: Sequence[Link]
    fresh: bool

    def documents(self) -> dict[str, list[Row]]:
        """Return the events as the log keeps them, by collection."""
        found = defaultdict(list)
        for row, link in zip(self.rows, self.links, strict=True):
            found[row["collection"]].append(document(row, link))
        return found


def move(limit: int = BATCH) -> Moved:
    """Move the oldest batch on its way, or else up to `limit` of the oldest events.

    Returns how many went to which collection: none also while another mover is at it. Raises
    Unavailable while a store does not answer: the events stay where they are.
    """
    if moved := deliver_oldest():
        return moved
    batch = number(limit)
    return deliver(batch) if batch else {}


def catch_up(within: float = ROUND, rest: Callable[[], bool] = lambda: True) -> int:
    """Move all that waits, for about so many seconds at most; return how many events went.

    While one batch is copied, the next is numbered: there are two in memory, however many wait.
    After each full one comes a `rest`, which tells whether to go on. Raises Unavailable as `move`
    does.
    """
    ends, moved = monotonic() + within, 0
    while left := sum(deliver_oldest().values()):
        moved += left
    with ThreadPoolExecutor(1, "audit-copy") as copier:
        copying: Future[Moved] | None = None
        while monotonic() < ends and (batch := number()):
            moved += _sum(copying)
            copying = copier.submit(deliver, batch)
            if len(batch.rows) < BATCH or not rest():
                break
        return moved + _sum(copying)


def lag() -> dict[str, Any]:
    """Return how many events are `waiting`, up to 10,000, and the `age` of the oldest in seconds.

    Raises Unavailable while Postgres does not answer.
    """
    with postgres.connection() as conn:
        return queries.lag(conn, MOST_COUNTED)


def number(limit: int = BATCH) -> Batch | None:
    """Give up to `limit` of the oldest events their places, for good; None when there are none.

    None also while another mover numbers, or too many batches are on their way.
    """
    with postgres.transaction() as conn:
        if not chain_queries.take_turn(conn):
            return None
        rows = chain_queries.unnumbered(conn, limit, MOST_BATCHES)
        if not rows:
            return None
        chains = {chain.of(row["event"]) for row in rows}
        heads = chain_queries.heads(conn, chains)
        batch = Batch(new_id(), rows, chain.extend(heads, rows), fresh=True)
        chain_queries.advance(conn, heads)
        chain_queries.insert_batch(conn, batch.id, batch.links)
    return batch


def deliver(batch: Batch) -> Moved:
    """Copy a batch to MongoDB and remove it here; nothing when another mover has taken it."""
    with postgres.transaction() as conn:
        if not chain_queries.hold_batch(conn, batch.id):
            return {}
        moved = _copy(batch)
        chain_queries.delete_batch(conn, batch.id)
    return moved


def deliver_oldest() -> Moved:
    """Deliver the oldest batch that a mover has left, whatever became of it."""
    with postgres.transaction() as conn:
        batch_id = chain_queries.hold_oldest(conn)
        if not batch_id:
            return {}
        rows = chain_queries.of_batch(conn, batch_id)
        links = [Link(str(r["event_id"]), str(r["chain"]), *_place(r)) for r in rows]
        moved = _copy(Batch(batch_id, rows, links, fresh=False))
        chain_queries.delete_batch(conn, batch_id)
    return moved


def document(row: Mapping[str, Any], link: Link | None = None) -> Row:
    """Return an event of the outbox as the log keeps it; without a `link`, its place is open."""
    # As text, the id survives every server and still sorts by time. It is there a second time for
    # the indexes, which on the embedded server can't hold _id: one that does breaks its collection.
    # `at` has to be a date for the index that expires it.
    event, event_id = row["event"], str(row["id"])
    shown = event | {"event_id": event_id, "at": datetime.fromisoformat(event["at"])}
    if link is None:
        return shown
    place = {"chain": link.chain, "seq": link.seq, "prev": link.prev, "hash": link.hash}
    return shown | {"_id": event_id} | place


def _copy(batch: Batch) -> Moved:
    import pymongo

    by_collection = batch.documents()
    with mongo.database() as database, pymongo.timeout(COPY_WITHIN):
        for name, documents in by_collection.items():
            (_insert if batch.fresh else _upsert)(database[name], documents)
    return {name: len(documents) for name, documents in by_collection.items()}


def _insert(collection: Collection[Row], documents: list[Row]) -> None:
    from pymongo.errors import BulkWriteError

    try:
        collection.insert_many(documents, ordered=False)
    except BulkWriteError:  # the driver has sent it twice, and some were there already
        _upsert(collection, documents)


def _upsert(collection: Collection[Row], documents: list[Row]) -> None:
    from pymongo import UpdateOne

    writes = [
        UpdateOne({"_id": document["_id"]}, {"$setOnInsert": document}, upsert=True)
        for document in documents
    ]
    collection.bulk_write(writes, ordered=False)


def _place(row: Row) -> tuple[int, str, str]:
    return row["seq"], row["prev"], row["hash"]


def _sum(copying: Future[Moved] | None) -> int:
    return Counter(copying.result()).total() if copying else 0

"""Verifying: whether the log in MongoDB is what was recorded, event for event.

Where a chain ends is in Postgres, so that taking events from its end is seen as well as changing,
removing, inserting and moving them. Retention takes events from its beginning: what is kept follows
on the hash of the last one that went.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.audit import chain, chain_queries
from lib.audit.actions import COLLECTIONS
from lib.audit.chain import NOWHERE, Mark
from lib.stores import mongo, postgres

if TYPE_CHECKING:
    from pymongo.database import Database

PAGE = 500  # documents in memory
RECOUNTS = 3  # retention may delete while documents are counted
REASONS = {
    "missing": "an event is not there any more",
    "changed": "an event is not what was recorded",
    "inserted": "there is an event that was never recorded",
    "pruned": "among the events that retention has removed since, one was not in order",
}

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Break:
    """Where a chain is broken first: the number from which on it can't be trusted, and why."""

    seq: int
    reason: str


@dataclass(slots=True)
class Report:
    """What was found: the events after `after` up to `upto` are in order, unless `broken` is set.

    `end` is the number of the last event recorded, of which `waiting` are not delivered yet;
    `complete` says whether the end of what is delivered was reached.
    """

    after: int
    upto: int
    end: int
    waiting: int = 0
    complete: bool = False
    broken: Break | None = None

    def shown(self) -> dict[str, Any]:
        """Return it as the API shows it."""
        return asdict(self) | {"intact": self.broken is None}


@dataclass(frozen=True, slots=True)
class Standing:
    """A chain as Postgres knows it: `anchor` was removed last, `delivered` has arrived surely."""

    anchor: Mark
    delivered: Mark
    end: int
    broken_seq: int | None


def verify(of: UUID, *, after: int | None = None, limit: int) -> Report:
    """Verify up to `limit` events of a chain, from its beginning or after a number.

    What comes after a number is held against the document of that number. Raises Unavailable.
    """
    known = standing(of)
    start = min(max(after or 0, known.anchor.seq), known.delivered.seq)
    upto = min(start + limit, known.delivered.seq)
    report = Report(start, upto, known.end, known.end - known.delivered.seq)
    report.complete = upto == known.delivered.seq
    with mongo.database() as database:
        mark = known.anchor if start == known.anchor.seq else _mark_at(database, of, start)
        report.broken = _walked(database, of, mark, report, known.delivered)
        if report.complete and not report.broken:
            report.broken = _beyond(database, of, known) or _unnumbered(database, of, known)
    if report.broken:
        anchor = standing(of).anchor
        if anchor.seq > known.anchor.seq and anchor.seq >= report.broken.seq:  # gone meanwhile
            return verify(of, after=after, limit=limit)
        report.upto = max(report.after, report.broken.seq - 1)
    elif known.broken_seq is not None:
        report.broken = Break(known.broken_seq, "pruned")
    return report


def standing(of: UUID) -> Standing:
    """Return how far a chain has come; one that nothing was recorded on has not begun."""
    with postgres.connection() as conn:
        row = chain_queries.standing(conn, of)
    if row is None:
        return Standing(Mark(), Mark(), 0, None)
    end = Mark(row["seq"], row["hash"])
    waits = row["waiting_seq"] is not None
    delivered = Mark(row["waiting_seq"] - 1, row["waiting_prev"]) if waits else end
    anchor = Mark(row["pruned_seq"], row["pruned_hash"])
    return Standing(anchor, delivered, end.seq, row["broken_seq"])


def documents(
    database: Database[Document], wanted: Document, after: int, upto: int, most: int
) -> Iterator[Document]:
    """Return up to `most` documents after a number, in the order of their numbers.

    `wanted` names the chain, and what else they have to be.
    """
    wanted = wanted | {"seq": {"$gt": after, "$lte": upto}}
    found = [database[name].find(wanted).sort("seq", 1).limit(most) for name in COLLECTIONS]
    return islice(heapq.merge(*found, key=_seq), most)


def check(document: Document, mark: Mark) -> Break | None:
    """Return how a document that should follow on `mark` does not."""
    expected, seq = mark.seq + 1, _seq(document)
    if seq != expected:
        return Break(expected, "missing") if seq > expected else Break(mark.seq, "inserted")
    hashed = chain.digest_of_document(mark.hash, document)
    intact = document.get("prev") == mark.hash and document.get("hash") == hashed
    if intact and document["_id"] == document.get("event_id"):
        return None
    return Break(expected, "changed")


def _walked(
    database: Database[Document], of: UUID, mark: Mark | None, report: Report, delivered: Mark
) -> Break | None:
    if mark is None:
        return Break(report.after, "missing")
    while mark.seq < report.upto:
        page = list(documents(database, {"chain": str(of)}, mark.seq, report.upto, PAGE))
        if not page:
            return Break(mark.seq + 1, "missing")
        for document in page:
            if broken := check(document, mark):
                return broken
            mark = Mark(document["seq"], document["hash"])
    if mark.seq == delivered.seq and mark.hash != delivered.hash:
        return Break(mark.seq, "changed")
    between = {"chain": str(of), "seq": {"$gt": report.after, "$lte": report.upto}}
    if _count(database, between) > report.upto - report.after:
        return Break(report.after + 1, "inserted")  # twice the same number
    return None


def _mark_at(database: Database[Document], of: UUID, seq: int) -> Mark | None:
    found = list(documents(database, {"chain": str(of)}, seq - 1, seq, 1))
    return Mark(seq, str(found[0].get("hash"))) if found else None


def _beyond(database: Database[Document], of: UUID, known: Standing) -> Break | None:
    """Numbers are given before anything is copied: behind the last one given there is nothing."""
    wanted = {"chain": str(of), "seq": {"$gt": known.end}}
    if not _count(database, wanted):
        return None
    end = standing(of).end  # more may have been given meanwhile
    wanted["seq"] = {"$gt": end}
    return Break(end + 1, "inserted") if _count(database, wanted) else None


def _unnumbered(database: Database[Document], of: UUID, known: Standing) -> Break | None:
    """Everything that the log shows has a place on the chain."""
    shown = {"workspace_id": None if of == NOWHERE else str(of)}
    for _ in range(RECOUNTS):
        every = _count(database, shown)
        if every <= _count(database, {"chain": str(of), "seq": {"$gt": 0}}):
            return None
    return Break(known.anchor.seq + 1, "inserted")


def _count(database: Database[Document], wanted: Document) -> int:
    return sum(database[name].count_documents(wanted) for name in COLLECTIONS)


def _seq(document: Document) -> float:
    seq = document.get("seq")
    return seq if isinstance(seq, int) else float("inf")

"""The chain: what each event's hash is made of, so that nobody changes the log unnoticed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

import orjson

NOWHERE = UUID(int=0)  # the chain of events that belong to no workspace
GENESIS = "0" * 64  # what the first event of a chain follows on
PLACE = frozenset({"_id", "chain", "seq", "prev", "hash"})  # of a document: what is not the event


class Mark(NamedTuple):
    """A place in a chain: the number of an event, and its hash."""

    seq: int = 0
    hash: str = GENESIS


class Link(NamedTuple):
    """The place of one event: its chain and number, the hash before it, and its own."""

    event_id: str
    chain: str
    seq: int
    prev: str
    hash: str


def of(event: Mapping[str, Any]) -> str:
    """Return the chain that an event belongs to."""
    return event["workspace_id"] or str(NOWHERE)


def digest(prev: str, event_id: str, event: Mapping[str, Any]) -> str:
    """Return the hash of an event that follows on `prev`: SHA-256, in hexadecimal.

    It is taken of `prev`, and of the event with its `event_id` as JSON: UTF-8, members sorted by
    name, no white space.
    """
    whole = {**event, "event_id": event_id}
    return sha256(prev.encode() + orjson.dumps(whole, option=orjson.OPT_SORT_KEYS)).hexdigest()


def extend(heads: dict[str, Mark], rows: Iterable[Mapping[str, Any]]) -> list[Link]:
    """Give rows of the outbox, in this order, their places; `heads` move on to the last of each.

    A chain that is not among the heads begins here.
    """
    links = []
    for row in rows:
        event_id, event = str(row["id"]), row["event"]
        chain = of(event)
        seq, prev = heads.get(chain, Mark())
        heads[chain] = Mark(seq + 1, digest(prev, event_id, event))
        links.append(Link(event_id, chain, seq + 1, prev, heads[chain].hash))
    return links


def digest_of_document(prev: str, document: Mapping[str, Any]) -> str:
    """Return the hash that a document of the log should have; "" for what is no event at all."""
    event = {name: value for name, value in document.items() if name not in PLACE}
    try:
        event["at"] = document["at"].astimezone(UTC).isoformat(timespec="milliseconds")
        return digest(prev, document["_id"], event)
    except (KeyError, TypeError, AttributeError, ValueError):
        return ""

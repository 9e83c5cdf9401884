"""The host's figures in Prometheus' text format."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lib.exposition import histogram, labelled, single
from realtime_host.yjs.saving import copies

if TYPE_CHECKING:
    from realtime_host.host import Host


def text(host: Host) -> str:
    """Return the figures: what is open now, and what has been counted since the start."""
    return "".join(f"{line}\n" for line in _lines(host))


def _lines(host: Host) -> Iterator[str]:
    figures, rooms = host.hub.figures, host.lobby.rooms
    waiting = sum(connection.outbox.waiting for connection in tuple(host.hub.connections))
    yield from single("connections", "gauge", "Open connections.", len(host.hub.connections))
    yield from single(
        "guests", "gauge", "Clients of Socket.IO that have yet to be let in.", host.porch.guests
    )
    yield from single("rooms", "gauge", "Rooms with a member on this host.", len(rooms))
    documents = len(host.desk.documents)
    yield from single("documents", "gauge", "Files that Yjs providers have open.", documents)
    yield from _kept()
    yield from single("queue_bytes", "gauge", "Bytes that wait for slow readers.", waiting)
    yield from single("connections_opened_total", "counter", "Let in.", figures.opened)
    yield from labelled("connections_closed_total", "Closed.", ("code",), figures.closed.copy())
    yield from labelled("events_received_total", "By kind.", ("event",), figures.received.copy())
    yield from single("errors_total", "counter", "Errors told to clients.", figures.errors)
    yield from single("frames_fanned_out_total", "counter", "Told to rooms.", figures.fanned_out)
    yield from single(
        "frames_delivered_total", "counter", "Given to members of rooms.", figures.delivered
    )
    yield from labelled(
        "frames_dropped_total", "Kept from slow readers.", ("reason",), figures.dropped.copy()
    )
    yield from histogram(
        "delivery_seconds", "From reading a message to writing it to its readers.", figures.delivery
    )
    yield from histogram(
        "revocation_seconds", "From word of lost access to the closing.", figures.revocation
    )


def _kept() -> Iterator[str]:
    yield from single("documents_kept", "gauge", "Documents in memory.", len(copies))
    yield from single("documents_kept_bytes", "gauge", "What they take, about.", copies.weight)
    yield from single("documents_opened_total", "counter", "Documents read whole.", copies.opened)
    yield from single(
        "documents_reused_total", "counter", "Documents found in memory.", copies.reused
    )

"""The host's figures in Prometheus' text format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from realtime_host.figures import BOUNDS, Histogram

if TYPE_CHECKING:
    from realtime_host.host import Host


def text(host: Host) -> str:
    """Return the figures: what is open now, and what has been counted since the start."""
    return "".join(f"{line}\n" for line in _lines(host))


def _lines(host: Host) -> Iterator[str]:
    figures, rooms = host.hub.figures, host.lobby.rooms
    waiting = sum(connection.outbox.waiting for connection in tuple(host.hub.connections))
    yield from _single("connections", "gauge", "Open connections.", len(host.hub.connections))
    yield from _single(
        "guests", "gauge", "Clients of Socket.IO that have yet to be let in.", host.porch.guests
    )
    yield from _single("rooms", "gauge", "Rooms with a member on this host.", len(rooms))
    documents = len(host.desk.documents)
    yield from _single("documents", "gauge", "Files that Yjs providers have open.", documents)
    yield from _single("queue_bytes", "gauge", "Bytes that wait for slow readers.", waiting)
    yield from _single("connections_opened_total", "counter", "Let in.", figures.opened)
    yield from _labelled("connections_closed_total", "Closed.", "code", figures.closed)
    yield from _labelled("events_received_total", "By kind.", "event", figures.received)
    yield from _single("errors_total", "counter", "Errors told to clients.", figures.errors)
    yield from _single("frames_fanned_out_total", "counter", "Told to rooms.", figures.fanned_out)
    yield from _single(
        "frames_delivered_total", "counter", "Given to members of rooms.", figures.delivered
    )
    yield from _labelled(
        "frames_dropped_total", "Kept from slow readers.", "reason", figures.dropped
    )
    yield from _histogram(
        "delivery_seconds", "From reading a message to writing it to its readers.", figures.delivery
    )
    yield from _histogram(
        "revocation_seconds", "From word of lost access to the closing.", figures.revocation
    )


def _head(name: str, kind: str, meaning: str) -> Iterator[str]:
    yield f"# HELP collab_{name} {meaning}"
    yield f"# TYPE collab_{name} {kind}"


def _single(name: str, kind: str, meaning: str, value: int) -> Iterator[str]:
    yield from _head(name, kind, meaning)
    yield f"collab_{name} {value}"


def _labelled(name: str, meaning: str, label: str, values: Counter[Any]) -> Iterator[str]:
    yield from _head(name, "counter", meaning)
    for key, count in sorted(values.copy().items()):
        yield f'collab_{name}{{{label}="{key}"}} {count}'


def _histogram(name: str, meaning: str, histogram: Histogram) -> Iterator[str]:
    yield from _head(name, "histogram", meaning)
    below, counts = 0, tuple(histogram.counts)
    for bound, count in zip(BOUNDS, counts, strict=False):
        below += count
        yield f'collab_{name}_bucket{{le="{bound}"}} {below}'
    yield f'collab_{name}_bucket{{le="+Inf"}} {sum(counts)}'
    yield f"collab_{name}_sum {histogram.total:.6f}"
    yield f"collab_{name}_count {sum(counts)}"

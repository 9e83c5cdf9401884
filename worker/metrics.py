"""The worker's figures in Prometheus' text format, and those of the queue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lib.audit import delivery
from lib.bridge import queue
from lib.errors import Unavailable
from lib.jobs import sweep
from worker.figures import BOUNDS, Figures, Histogram


def text(figures: Figures, now: Mapping[str, int]) -> str:
    """Return the figures: what is under way `now`, what was counted, and how the stores stand.

    What a store that is down would have told is left out.
    """
    return "".join(f"{line}\n" for line in _lines(figures, now))


def _lines(figures: Figures, now: Mapping[str, int]) -> Iterator[str]:
    yield from _single("worker_running", "gauge", "Attempts under way.", now["running"])
    yield from _single("worker_stuck", "gauge", "Threads whose job was given up.", now["stuck"])
    yield from _single("worker_processes", "gauge", "Processes of jobs.", now["processes"])
    yield from _head("worker_jobs_total", "counter", "Attempts that ended.")
    for (kind, outcome), count in sorted(figures.ended.copy().items()):
        labels = f'kind="{_escaped(kind)}",outcome="{outcome}"'
        yield f"collab_worker_jobs_total{{{labels}}} {count}"
    yield from _single("worker_lease_losses_total", "counter", "Leases lost.", figures.lease_losses)
    yield from _histogram("worker_attempt_seconds", "From claim to end.", figures.attempts)
    yield from _histogram("worker_claim_seconds", "From being due to the claim.", figures.waits)
    for ask in (_jobs, _messages, _outbox):
        try:
            yield from list(ask())
        except Unavailable:
            continue


def _jobs() -> Iterator[str]:
    due = sweep.due()
    yield from _single("jobs_due", "gauge", "Jobs that wait for a worker.", due["jobs"])
    yield from _single(
        "jobs_oldest_due_seconds", "gauge", "For how long the oldest has.", due["oldest"]
    )


def _messages() -> Iterator[str]:
    yield from _single("queue_messages", "gauge", "Messages in the queue.", queue.length())


def _outbox() -> Iterator[str]:
    lag = delivery.lag()
    yield from _single(
        "audit_lag_seconds", "gauge", "Age of the oldest event not in the log.", lag["age"]
    )
    yield from _single(
        "audit_waiting", "gauge", "Events not in the log, up to 10,000.", lag["waiting"]
    )


def _head(name: str, kind: str, meaning: str) -> Iterator[str]:
    yield f"# HELP collab_{name} {meaning}"
    yield f"# TYPE collab_{name} {kind}"


def _single(name: str, kind: str, meaning: str, value: Any) -> Iterator[str]:
    yield from _head(name, kind, meaning)
    yield f"collab_{name} {value:g}"


def _histogram(name: str, meaning: str, histogram: Histogram) -> Iterator[str]:
    yield from _head(name, "histogram", meaning)
    below, counts = 0, tuple(histogram.counts)
    for bound, count in zip(BOUNDS, counts, strict=False):
        below += count
        yield f'collab_{name}_bucket{{le="{bound}"}} {below}'
    yield f'collab_{name}_bucket{{le="+Inf"}} {sum(counts)}'
    yield f"collab_{name}_sum {histogram.total:.6f}"
    yield f"collab_{name}_count {sum(counts)}"


def _escaped(label: str) -> str:
    return label.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")

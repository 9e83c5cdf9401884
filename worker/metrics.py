"""The worker's figures in Prometheus' text format, and those of the queue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lib.audit import delivery
from lib.bridge import queue
from lib.errors import Unavailable
from lib.exposition import histogram, labelled, single
from lib.jobs import sweep
from worker.figures import Figures


def text(figures: Figures, now: Mapping[str, int]) -> str:
    """Return the figures: what is under way `now`, what was counted, and how the stores stand.

    What a store that is down would have told is left out.
    """
    return "".join(f"{line}\n" for line in _lines(figures, now))


def _lines(figures: Figures, now: Mapping[str, int]) -> Iterator[str]:
    yield from single("worker_running", "gauge", "Attempts under way.", now["running"])
    yield from single("worker_stuck", "gauge", "Threads whose job was given up.", now["stuck"])
    yield from single("worker_processes", "gauge", "Processes of jobs.", now["processes"])
    yield from labelled(
        "worker_jobs_total",
        "Attempts that ended.",
        ("kind", "outcome"),
        figures.ended.copy(),
    )
    yield from single("worker_lease_losses_total", "counter", "Leases lost.", figures.lease_losses)
    yield from histogram("worker_attempt_seconds", "From claim to end.", figures.attempts)
    yield from histogram("worker_claim_seconds", "From being due to the claim.", figures.waits)
    for ask in (_jobs, _messages, _outbox):
        try:
            yield from list(ask())
        except Unavailable:
            continue


def _jobs() -> Iterator[str]:
    due = sweep.due()
    yield from single("jobs_due", "gauge", "Jobs that wait for a worker.", due["jobs"])
    yield from single(
        "jobs_oldest_due_seconds", "gauge", "For how long the oldest has.", due["oldest"]
    )


def _messages() -> Iterator[str]:
    yield from single("queue_messages", "gauge", "Messages in the queue.", queue.length())


def _outbox() -> Iterator[str]:
    lag = delivery.lag()
    yield from single(
        "audit_lag_seconds", "gauge", "Age of the oldest event not in the log.", lag["age"]
    )
    yield from single(
        "audit_waiting", "gauge", "Events not in the log, up to 10,000.", lag["waiting"]
    )

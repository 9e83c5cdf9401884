"""GET /metrics of a worker: what it counts, how the queue stands; GET /health, of stuck ones."""

import re

import httpx
import pytest


@pytest.fixture
def figures():
    """Read a worker's figures, by name and labels."""

    def read(running):
        answer = httpx.get(running.health_url.replace("/health", "/metrics"), timeout=10)
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        found = {}
        for line in answer.text.splitlines():
            if not line.startswith("#"):
                name, value = re.fullmatch(r"(\w+(?:\{.*\})?) (\S+)", line).groups()
                found[name] = float(value)
        return found

    return read


def test_what_ended_is_counted_by_kind_and_outcome(worker, submit, ended, figures, eventually):
    running = worker()
    for name in ("nothing", "nothing", "hopeless", "alone.nothing"):
        ended(submit(name))
    counted = "collab_worker_jobs_total"
    eventually(lambda: figures(running)["collab_worker_attempt_seconds_count"] == 4)
    found = figures(running)
    assert found[counted + '{kind="test.nothing",outcome="succeeded"}'] == 2
    assert found[counted + '{kind="alone.nothing",outcome="succeeded"}'] == 1
    assert found[counted + '{kind="test.hopeless",outcome="failed"}'] == 1
    assert found["collab_worker_claim_seconds_count"] == 4
    assert found['collab_worker_attempt_seconds_bucket{le="+Inf"}'] == 4
    assert (found["collab_worker_running"], found["collab_worker_processes"]) == (0, 1)
    assert found["collab_worker_lease_losses_total"] == 0


def test_what_waits_is_told_with_its_age(worker, submit, figures, mark, marks, eventually):
    running = worker(WORKER_CONCURRENCY="1")
    submit("stubborn", seconds=20, mark=str(mark))
    eventually(lambda: marks("began") == 1)
    for _ in range(3):
        submit("nothing")
    found = eventually(lambda: (f := figures(running))["collab_jobs_oldest_due_seconds"] > 1 and f)
    assert found["collab_jobs_due"] == 3
    assert found["collab_worker_running"] == 1
    assert found["collab_audit_lag_seconds"] < 10
    assert found["collab_audit_waiting"] < 1000


def test_what_a_store_that_is_down_would_tell_is_left_out(worker, figures, stack):
    running = worker()
    assert "collab_queue_messages" in figures(running)
    stack.redis.stop()
    try:
        found = figures(running)
    finally:
        stack.redis.start()
    assert "collab_queue_messages" not in found
    assert "collab_jobs_due" in found


def test_a_worker_whose_every_thread_is_stuck_says_so(worker, submit, ended, eventually):
    running = worker(WORKER_CONCURRENCY="1")
    assert running.health()["status"] == "ok"
    ended(submit("endless", job={"max_attempts": 1}))
    eventually(lambda: running.health()["status"] == "stuck")

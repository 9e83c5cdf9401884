"""Sweep the jobs: queue again what Redis lost, take over what a dead worker left."""

from collections import Counter
from time import monotonic

from lib.http import function
from lib.http.cron import cron
from lib.jobs import sweep

DEADLINE = 20.0  # seconds; what is left then is the next call's

app = function(__name__)


@app.get("/api/cron/sweep_jobs")
@cron("sweep_jobs")
def sweep_jobs() -> dict[str, int]:
    """Queue again what Redis lost, and take over what a dead worker left."""
    ends, done = monotonic() + DEADLINE, Counter(sweep.NOTHING)
    while monotonic() < ends:
        batch = sweep.sweep()
        done.update(batch)
        if max(batch.values()) < sweep.BATCH:
            break
    return dict(done)

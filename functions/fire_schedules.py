"""Fire the schedules that are due, where no worker does it every second."""

from collections import Counter
from time import monotonic

from lib.http import function
from lib.http.cron import cron
from lib.jobs import firing

DEADLINE = 20.0  # seconds; what is left then is the next call's

app = function(__name__)


@app.get("/api/cron/fire_schedules")
@cron("fire_schedules")
def fire_schedules() -> dict[str, int]:
    """Submit the jobs of the schedules whose time has come."""
    ends, done = monotonic() + DEADLINE, Counter(firing.NOTHING)
    while monotonic() < ends:
        batch = firing.fire()
        done.update(batch)
        if sum(batch.values()) < firing.BATCH:
            break
    return dict(done)

"""Move the audit outbox to MongoDB: what the worker does, where no worker runs."""

from time import monotonic

from lib.audit import delivery
from lib.http import function
from lib.http.cron import cron

DEADLINE = 20.0  # seconds; what is left then is the next call's

app = function(__name__)


@app.get("/api/cron/move_audit")
@cron("move_audit")
def move_audit() -> dict[str, int]:
    """Move the audit outbox to MongoDB."""
    ends, moved = monotonic() + DEADLINE, 0
    delivery.ensure_indexes()
    while monotonic() < ends:
        batch = sum(delivery.move().values())
        moved += batch
        if batch < delivery.BATCH:
            break
    return {"moved": moved}

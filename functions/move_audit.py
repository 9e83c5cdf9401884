"""Move the audit outbox to MongoDB: what the worker does, where no worker runs."""

from lib.audit import delivery, indexes
from lib.http import function
from lib.http.cron import cron

DEADLINE = 20.0  # seconds; what is left then is the next call's

app = function(__name__)


@app.get("/api/cron/move_audit")
@cron("move_audit")
def move_audit() -> dict[str, int]:
    """Move the audit outbox to MongoDB."""
    indexes.ensure()
    return {"moved": delivery.catch_up(DEADLINE)}

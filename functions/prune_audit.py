"""Remove events from the audit log that are older than their workspace keeps them."""

from lib.audit import retention
from lib.http import function
from lib.http.cron import cron

DEADLINE = 20.0  # seconds; what is left then is the next call's

app = function(__name__)


@app.get("/api/cron/prune_audit")
@cron("prune_audit")
def prune_audit() -> dict[str, int]:
    """Remove events from the audit log that are older than their workspace keeps them."""
    return retention.prune(DEADLINE)

"""Prune the logs of rooms: what is older than a day, and all but the last 10,000 events."""

from time import monotonic

from lib.bridge import log
from lib.http import function
from lib.http.cron import cron
from lib.stores import postgres

DEADLINE = 20.0  # seconds; what is left then is the next call's
BATCH = 500  # logs looked up at once

app = function(__name__)


@app.get("/api/cron/prune_rooms")
@cron("prune_rooms")
def prune_rooms() -> dict[str, int]:
    """Prune the logs of rooms."""
    ends, pruned = monotonic() + DEADLINE, 0
    with postgres.connection() as conn:
        while logs := log.due(conn, BATCH):
            for project_id in logs:
                pruned += log.prune(conn, project_id)
                if monotonic() > ends:
                    return {"pruned": pruned}
    return {"pruned": pruned}

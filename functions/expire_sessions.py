"""Delete sessions that ended long ago, with their refresh tokens."""

from time import monotonic

from lib.accounts import sessions
from lib.http import function
from lib.http.cron import cron
from lib.stores import postgres

DEADLINE = 20.0  # seconds; what is left then is the next call's
BATCH = 1000  # sessions deleted in one transaction

app = function(__name__)


@app.get("/api/cron/expire_sessions")
@cron("expire_sessions")
def expire_sessions() -> dict[str, int]:
    """Delete sessions that ended long ago."""
    ends, deleted = monotonic() + DEADLINE, 0
    while monotonic() < ends:
        with postgres.transaction() as conn:
            batch = sessions.expire(conn, BATCH)
        deleted += batch
        if batch < BATCH:
            break
    return {"deleted": deleted}

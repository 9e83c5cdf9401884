"""Delete invitations that ended long ago."""

from time import monotonic

from lib.http import function
from lib.http.cron import cron
from lib.stores import postgres
from lib.workspaces import invitations

DEADLINE = 20.0  # seconds; what is left then is the next call's
BATCH = 1000  # invitations deleted in one transaction

app = function(__name__)


@app.get("/api/cron/expire_invitations")
@cron("expire_invitations")
def expire_invitations() -> dict[str, int]:
    """Delete invitations that ended a month ago."""
    ends, deleted = monotonic() + DEADLINE, 0
    while monotonic() < ends:
        with postgres.transaction() as conn:
            batch = invitations.expire(conn, BATCH)
        deleted += batch
        if batch < BATCH:
            break
    return {"deleted": deleted}

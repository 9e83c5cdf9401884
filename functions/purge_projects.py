"""Delete for good the projects that have been in the trash for 30 days."""

from time import monotonic

from lib.http import function
from lib.http.cron import cron
from lib.projects import trash
from lib.stores import postgres

DEADLINE = 20.0  # seconds; what is left then is the next call's

app = function(__name__)


@app.get("/api/cron/purge_projects")
@cron("purge_projects")
def purge_projects() -> dict[str, int]:
    """Delete for good the projects that have been in the trash for 30 days."""
    ends, purged = monotonic() + DEADLINE, 0
    while monotonic() < ends:
        with postgres.transaction() as conn:
            if not trash.purge_oldest(conn):
                break
        purged += 1
    return {"purged": purged}

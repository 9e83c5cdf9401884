"""Delete records that have served: answers, counts, mails, uploads, webhooks, old jobs and more."""

from time import monotonic

from lib.access import throttle_queries
from lib.files import uploads
from lib.http import function
from lib.http import queries as answer_queries
from lib.http.cron import cron
from lib.jobs import retention
from lib.stores import postgres
from lib.webhooks import deliveries, endpoints, secret_store

DEADLINE = 20.0  # seconds; what is left then is the next call's
BATCH = 1000  # rows deleted in one transaction

DELETIONS = {
    "answers": answer_queries.forget,
    "counts": throttle_queries.delete_over,
    "jobs": retention.delete_finished,
    "old_jobs": retention.delete_old,
    "uploads": uploads.delete_expired,
    "deliveries": deliveries.forget,
    "secrets": secret_store.forget,
    "webhooks": endpoints.forget,
}

app = function(__name__)


@app.get("/api/cron/prune_records")
@cron("prune_records")
def prune_records() -> dict[str, int]:
    """Delete kept answers, mails, uploads, deliveries, jobs and the like, once they have served."""
    ends, deleted = monotonic() + DEADLINE, dict.fromkeys(DELETIONS, 0)
    for kind, delete in DELETIONS.items():
        while monotonic() < ends:
            with postgres.transaction() as conn:
                batch = delete(conn, BATCH)
            deleted[kind] += batch
            if not batch:
                break
    return deleted

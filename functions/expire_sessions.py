"""Delete what ended or expired long ago: sessions, personal access tokens, links of mails."""

from time import monotonic

from lib.accounts import expiry
from lib.http import function
from lib.http.cron import cron
from lib.stores import postgres

DEADLINE = 20.0  # seconds; what is left then is the next call's
BATCH = 1000  # rows of each kind deleted in one transaction

app = function(__name__)


@app.get("/api/cron/expire_sessions")
@cron("expire_sessions")
def expire_sessions() -> dict[str, int]:
    """Delete what has ended long ago: sessions, personal tokens, links of mails."""
    ends, deleted = monotonic() + DEADLINE, dict.fromkeys(expiry.KINDS, 0)
    while monotonic() < ends:
        with postgres.transaction() as conn:
            batch = expiry.delete(conn, BATCH)
        deleted = {kind: deleted[kind] + batch[kind] for kind in deleted}
        if max(batch.values()) < BATCH:
            break
    return deleted

"""Fold the long histories of files into snapshots, so that they open fast."""

from time import monotonic

from lib.files import compaction
from lib.http import function
from lib.http.cron import cron
from lib.stores import postgres

DEADLINE = 20.0  # seconds; what is left then is the next call's
BATCH = 100  # files looked up at once

app = function(__name__)


@app.get("/api/cron/compact_files")
@cron("compact_files")
def compact_files() -> dict[str, int]:
    """Fold the long histories of files into snapshots."""
    ends, compacted = monotonic() + DEADLINE, 0
    with postgres.connection() as conn:
        candidates = compaction.candidates(conn, BATCH)
    for file_id in candidates:
        if monotonic() > ends:
            break
        with postgres.transaction() as conn:
            compacted += compaction.compact(conn, file_id)
    return {"compacted": compacted}

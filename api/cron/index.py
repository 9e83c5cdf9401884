"""/api/cron: what the maintenance functions did last, and how this side is set up."""

from typing import Any

from lib.doctor import side
from lib.doctor.schemas import OverviewOut
from lib.http import function
from lib.http.cron import for_operators
from lib.maintenance import runs
from lib.stores import postgres

app = function(__name__)


@app.get("/api/cron")
@for_operators(OverviewOut)
def overview() -> dict[str, Any]:
    """Show the last run of each maintenance function, and what this side is like."""
    with postgres.connection() as conn:
        return {"functions": runs.overview(conn), "side": side.describe()}

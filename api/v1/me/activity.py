"""/api/v1/me/activity: what the caller did, log-ins included, newest first."""

from typing import Any

from lib.access.caller import Access
from lib.audit import log
from lib.audit.schemas import ActivityQuery, EventOut
from lib.http import function, permits
from lib.http.lists import lists

app = function(__name__)


@app.get("/api/v1/me/activity")
@permits("account.activity", lets_go=True)
@lists(EventOut, ActivityQuery)
def list_events(access: Access, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """List what the caller did, newest first."""
    return log.of_person(access.id, **wanted)

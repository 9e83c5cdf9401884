"""/api/v1/me/activity: what the caller did, log-ins included, newest first."""

from typing import Any

from flask import Response

from lib.access.caller import Access
from lib.audit import log
from lib.audit.schemas import ActivityQuery, EventOut
from lib.http import function, page, permits, query

app = function(__name__)


@app.get("/api/v1/me/activity")
@permits("account.activity")
@query(ActivityQuery)
def list_events(access: Access, wanted: dict[str, Any]) -> Response:
    return page(EventOut, log.of_person(access.id, **wanted), wanted["limit"])

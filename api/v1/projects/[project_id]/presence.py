"""/api/v1/projects/{project_id}/presence: who is in the project's room now, on any host."""

from flask import Response

from lib.access.caller import Access
from lib.bridge import presence
from lib.http import function, permits, reply
from lib.projects.schemas import PresenceOut

app = function(__name__)


@app.get("/api/v1/projects/<uuid:project_id>/presence")
@permits("room.presence")
def read(access: Access) -> Response:
    return reply(PresenceOut, {"people": presence.people(access.id)})

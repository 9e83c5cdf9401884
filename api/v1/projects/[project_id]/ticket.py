"""/api/v1/projects/{project_id}/ticket: a one-time ticket to the project's room."""

from flask import Response

from lib.access.caller import Access
from lib.http import function, permits, reply
from lib.projects import tickets
from lib.projects.schemas import TicketOut

app = function(__name__)


@app.post("/api/v1/projects/<uuid:project_id>/ticket")
@permits("room.join")
def issue(access: Access) -> Response:
    return reply(TicketOut, tickets.issue(access), 201)

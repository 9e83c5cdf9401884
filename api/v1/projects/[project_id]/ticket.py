"""/api/v1/projects/{project_id}/ticket: a one-time ticket to the project's room."""

from typing import Any

from lib.access.caller import Access
from lib.http import function, permits, returns
from lib.projects import tickets
from lib.projects.room_schemas import TicketOut

app = function(__name__)


@app.post("/api/v1/projects/<uuid:project_id>/ticket")
@permits("room.join")
@returns(TicketOut, 201)
def issue(access: Access) -> dict[str, Any]:
    """Issue a one-time ticket for the project's room, good for 30 seconds."""
    return tickets.issue(access)

"""/api/v1/projects/{project_id}/room: how busy the project's room is."""

from typing import Any

from lib.access.caller import Access
from lib.http import function, permits, returns
from lib.projects import rooms
from lib.projects.room_schemas import RoomOut

app = function(__name__)


@app.get("/api/v1/projects/<uuid:project_id>/room")
@permits("room.statistics")
@returns(RoomOut)
def read(access: Access) -> dict[str, Any]:
    """Say how many people and hosts are in the project's room, and what it was told lately."""
    return rooms.statistics(access)

"""/api/v1/projects/{project_id}/presence: who is in the project's room now, on any host."""

from typing import Any

from lib.access.caller import Access
from lib.bridge import presence
from lib.http import function, permits, returns
from lib.projects.room_schemas import PresenceOut

app = function(__name__)


@app.get("/api/v1/projects/<uuid:project_id>/presence")
@permits("room.presence")
@returns(PresenceOut)
def read(access: Access) -> dict[str, Any]:
    """Say who is in the project's room, each person once, by name."""
    return {"people": presence.people(access.id)}

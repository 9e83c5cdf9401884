"""`file-change`: an edit of a file, merged and stored before it is acknowledged."""

from __future__ import annotations

from typing import Any

from lib.access import lookups
from lib.errors import NotFound
from lib.files import edits
from lib.files.schemas import EditOut, FileChangeIn
from lib.stores import postgres
from realtime_host.events import event
from realtime_host.sender import Sender


@event(
    "file-change",
    permission="file.update",
    schema=FileChangeIn,
    answer=EditOut,
    blocking=True,
)
def file_change(sender: Sender, data: dict[str, Any]) -> dict[str, Any]:
    """Apply a delta to a file of the room's project; the others hear of it once it is committed."""
    with postgres.transaction() as conn:
        access = lookups.find(
            conn, "file.update", sender.claims, sender.origin, data["file_id"], lock="write"
        )
        if str(access.target["project_id"]) != sender.project_id:
            raise NotFound()
        change = edits.apply(access, base=data["base"], delta=data["delta"])
    return {name: change[name] for name in ("file_id", "seq", "delta")}

"""The room of a project, in figures."""

from __future__ import annotations

from typing import Any

from lib.access.caller import Access
from lib.bridge import log, presence
from lib.errors import NotFound


def statistics(access: Access) -> dict[str, Any]:
    """Return who and what is in the project's room, and what its log has been told lately.

    Raises Unavailable while Redis, which alone knows who is there, does not answer.
    """
    room = str(access.id)
    states = presence.read([room])[room].values()
    told = log.statistics(access.conn, access.id)
    if told is None:
        raise NotFound()  # deleted for good in this very moment
    people = {person["user"]["id"] for state in states for person in state.people}
    hosts = sum(1 for state in states if state.people)
    return {"people": len(people), "hosts": hosts, "hours": log.COUNTED_HOURS} | told

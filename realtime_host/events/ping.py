"""`ping`: nothing happens, but with an `id` it is acknowledged; browsers can't send real pings."""

from __future__ import annotations

from typing import Any

from realtime_host.events import event
from realtime_host.schemas import Nothing
from realtime_host.sender import Sender


@event("ping", permission="room.join", schema=Nothing)
def ping(_sender: Sender, _data: dict[str, Any]) -> dict[str, Any]:
    """Have the host answer; browsers can't send the pings of WebSockets."""
    return {}

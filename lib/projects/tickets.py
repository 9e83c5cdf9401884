"""Tickets to a project's room on the real-time host."""

from typing import Any

from lib.access.caller import Access
from lib.bridge import tickets
from lib.config import settings


def issue(access: Access) -> dict[str, Any]:
    """Return a one-time ticket for the project's room, and the WebSocket address to use it at.

    Raises Unavailable when Redis, which keeps the ticket, does not answer.
    """
    caller = access.caller
    ticket = tickets.issue(
        tickets.Ticket(caller.user_id, caller.session_id, access.id, caller.token_id)
    )
    url = f"{settings().realtime_url}/ws/projects/{access.id}?ticket={ticket}"
    return {"ticket": ticket, "url": url, "expires_in": tickets.TICKET_TTL}

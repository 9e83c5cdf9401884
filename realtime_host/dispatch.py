"""From a client's text to an event and its data, or to an error that names the mistake."""

from __future__ import annotations

from typing import Any, NamedTuple

from lib import logs
from lib.access.permissions import require
from lib.errors import AppError, BadRequest, Invalid, mistake
from lib.input import escaped, parse, validate
from realtime_host.events import Event, all_events

MAX_ID = 64  # characters of a client's own id for a message
MEMBERS = ("event", "data", "id")


class Envelope(NamedTuple):
    """One readable message: the event, its data as sent, and the client's id for it."""

    event: Event
    data: Any
    id: str | int | None


class Unreadable(Exception):
    """A message that names no event properly; with the client's id, if that could be read."""

    def __init__(self, error: AppError, identity: str | int | None) -> None:
        super().__init__(str(error))
        self.error = error
        self.id = identity


def read(text: str) -> Envelope:
    """Return what a client's text asks for; raises Unreadable."""
    identity = None
    try:
        body = parse(text, "message")
        if not isinstance(body, dict):
            raise BadRequest('Send an object: {"event": ..., "data": ..., "id": ...}.')
        identity = _identity(body)
        return Envelope(_event(body), body.get("data", {}), identity)
    except AppError as error:
        raise Unreadable(error, identity) from None


def event_named(name: Any) -> Event:
    """Return the event that a client names; raises Invalid when there is none."""
    event = all_events().get(name) if isinstance(name, str) else None
    if event is None:
        known = ", ".join(sorted(all_events()))
        raise Invalid(mistake("/event", f"Name one of these events: {known}."))
    return event


def check(envelope: Envelope, role: str) -> dict[str, Any]:
    """Return the data, valid, of an event that `role` may send; raises Forbidden or Invalid."""
    require(envelope.event.permission, role)
    return validate(envelope.event.schema, envelope.data, "/data")


def problem(error: Exception) -> dict[str, Any]:
    """Return any error as a client is told it: this is the sockets' one translator."""
    if isinstance(error, AppError):
        return error.problem()
    logs.exception("event.failed", kind=type(error).__name__)
    return AppError().problem()


def _identity(body: dict[str, Any]) -> str | int | None:
    identity = body.get("id")
    if isinstance(identity, bool) or not isinstance(identity, str | int | None):
        raise Invalid(mistake("/id", "Give a string or a whole number."))
    if len(str(identity)) > MAX_ID:
        raise Invalid(mistake("/id", f"Longer than {MAX_ID} characters."))
    return identity


def _event(body: dict[str, Any]) -> Event:
    if unknown := [name for name in body if name not in MEMBERS]:
        raise Invalid(*(mistake(f"/{escaped(name)}", "Unknown field.") for name in unknown))
    return event_named(body.get("event"))

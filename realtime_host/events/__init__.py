"""The events that clients may send: one module each, one decorated function in each."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from marshmallow import Schema

from lib.access.permissions import PERMISSIONS
from realtime_host.schemas import Nothing

if TYPE_CHECKING:
    from realtime_host.sender import Sender

Handler = Callable[["Sender", dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Event:
    """What one event needs, and the function that handles it."""

    name: str
    permission: str
    schema: Schema
    answer: type[Schema]
    handle: Handler
    blocking: bool


_registered: dict[str, Event] = {}


def event(
    name: str,
    *,
    permission: str,
    schema: type[Schema],
    answer: type[Schema] = Nothing,
    blocking: bool = False,
) -> Callable[[Handler], Handler]:
    """Register an event's handler: it gets a Sender and valid data, and returns the ack's data.

    What comes in is held to `schema`; what goes back is documented, and tested, as `answer`.

    A `blocking` one runs on a worker thread, after the sender's earlier ones; the others run on the
    hub and must not wait for anything. Both may raise what lib.errors offers.
    """
    if permission not in PERMISSIONS:
        raise ValueError(f"{permission} is not in the table of permissions")

    def decorate(handle: Handler) -> Handler:
        _registered[name] = Event(name, permission, schema(), answer, handle, blocking)
        return handle

    return decorate


@cache
def all_events() -> dict[str, Event]:
    """Return every event by name."""
    for module in pkgutil.iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    return _registered

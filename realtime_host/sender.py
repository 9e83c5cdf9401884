"""What an event's handler sees of the connection that sent it, and of the room."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import replace
from typing import Any
from uuid import UUID

from lib.access.caller import Access, Origin
from lib.access.tokens import Claims
from lib.bridge.messages import Message
from realtime_host import frames
from realtime_host.connection import Connection

Show = Callable[[Connection, bytes], None]
Announced = tuple[str, Message]  # a project, and what its room is told

# What the event that is being handled on this thread has announced: it is told with the answer.
announced: ContextVar[list[Announced] | None] = ContextVar("announced", default=None)


class Sender:
    """Somebody in a room who has just said something."""

    __slots__ = ("_connection", "_show")

    def __init__(self, connection: Connection, show: Show) -> None:
        self._connection = connection
        self._show = show

    @property
    def user(self) -> dict[str, Any]:
        """The person, as others are shown them."""
        return self._connection.user

    @property
    def project_id(self) -> str:
        """The project in whose room they are, as text."""
        return self._connection.project_id

    @property
    def project(self) -> UUID:
        """The project's id."""
        return self._connection.visitor.project["id"]

    @property
    def claims(self) -> Claims:
        """Who they have proved to be."""
        return self._connection.visitor.claims

    @property
    def origin(self) -> Origin:
        """Where they came from, for the audit log."""
        return self._connection.visitor.caller.origin

    def go_on_as(self, claims: Claims, access: Access) -> None:
        """Let what the person has just proved stand for what they proved when they came.

        Each is one assignment, of which the hub sees either: it looks again in its next tick.
        """
        visitor = self._connection.visitor
        self._connection.visitor = replace(
            visitor, claims=claims, caller=access.caller, ends_in=access.ends_in
        )
        self._connection.recheck_at = 0.0

    def show_others(self, cursor: dict[str, Any]) -> None:
        """Show their cursor to everyone else in the room; only on the hub thread."""
        self._show(self._connection, frames.encode(cursor))

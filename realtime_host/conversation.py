"""What becomes of a client's message: counted, read, checked, handled, answered."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

from lib import logs
from lib.access.permissions import ROLES, allows
from lib.bridge import rooms
from lib.bridge.messages import Message
from lib.errors import AppError, BadRequest
from realtime_host import cursors, dispatch, frames, protocol
from realtime_host.close_codes import TOO_MANY
from realtime_host.connection import Connection, State
from realtime_host.dispatch import Envelope, Unreadable
from realtime_host.events import cursor_update
from realtime_host.hub import Hub
from realtime_host.lobby import Lobby
from realtime_host.protocol import Received
from realtime_host.publisher import Publisher
from realtime_host.rates import Verdict
from realtime_host.sender import Announced, Sender, announced
from realtime_host.work import Work

Identity = str | int | None

CURSOR_ROLES = frozenset(role for role in ROLES if allows(cursor_update.PERMISSION, role))


class TooManyMessages(AppError):
    """More than the limit; the welcome says how many are allowed."""

    status, type, title = 429, "too-many-messages", "Too many messages"


class Done(NamedTuple):
    """What came of an event: the data of its ack, and what is to be told with it."""

    data: dict[str, Any]
    announced: list[Announced]


class Conversation:
    """Owned by the hub thread; blocking handlers run on the worker threads."""

    def __init__(self, hub: Hub, lobby: Lobby, work: Work, publisher: Publisher) -> None:
        self._hub = hub
        self._lobby = lobby
        self._work = work
        self._publisher = publisher
        self._received = hub.figures.received

    def said(self, connection: Connection, text: str) -> None:
        """Handle one message of a client; nothing it holds ends the connection, but too many do."""
        if (verdict := connection.rate.take()) is not Verdict.ACCEPTED:
            self._refuse(connection, verdict)
        elif (cursor := cursors.read(text)) is not None and connection.role in CURSOR_ROLES:
            self._received[cursor_update.NAME] += 1
            self._show(connection, cursor)
        else:
            self._read(connection, text)

    def heard(self, connection: Connection, message: Received) -> None:
        """Handle what is no text: a ping, or something that nobody here understands."""
        if (verdict := connection.rate.take()) is not Verdict.ACCEPTED:
            self._refuse(connection, verdict)
        elif message.kind == protocol.PING:
            self._hub.pong(connection, message.payload)
        else:
            self._fail(connection, None, BadRequest("Send JSON as text, not as binary."))

    def _refuse(self, connection: Connection, verdict: Verdict) -> None:
        self._fail(connection, None, TooManyMessages())
        if verdict is Verdict.HOPELESS:
            self._hub.close(connection, TOO_MANY)

    def _read(self, connection: Connection, text: str) -> None:
        try:
            envelope = connection.read(text)
        except Unreadable as unreadable:
            self._fail(connection, unreadable.id, unreadable.error)
            return
        try:
            self._handle(connection, envelope)
        except Exception as error:  # noqa: BLE001 - translated, and logged if it is our fault
            self._fail(connection, envelope.id, error)

    def _handle(self, connection: Connection, envelope: Envelope) -> None:
        event, identity = envelope.event, envelope.id
        self._received[event.name] += 1
        data = dispatch.check(envelope, connection.role)
        sender = Sender(connection, self._show)
        if event.blocking:
            job = partial(_run, connection, event.handle, sender, data)
            self._work.in_order(connection, job, partial(self._worked, connection, identity))
        else:
            self._answer(connection, identity, event.handle(sender, data))

    def _show(self, connection: Connection, cursor: bytes) -> None:
        room = self._lobby.rooms[connection.project_id]
        shown = cursors.shown(connection, cursor)
        room.broadcast(frames.whole(shown), sender=connection, key=connection.user_id)
        if room.shared:
            self._publisher.gather(room.project_id, connection.user_id, shown.decode())

    def _worked(
        self, connection: Connection, identity: Identity, done: Done | None, error: AppError | None
    ) -> None:
        if error or done is None:
            self._hub.figures.errors += 1
            answer = frames.answer("error", identity, dispatch.problem(error or AppError()))
            self._lobby.answer(connection, None, answer)
            return
        own: Message | None = None
        for project_id, message in done.announced:
            if own is None and message.seq and project_id == connection.project_id:
                own = message
            else:
                self._lobby.deliver(project_id, message)
        self._lobby.answer(connection, own, _answer_to(identity, done, own))

    def _answer(self, connection: Connection, identity: Identity, data: Any) -> None:
        if identity is not None and connection.state is State.OPEN:
            self._lobby.tell(connection, frames.answer("ack", identity, data))

    def _fail(self, connection: Connection, identity: Identity, error: Exception) -> None:
        self._hub.figures.errors += 1
        problem = dispatch.problem(error)
        self._lobby.tell(connection, frames.answer("error", identity, problem))


def _answer_to(identity: Identity, done: Done, own: Message | None) -> bytes:
    """Return the ack; who asked for none is told the event itself, so that they miss no number."""
    if identity is None:
        return frames.of_message(own) if own else b""
    return frames.answer("ack", identity, done.data, own.seq if own else None)


def _run(connection: Connection, handle: Any, sender: Sender, data: dict[str, Any]) -> Done:
    logs.request_id.set(connection.visitor.caller.origin.request_id)
    mine: list[Announced] = []
    rooms.sender.set(connection.id)
    announced.set(mine)
    try:
        return Done(handle(sender, data), mine)
    finally:
        rooms.sender.set("")
        announced.set(None)

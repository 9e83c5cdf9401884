"""A room's log on this host: in which order its members hear of persistent events, each once.

Events come from this host's own members, from Redis and from Postgres, in any order and more than
once. The room is told them by number. A member who is elsewhere in the log than the room stands
apart from it: one who comes back is caught up from Postgres, page by page as fast as they read,
and then goes along with the room.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

from lib.bridge.log import Standing
from lib.bridge.messages import Message
from realtime_host import frames, limits
from realtime_host.close_codes import RESTART
from realtime_host.connection import Connection

if TYPE_CHECKING:
    from realtime_host.catch_up import CatchUp
    from realtime_host.hub import Hub
    from realtime_host.rooms import Room

NEVER = float("inf")
CHANGED = "The room's log is another one now; reconnect."

Event = tuple[Message, bytes]  # a persistent event, and its frame


@dataclass(slots=True)
class Place:
    """Where a member is who stands apart: `seq` is the last event that they have been given."""

    seq: int
    reading: bool = False  # their next page is on its way
    unanswered: bool = False  # the next event is their own, and its ack is still to come
    echo: int = 0  # an own event that no ack will come for


class Log:
    """Owned by the hub thread. `seq` is the last event that the room has been told."""

    def __init__(self, room: Room, standing: Standing, catch_up: CatchUp, hub: Hub) -> None:
        self.room = room
        self.epoch = standing.epoch
        self.seq = self.head = standing.seq  # the head is the last event known to exist
        self.stuck_at = NEVER  # since when the event after `seq` has been missing
        self.reading = False  # the room's next page is on its way
        self.apart: dict[Connection, Place] = {}
        self._catch_up = catch_up
        self._hub = hub
        self._early: dict[int, Event] = {}
        self._acks: dict[int, tuple[Connection, bytes]] = {}  # given in place of own events

    def enter(self, connection: Connection) -> None:
        """Give a new member their place: where they left off, or where the room is."""
        seq = connection.resumed_from
        if seq is not None and seq != self.seq:
            self.apart[connection] = Place(seq)
            self.expect(seq)
            self.continue_with(connection)

    def leave(self, connection: Connection) -> None:
        """Forget a member."""
        self.apart.pop(connection, None)
        if self._acks:
            self._acks = {seq: ack for seq, ack in self._acks.items() if ack[0] is not connection}

    def arrived(self, message: Message) -> None:
        """Tell the room of an event, once those before it have been told."""
        if message.epoch != self.epoch:
            self._catch_up.look(self)
        elif message.seq > self.seq:
            if len(self._early) < limits.EARLY_EVENTS or message.seq == self.seq + 1:
                self._early[message.seq] = message, frames.of_message(message)
            self.expect(message.seq)
            self._advance()

    def answered(self, connection: Connection, message: Message | None, ack: bytes) -> None:
        """Give a member the answer to something of theirs, in the place of its event if it has one.

        The answer is the event itself when no ack was asked for, and empty without an event.
        """
        if message is None:
            self._tell(connection, ack)
        else:
            self._acks[message.seq] = connection, ack
            self.arrived(message)
        place = self.apart.get(connection)
        if message and not place and message.seq <= self.seq and message.seq in self._acks:
            self._tell(connection, self._acks.pop(message.seq)[1])
        if place and place.unanswered:  # answers come in order: this is the one, or none will be
            place.unanswered = False
            if place.seq + 1 in self._acks:
                self._give_ack(connection, place)
                self._rejoin(connection, place)
            else:
                place.echo = place.seq + 1
            self.continue_with(connection)

    def expect(self, head: int) -> None:
        """Know that there are events up to `head`."""
        self.head = max(self.head, head)
        if self.head > self.seq and self.stuck_at == NEVER:
            self.stuck_at = monotonic()

    def learn(self, standing: Standing | None, seq: int, head: int) -> None:
        """Take in what Postgres says of the log, asked when it was known up to `seq` and `head`.

        Members of a log that is not the same any more have to reconnect.
        """
        if standing is None or standing.epoch != self.epoch or standing.seq < seq:
            self._give_up()
            return
        if standing.pruned > self.seq:  # this host has been away from Postgres for very long
            self._give_up()
            return
        if standing.seq < head == self.head:  # somebody has spoken of what does not exist
            self.head = max(standing.seq, self.seq)
            self._early = {n: event for n, event in self._early.items() if n <= self.head}
        self.stuck_at = NEVER
        self.expect(max(standing.seq, self.seq))
        if self.head > self.seq:
            self._catch_up.read_for_room(self)

    def filled(self, events: list[Event]) -> None:
        """Tell the room what was read for it."""
        if self._is_another(events):
            return
        for event in events:
            if event[0].seq > self.seq:
                self._early[event[0].seq] = event
        if events and events[0][0].seq > self.seq + 1:  # pruned, before this host had heard of it
            self._give_up()
            return
        self._advance()
        if events and self.head > self.seq:
            self._catch_up.read_for_room(self)

    def read(self, connection: Connection, events: list[Event]) -> None:
        """Give a member who is behind the page that was read for them, unless they are slow."""
        place = self.apart.get(connection)
        if place is None:
            return
        place.reading = False
        if self._is_another(events):
            return
        waiting = connection.outbox.waiting
        if waiting and waiting + sum(len(frame) for _, frame in events) > limits.QUEUE_BYTES // 2:
            return  # not kept: it is read again when they have taken what waits for them
        if not events and place.seq < self.seq:  # all gone: pruned while they were reading
            self._hub.close(connection, RESTART, CHANGED)
            return
        for message, frame in events:
            if place.seq < message.seq <= self.seq and not self._give(connection, message, frame):
                return
        self._rejoin(connection, place)
        self.continue_with(connection)

    def continue_with(self, connection: Connection) -> None:
        """Have a member who is behind read on, if they can take more."""
        place = self.apart.get(connection)
        if place is None or place.reading or place.unanswered or place.seq >= self.seq:
            return
        if connection.outbox.waiting <= limits.QUEUE_BYTES // 4:
            place.reading = True
            self._catch_up.read_for_member(self, connection, place.seq)

    def _is_another(self, events: list[Event]) -> bool:
        if another := bool(events) and events[0][0].epoch != self.epoch:
            self._catch_up.look(self)
        return another

    def _give(self, connection: Connection, message: Message, frame: bytes) -> bool:
        place = self.apart[connection]
        if message.seq != place.seq + 1:  # pruned while they were reading
            self._hub.close(connection, RESTART, CHANGED)
            return False
        if message.seq in self._acks and message.sender == connection.id:
            self._give_ack(connection, place)
        elif message.sender == connection.id and connection.working and message.seq != place.echo:
            place.unanswered = True
            return False
        else:
            place.seq = message.seq
            self._tell(connection, frame)
        return True

    def _give_ack(self, connection: Connection, place: Place) -> None:
        place.seq += 1
        self._tell(connection, self._acks.pop(place.seq)[1])

    def _advance(self) -> None:
        moved = False
        while event := self._early.pop(self.seq + 1, None):
            self.seq, moved = self.seq + 1, True
            self._tell_room(*event)
            for connection, place in tuple(self.apart.items()):
                self._rejoin(connection, place)
        if moved:
            self.stuck_at = NEVER
            self.expect(self.seq)
            for connection in tuple(self.apart):
                self.continue_with(connection)

    def _tell_room(self, message: Message, frame: bytes) -> None:
        own = self._acks.pop(message.seq, None) if self._acks else None
        sender = own[0] if own else self._unanswered(message)
        if sender and sender not in self.apart:
            self._broadcast(message, frame, (*self.apart, sender))
            if own:
                self._tell(sender, own[1])
            else:
                self.apart[sender] = Place(message.seq - 1, unanswered=True)
            return
        if own:  # behind: it is theirs when they come to it
            self._acks[message.seq] = own
        self._broadcast(message, frame, self.apart)

    def _broadcast(self, message: Message, frame: bytes, without: Iterable[Connection]) -> None:
        if message.type == "job-updated":  # what slow readers have not seen of its progress is over
            self.room.broadcast(b"", key=progress_key(message))
        self.room.broadcast(frame, without=without)

    def _unanswered(self, message: Message) -> Connection | None:
        # Postgres was faster than the thread which is about to answer.
        if not message.sender:
            return None
        mine = (each for each in self.room.members if each.id == message.sender and each.working)
        return next(mine, None)

    def _rejoin(self, connection: Connection, place: Place) -> None:
        if place.seq == self.seq and not place.unanswered:
            del self.apart[connection]

    def _tell(self, connection: Connection, frame: bytes) -> None:
        if frame:
            self.room.tell(connection, frame)

    def _give_up(self) -> None:
        for connection in tuple(self.room.members):
            self._hub.close(connection, RESTART, CHANGED)


def progress_key(message: Message) -> str:
    """Return the key under which only the latest progress of a job counts."""
    return f"job:{message.data.get('job_id')}"

"""Where editors are, passed on: what they say, what other hosts say, and what they have missed."""

from __future__ import annotations

from itertools import islice
from time import monotonic, thread_time

from lib.bridge import docs, keys
from lib.bridge.messages import Message
from realtime_host import close_codes, limits
from realtime_host.hub import Hub
from realtime_host.publisher import Publisher
from realtime_host.rates import Verdict
from realtime_host.yjs import wire
from realtime_host.yjs.document import Document
from realtime_host.yjs.editor import Editor
from realtime_host.yjs.wire import State

TAKES_LONG = "Your messages take too long to work on."


class Places:
    """Owned by the hub thread."""

    def __init__(self, hub: Hub, publisher: Publisher) -> None:
        self._hub = hub
        self._publisher = publisher

    def hear(self, document: Document, editor: Editor, data: bytes) -> None:
        """Take in where an editor says that it and others are; raises Broken.

        Providers repeat whatever they hear, so how often they speak is not counted, but how long
        it takes to listen.
        """
        began = thread_time()
        states = list(islice(wire.states(data), limits.AWARENESS_STATES))
        news, missed = document.awareness.say(editor, states, monotonic())
        if missed:
            document.tell(editor, wire.awareness(missed))
        # Of too many, some are left out: providers say where they are every few seconds anyway.
        if news and editor.rate.take() is Verdict.ACCEPTED:
            self._tell(document, news, editor)
        if not editor.budget.spend(thread_time() - began):
            self._hub.close(editor, close_codes.TOO_MANY, TAKES_LONG)

    def leave(self, document: Document, editor: Editor) -> None:
        """Tell of one who has left."""
        self._tell(document, document.awareness.leave(editor, monotonic()), editor)

    def learn(self, document: Document, user_id: str, told: str) -> None:
        """Take in what another host has been told by somebody."""
        states = list(wire.states(docs.unpack(told)))
        learned = document.awareness.learn(user_id, states, monotonic())
        document.tell_states(learned.news)
        for editor, state in learned.missed:
            document.tell(editor, wire.awareness([state]))
        if learned.ended:
            self._publish(document, user_id, learned.ended)

    def ask(self, document: Document) -> None:
        """Ask the other hosts where their editors are."""
        channel = keys.doc(document.file_id)
        self._publisher.publish(channel, Message.new(docs.AWARENESS_ASKED, {}))

    def answer(self, document: Document) -> None:
        """Tell the other hosts where this one's editors are."""
        for user_id, states in document.awareness.own().items():
            self._publish(document, user_id, states)

    def _tell(self, document: Document, states: list[State], editor: Editor) -> None:
        if states:
            document.tell_states(states, editor if editor in document.members else None)
            self._publish(document, editor.user_id, states)

    def _publish(self, document: Document, user_id: str, states: list[State]) -> None:
        data = {"user_id": user_id, "states": docs.pack(wire.packed(states))}
        self._publisher.publish(keys.doc(document.file_id), Message.new(docs.AWARENESS, data))

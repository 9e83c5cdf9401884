"""Where the editors of one file are: the states of their providers, each said by its own alone.

Providers repeat what they hear of others. So a state counts when it comes from the connection that
it is of, or from a newer one of the same person; everything else is an echo.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from realtime_host import limits
from realtime_host.yjs.editor import Editor
from realtime_host.yjs.wire import GONE, State


@dataclass(slots=True)
class Known:
    """One client's state, whose it is, where its connection is, and when it was last heard of."""

    state: State
    user_id: str
    editor: Editor | None  # none: it is another host's, or has left
    at: float


class Learned(NamedTuple):
    """What came of another host's word: what of it is news, and what both sides may not know.

    `ended` are ends that the other host has not heard of; `missed` are those of editors of ours,
    which are still here and count on once they are told.
    """

    news: list[State]
    ended: list[State]
    missed: list[tuple[Editor, State]]


class Awareness:
    """Owned by the hub thread."""

    def __init__(self) -> None:
        self._known: dict[int, Known] = {}

    def say(self, editor: Editor, said: list[State], now: float) -> tuple[list[State], list[State]]:
        """Take in what an editor says; return what of it is news about itself, and what it missed.

        That is its own end, of which a provider that has been away does not know: once told, it
        counts on from there.
        """
        news: list[State] = []
        missed: list[State] = []
        for state in said:
            if self._is_own(editor, state):
                known = self._known.get(state.client)
                if known and _has_ended(known, state):
                    missed.append(known.state)
                elif self._take(state, editor.user_id, editor, now):
                    news.append(state)
        return news, missed

    def learn(self, user_id: str, told: list[State], now: float) -> Learned:
        """Take in what another host has been told by somebody."""
        learned = Learned([], [], [])
        for state in told:
            known = self._known.get(state.client)
            if known and known.editor:
                if state.json == GONE and state.clock >= known.state.clock:
                    learned.missed.append((known.editor, state))
            elif known and _has_ended(known, state):
                learned.ended.append(known.state)
            elif self._take(state, user_id, None, now):
                learned.news.append(state)
        return learned

    def leave(self, editor: Editor, now: float) -> list[State]:
        """Return the last state of one who has left: nowhere."""
        known = self._known.get(editor.client) if editor.client is not None else None
        if known is None or known.editor is not editor:
            return []
        gone = State(known.state.client, known.state.clock + 1, GONE)
        self._known[gone.client] = Known(gone, known.user_id, None, now)
        return [gone] if known.state.json != GONE else []

    def here(self) -> list[State]:
        """Return where everybody is."""
        return [each.state for each in self._known.values() if each.state.json != GONE]

    def own(self) -> dict[str, list[State]]:
        """Return where this host's editors are, by person."""
        mine: dict[str, list[State]] = {}
        for each in self._known.values():
            if each.editor and each.state.json != GONE:
                mine.setdefault(each.user_id, []).append(each.state)
        return mine

    def forget(self, now: float) -> None:
        """Forget who has left long ago, and whose host has not told of them for long."""
        since = now - limits.AWARENESS_TTL
        for client, known in list(self._known.items()):
            if known.editor is None and known.at < since:
                del self._known[client]

    def _is_own(self, editor: Editor, state: State) -> bool:
        known = self._known.get(state.client)
        if editor.client is None and (known is None or known.user_id == editor.user_id):
            editor.client = state.client  # its provider speaks of itself first
        return editor.client == state.client

    def _take(self, state: State, user_id: str, editor: Editor | None, now: float) -> bool:
        known = self._known.get(state.client)
        if known and state.clock < known.state.clock:
            return False
        if known and state.clock == known.state.clock and state.json != GONE:
            state = known.state
        self._known[state.client] = Known(state, user_id, editor, now)
        return known is None or known.state != state


def _has_ended(known: Known, state: State) -> bool:
    return known.state.json == GONE and state.json != GONE and state.clock <= known.state.clock

"""A file that editors on this host have open: who they are, and what they still have to be told."""

from __future__ import annotations

from collections import deque
from time import monotonic
from typing import TYPE_CHECKING

from realtime_host import limits
from realtime_host.audience import Audience
from realtime_host.hub import Hub
from realtime_host.yjs import wire
from realtime_host.yjs.awareness import Awareness
from realtime_host.yjs.editor import Editor

if TYPE_CHECKING:
    from realtime_host.work import Job


class Document(Audience):
    """Owned by the hub thread. `seq` is the last stored update that its editors have been told."""

    def __init__(self, file_id: str, seq: int, hub: Hub, dirty: set[Audience]) -> None:
        super().__init__(hub, dirty)
        self.file_id = file_id
        self.seq = seq
        self.awareness = Awareness()
        self.unsaved: dict[Editor, list[bytes]] = {}  # in the order of each one's first
        self.saving = False
        self.reading = False
        self.awake_at = monotonic() + limits.AWAKE_EVERY
        self.jobs: deque[Job] = deque()  # as a connection's: what is to be read for editors
        self.working = False

    def add(self, editor: Editor, update: bytes) -> bool:
        """Keep an update until it is saved; return whether there is room for it."""
        mine = self.unsaved.setdefault(editor, [])
        mine.append(update)
        return sum(map(len, mine)) <= limits.UPDATE_BYTES

    def next(self) -> tuple[Editor, list[bytes]] | None:
        """Take what one editor has made, all at once; None when there is nothing."""
        editor = next(iter(self.unsaved), None)
        return (editor, self.unsaved.pop(editor)) if editor else None

    def tell_update(self, seq: int, update: bytes, sender: str) -> None:
        """Tell everyone but its sender of the update that follows what they know."""
        author = (
            next((each for each in self.members if each.id == sender), None) if sender else None
        )
        self.broadcast(wire.sync(wire.UPDATE, update), sender=author)
        self.seq = seq

    def keep_awake(self, now: float) -> None:
        """Say something now and then, for a provider that is alone hears nothing else.

        Pings of the WebSocket are none of its business.
        """
        if now >= self.awake_at:
            self.awake_at = now + limits.AWAKE_EVERY
            self.broadcast(wire.awareness(()))

    def tell_states(self, states: list[wire.State], sender: Editor | None = None) -> None:
        """Tell where somebody is; of each, a slow reader gets the latest."""
        for state in states:
            self.broadcast(wire.awareness([state]), sender=sender, key=str(state.client))

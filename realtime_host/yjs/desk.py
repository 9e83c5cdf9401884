"""The desk: all files that editors on this host have open, and what passes between them."""

from __future__ import annotations

from functools import partial

from lib import logs
from lib.access.permissions import allows
from lib.bridge import docs, keys
from lib.bridge.messages import Message
from lib.errors import AppError, BadRequest, Invalid, NotFound, Unauthenticated, Unavailable
from lib.files.history import Sync
from realtime_host import close_codes, limits, protocol
from realtime_host.audience import Audience
from realtime_host.hub import Hub
from realtime_host.protocol import Received
from realtime_host.publisher import Publisher
from realtime_host.rates import Verdict
from realtime_host.subscriber import Subscriber
from realtime_host.work import Work
from realtime_host.yjs import saving, wire
from realtime_host.yjs.document import Document
from realtime_host.yjs.editor import Editor
from realtime_host.yjs.places import TAKES_LONG, Places

NOTHING = b"\0"  # the state vector of an empty document


class Desk:
    """Owned by the hub thread. A document is here while this host holds an editor of it."""

    def __init__(self, hub: Hub, work: Work, publisher: Publisher, subscriber: Subscriber) -> None:
        self.documents: dict[str, Document] = {}
        self._hub = hub
        self._work = work
        self._publisher = publisher
        self._subscriber = subscriber
        self._places = Places(hub, publisher)
        self._dirty: set[Audience] = set()
        self._looked_at = 0.0

    @property
    def saving(self) -> bool:
        """Whether something that an editor has made is still to be stored."""
        return any(document.saving for document in tuple(self.documents.values()))

    def enter(self, editor: Editor, seq: int) -> None:
        """Let an editor take part in a file, whose last update was `seq` when it was let in."""
        document = self.documents.get(editor.file_id)
        if document is None:
            document = Document(editor.file_id, seq, self._hub, self._dirty)
            self.documents[editor.file_id] = document
            self._subscriber.join(keys.doc(editor.file_id))
        document.members[editor] = None
        if here := document.awareness.here():
            document.tell(editor, wire.awareness(here))
        logs.info("file.opened", **_ids(editor), role=editor.role)

    def leave(self, editor: Editor, code: int) -> None:
        """Take an editor away; what it has made is stored all the same."""
        document = self.documents.get(editor.file_id)
        if document is None or editor not in document.members:
            return
        del document.members[editor]
        self._places.leave(document, editor)
        self._close_if_left(document)
        logs.info("file.closed", **_ids(editor), code=code)

    def heard(self, editor: Editor, message: Received) -> None:
        """Handle a message, or a ping; raises Broken."""
        document = self.documents[editor.file_id]
        said = None if message.kind == protocol.PING else wire.read(message.payload)
        if said and said.kind == wire.AWARENESS:
            self._places.hear(document, editor, said.data)
        elif editor.rate.take() is not Verdict.ACCEPTED:
            self._hub.close(editor, close_codes.TOO_MANY)  # it syncs again, and loses nothing
        elif said is None:
            self._hub.pong(editor, message.payload)
        elif said.kind == wire.QUERY_AWARENESS:
            document.tell(editor, wire.awareness(document.awareness.here()))
        elif said.step == wire.STEP1:
            self._sync(document, editor, said.data)
        elif said.data != wire.EMPTY:
            self._change(document, editor, said)

    def ask(self, editor: Editor) -> None:
        """Ask somebody whose role has changed, and who may write now, for what was refused."""
        document = self.documents.get(editor.file_id)
        if document and editor in document.members and allows("file.update", editor.role):
            self._sync(document, editor, NOTHING)

    def told(self, file_id: str, message: Message) -> None:
        """Handle what is said on a file's channel, by this host or another."""
        document = self.documents.get(file_id)
        if document is None:
            return
        if message.type == docs.DOC_CHANGED:
            seq, update = message.data["seq"], docs.unpack(message.data["update"])
            if seq == document.seq + 1 and update:
                document.tell_update(seq, update, message.sender)
            elif seq > document.seq or not seq:
                self._read(document)
        elif message.type == docs.AWARENESS:
            self._places.learn(document, message.data["user_id"], message.data["states"])
        elif message.type == docs.AWARENESS_ASKED:
            self._places.answer(document)

    def subscribed(self, file_id: str) -> None:
        """Find out what has been said of a file until it was listened to."""
        if document := self.documents.get(file_id):
            self._places.ask(document)
            self._read(document)

    def ticked(self, now: float) -> None:
        """Compare all files with Postgres now and then: Redis may lose a message without a word."""
        for document in self.documents.values():
            document.keep_awake(now)
        every = limits.LOOK_EVERY if self._subscriber.up else limits.LOOK_ALONE
        if now < self._looked_at + every or not self.documents:
            return
        self._looked_at = now
        for document in self.documents.values():
            document.awareness.forget(now)
        self._work.now(partial(saving.heads, list(self.documents)), self._looked)

    def flush(self) -> None:
        """Send what has been gathered."""
        while self._dirty:
            self._dirty.pop().flush()

    def _sync(self, document: Document, editor: Editor, vector: bytes) -> None:
        job = partial(saving.sync, editor, vector)
        try:
            self._work.in_order(editor, job, partial(self._synced, document, editor))
        except Unavailable:  # it has asked too often
            self._hub.close(editor, close_codes.TRY_LATER)

    def _synced(
        self,
        document: Document,
        editor: Editor,
        found: Sync | None,
        error: AppError | None,
    ) -> None:
        if editor not in document.members:
            return
        if found is None:
            self._refuse(editor, error or AppError())
            return
        document.tell(editor, wire.sync(wire.STEP2, found.update))
        document.tell(editor, wire.sync(wire.STEP1, found.vector))
        if found.seq > document.seq:
            self._read(document)
        self._charge(editor)

    def _change(self, document: Document, editor: Editor, said: wire.Said) -> None:
        if said.step == wire.STEP2 and not allows("file.update", editor.role):
            return  # every provider answers the host's own step 1, whatever it may do
        if not document.add(editor, said.data):
            self._hub.close(editor, close_codes.TRY_LATER)
        self._save(document)

    def _save(self, document: Document) -> None:
        if document.saving or not (made := document.next()):
            return
        document.saving = True
        self._work.now(partial(saving.save, *made), partial(self._saved, document, made[0]))

    def _saved(
        self, document: Document, editor: Editor, _nothing: None, error: AppError | None
    ) -> None:
        document.saving = False
        if error:
            self._refuse(editor, error)
        self._charge(editor)
        self._save(document)
        self._close_if_left(document)

    def _charge(self, editor: Editor) -> None:
        seconds, editor.owes = editor.owes, 0.0
        if not editor.budget.spend(seconds):
            self._hub.close(editor, close_codes.TOO_MANY, TAKES_LONG)

    def _refuse(self, editor: Editor, error: AppError) -> None:
        self._hub.figures.errors += 1
        document = self.documents.get(editor.file_id)
        if document is None or editor not in document.members:
            return
        if isinstance(error, Unauthenticated):
            self._hub.close(editor, close_codes.SESSION_OVER)
        elif isinstance(error, NotFound):
            self._hub.close(editor, close_codes.NO_ACCESS)
        elif isinstance(error, Invalid):
            reason = next((each["detail"] for each in error.extra["errors"]), None)
            self._hub.close(editor, close_codes.TOO_BIG, reason)
        elif isinstance(error, BadRequest):
            self._hub.close(editor, close_codes.PROTOCOL_ERROR, error.title)
        elif error.status < 500:
            document.tell(editor, wire.denied(error.detail or error.title))
        else:
            self._hub.close(editor, close_codes.TRY_LATER)

    def _read(self, document: Document) -> None:
        if not document.reading:
            document.reading = True
            job = partial(saving.since, document.file_id, document.seq)
            self._work.now(job, partial(self._found, document))

    def _found(
        self,
        document: Document,
        found: tuple[list[bytes], int] | None,
        error: AppError | None,
    ) -> None:
        document.reading = False
        if isinstance(error, NotFound):
            for editor in tuple(document.members):
                self._hub.close(editor, close_codes.NO_ACCESS)
        elif found and found[1] > document.seq:
            for update in found[0]:  # some may be known already, which does no harm
                document.tell_update(found[1], update, "")

    def _looked(self, found: dict[str, int] | None, error: AppError | None) -> None:
        if found is None or error:
            return
        for file_id, document in self.documents.items():
            if found.get(file_id, document.seq + 1) > document.seq:
                self._read(document)

    def _close_if_left(self, document: Document) -> None:
        if document.members or document.saving or document.unsaved:
            return
        if self.documents.get(document.file_id) is document:
            del self.documents[document.file_id]
            self._dirty.discard(document)
            self._subscriber.leave(keys.doc(document.file_id))


def _ids(editor: Editor) -> dict[str, str]:
    return {
        "connection_id": editor.id,
        "user_id": editor.user_id,
        "file_id": editor.file_id,
        "request_id": editor.visitor.caller.origin.request_id,
    }

"""The Postgres connection of this project: psycopg's, with a lean way to execute statements."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import count, zip_longest
from time import monotonic
from typing import TYPE_CHECKING, Any

import orjson
import psycopg
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.generators import execute, fetch, fetch_many
from psycopg.generators import send as flush
from psycopg.pq import ExecStatus, Format, TransactionStatus
from psycopg.rows import DictRow
from psycopg.types.json import set_json_loads
from psycopg.types.string import TextBinaryLoader

from lib.stores.statements import Check, Compiled, Later, Result, Send, Statement, compiled

if TYPE_CHECKING:
    from psycopg.abc import PQGen
    from psycopg.pq.abc import PGconn, PGresult

# Postgres writes 1e20 out in digits: read as an integer, it could not be written as JSON again.
set_json_loads(orjson.loads)

IDLE_BEFORE_CHECK = 1.0  # seconds a pooled connection may rest before it is pinged at checkout
ANSWER_WITHIN = 6.0  # seconds for what is sent at once; the server's limit is 5 for a statement
PING_WITHIN = 2.0  # seconds
PREPARE_AFTER = 2  # uses of a statement, after which Postgres need not parse and plan it again
MAX_STATEMENTS = 500  # that a connection knows; then it begins anew

_DONE = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK, ExecStatus.EMPTY_QUERY)

Params = Sequence[Any] | Mapping[str, Any]
LastWord = Callable[["Connection", list[Any]], Callable[[], None]]

_suspect_since = float("-inf")  # when a connection was last found broken


class Connection(psycopg.Connection[DictRow]):
    """A connection that spares round trips, with a list of calls to make after the commit.

    `prepares` says whether it may prepare statements: not behind a transaction-mode pooler.
    """

    prepares = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.announcements: list[Callable[[], None]] = []
        self.last_used = monotonic()
        self.patience = ANSWER_WITHIN
        self.adapters.register_loader(0, TextBinaryLoader)  # enums, whose numbers differ
        self._adapt = Transformer(self)
        self._statements: dict[tuple[bytes, tuple[int, ...]], Statement] = {}
        self._numbers = count()
        self.last_words: dict[LastWord, list[Any]] = {}
        self._waiting: list[Later] = []  # what goes ahead of the next statement
        self._begun = False

    def wait(self, *args: Any, **kwargs: Any) -> Any:
        """Wait for the server as psycopg does, but not for ever.

        Raises psycopg.OperationalError, and closes the connection, when nothing comes in time, or
        something that is no answer: a pooler whose server goes away breaks off within one.
        """
        try:
            return super().wait(*args, **{"timeout": self.patience} | kwargs)
        except psycopg.errors._WaitTimeout:
            self.pgconn.finish()
            raise psycopg.OperationalError("the server does not answer in time") from None
        except psycopg.InternalError as error:
            if error.sqlstate:
                raise
            self.pgconn.finish()
            raise psycopg.OperationalError("the connection broke off") from error

    def after_commit(self, announce: Callable[[], None]) -> None:
        """Call `announce` once the transaction now open has committed; never if it does not."""
        self.announcements.append(announce)

    def begin(self) -> None:
        """Begin a transaction, together with the first statement in it."""
        self._waiting, self._begun = [Later(Statement(), partial(self._send, b"BEGIN"))], True

    def end(self) -> None:
        """Commit, together with the last words and what was put off.

        Raises as psycopg does; then everything is rolled back.
        """
        if any(later.check for later in self._waiting):
            self.execute("")  # which may fail, and then there is nothing to commit
        readers = [write(self, items) for write, items in self.last_words.items()]
        self.last_words, self._begun = {}, False
        if self._idle:
            self._waiting.clear()
        elif self._ask(partial(self._send, b"COMMIT")).command_status != b"COMMIT":
            raise psycopg.errors.InFailedSqlTransaction("a statement in it has failed")
        for read in readers:
            read()

    def abandon(self) -> None:
        """Roll back what was begun, if the server still knows of it."""
        self.last_words, self._waiting, self._begun = {}, [], False
        if self.pgconn.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
            self._ask(partial(self._send, b"ROLLBACK"))

    def take_time(self, seconds: int) -> None:
        """Let each statement of the open transaction take so long, from the next one on."""
        self.put_off(f"SET LOCAL statement_timeout = '{seconds}s'", ())
        self.patience = seconds + ANSWER_WITHIN

    def with_commit(self, write: LastWord, item: Any) -> None:
        """Have `write` called once, with all items gathered for it, as the transaction's last act.

        What it locks is locked after everything else, and for no longer than the commit takes:
        `write` puts its statement off, and returns a function that reads the answer.
        """
        self.last_words.setdefault(write, []).append(item)

    def put_off(self, query: str, params: Params, check: Check | None = None) -> Later:
        """Execute a statement before the transaction commits, at no round trip of its own.

        If it fails, what it goes together with fails; so it does when `check`, called with its rows
        before anything is committed, raises. Outside a transaction it is executed now.
        """
        later = Later(*self._sending(query, params), check)
        if self._begun:
            self._waiting.append(later)
        else:
            later.rows = self._result(later.statement, self._ask(later.send))
        return later

    def execute(  # type: ignore[override]
        self, query: str, params: Params | None = None
    ) -> Result:
        """Execute one statement, whose parameters are spelled as psycopg's: `%s` or `%(name)s`.

        psycopg's own way, by a cursor, takes twice the processor time for a short statement. Rows
        come back whole: this is for results of bounded size. Raises as psycopg does.
        """
        statement, send = self._sending(query, params)
        result = self._ask(send)
        return self._result(statement, result)

    def _result(self, statement: Statement, result: Any) -> Result:
        if result.status != ExecStatus.TUPLES_OK:
            return Result((), (), result.command_tuples or 0)
        self._adapt.set_pgresult(result)
        rows = self._adapt.load_rows(0, result.ntuples, tuple)
        self._adapt.set_pgresult(None)
        return Result(statement.columns_of(result), rows, len(rows))

    @property
    def _idle(self) -> bool:
        """Whether nothing was sent since `begin`, and nothing has to be."""
        return self.pgconn.transaction_status == TransactionStatus.IDLE and len(self._waiting) < 2

    def _sending(self, query: str, params: Params | None) -> tuple[Statement, Send]:
        text, names = compiled(query) if params is not None else Compiled(query.encode(), ())
        values, types, formats = self._dumped(names, params or ())
        statement = self._known(text, types)
        if statement.name:
            send = self.pgconn.send_query_prepared
            return statement, partial(send, statement.name, values, formats, Format.BINARY)
        return statement, partial(self._send, text, values, types, formats, Format.BINARY)

    def _dumped(self, names: tuple[str, ...], params: Any) -> tuple[Any, tuple[int, ...], Any]:
        if not params:
            return (), (), None
        given = [params[name] for name in names] if names else params
        values = self._adapt.dump_sequence(given, [PyFormat.AUTO] * len(given))
        return values, self._adapt.types or (), self._adapt.formats

    def _send(self, text: bytes, *args: Any) -> None:
        self.pgconn.send_query_params(text, *(args or (None,)))

    def _ask(self, send: Send) -> Any:
        ahead, self._waiting = self._waiting, []
        if ahead:
            results = self._pipelined([*(later.send for later in ahead), send])
        else:
            send()
            results = self.wait(execute(self.pgconn))
        for later, result in zip_longest(ahead, results):
            if result.status not in _DONE:
                raise error_from_result(result)
            if later:
                later.rows = self._result(later.statement, result)
                if later.check:
                    later.check(later.rows)
        return results[-1]

    def _pipelined(self, sends: Sequence[Send]) -> list[Any]:
        pg = self.pgconn
        pg.enter_pipeline_mode()
        for send in sends:
            send()
        pg.pipeline_sync()
        results = self.wait(_flushed_and_fetched(pg, len(sends)))
        pg.exit_pipeline_mode()
        return results

    def _known(self, text: bytes, types: tuple[int, ...]) -> Statement:
        statement = self._statements.get((text, types))
        if statement is None:
            if len(self._statements) >= MAX_STATEMENTS:
                self._forget()
            statement = self._statements[text, types] = Statement()
        if self.prepares and not statement.name:
            statement.uses += 1
            if statement.uses > PREPARE_AFTER:
                name = b"collab_%d" % next(self._numbers)
                self._ask(partial(self.pgconn.send_prepare, name, text, types))
                statement.name = name
        return statement

    def _forget(self) -> None:
        self._statements.clear()
        if self.prepares:
            self._ask(partial(self._send, b"DEALLOCATE ALL"))


def _flushed_and_fetched(pg: PGconn, count: int) -> PQGen[list[PGresult]]:
    yield from flush(pg)
    results = []
    for _ in range(count):
        results.append((yield from fetch_many(pg))[-1])  # noqa: PERF401 - none yields from one
    yield from fetch(pg)  # the answer to the synchronisation
    return results


def check(conn: Connection) -> None:
    """Ping a pooled connection that has rested, or was last used before another broke.

    One in steady use costs no round trip. Raises psycopg.OperationalError when the connection is
    dead, so that the pool replaces it.
    """
    if monotonic() - conn.last_used > IDLE_BEFORE_CHECK or conn.last_used < _suspect_since:
        conn.patience = PING_WITHIN
        conn.execute("")
    conn.patience = ANSWER_WITHIN


def suspect_all() -> None:
    """Have every pooled connection pinged before its next use: one of them was found broken."""
    global _suspect_since
    _suspect_since = monotonic()

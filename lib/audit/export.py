"""The export of a workspace's log: event after event as it is read, in the order of its chain.

The last line says whether that was all, and after which number to go on. An export that breaks off
has none, and ends as a broken connection does: it can't be taken for a whole one.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from itertools import chain as joined
from time import monotonic
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from lib.audit import filters, log, verification
from lib.stores import mongo

MOST_EVENTS = 10_000  # in one answer
MOST_BYTES = 4_000_000  # of one answer: what Vercel takes where it does not stream is 4.5 MB
WITHIN = 20.0  # seconds
PAGE = 500  # documents in memory

COLUMNS = (
    "seq", "id", "at", "action", "actor_id", "actor_name", "actor_email", "workspace_id",
    "project_id", "target_type", "target_id", "request_id", "address", "user_agent", "token_id",
    "details", "prev", "hash",
)  # fmt: skip
# A spreadsheet takes a cell that begins like this for a formula (OWASP, "CSV Injection").
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

Document = dict[str, Any]


class Form(NamedTuple):
    """How an export is written: what it begins with, its lines, and its last one."""

    media_type: str
    head: bytes
    lines: Callable[[list[Document]], bytes]
    last_line: Callable[[bool, int, int], bytes]


def of_workspace(workspace_id: UUID, *, form: str, after: int, **asked: Any) -> dict[str, Any]:
    """Return the export of a workspace's events after a number, those that are `asked` for.

    It is what `streams` takes: `filename`, `media_type`, and `pieces` of bytes, of which the first
    is read already. Raises Unavailable while a store does not answer; so do the pieces.
    """
    upto = verification.standing(workspace_id).delivered.seq
    wanted = filters.conditions(asked, workspace_id) | {"chain": str(workspace_id)}
    pages = _pages(wanted, after, upto)
    first = next(pages)
    return {
        "filename": f"audit-{workspace_id}.{form}",
        "media_type": FORMS[form].media_type,
        "pieces": _pieces(FORMS[form], joined([first], pages), max(after, upto)),
    }


def _pages(wanted: Document, after: int, upto: int) -> Iterator[list[Document]]:
    while True:
        with mongo.database() as database:
            page = list(verification.documents(database, wanted, after, upto, PAGE))
        yield page
        if len(page) < PAGE:
            return
        after = page[-1]["seq"]


def _pieces(form: Form, pages: Iterator[list[Document]], upto: int) -> Iterator[bytes]:
    ends, events, size = monotonic() + WITHIN, 0, 0
    yield form.head
    for page in pages:
        piece = form.lines(page)
        yield piece
        events, size = events + len(page), size + len(piece)
        complete = len(page) < PAGE
        if complete or events >= MOST_EVENTS or size >= MOST_BYTES or monotonic() > ends:
            yield form.last_line(complete, events, upto if complete else page[-1]["seq"])
            return


def _json_lines(page: list[Document]) -> bytes:
    return b"".join(orjson.dumps(log.shown(document)) + b"\n" for document in page)


def _last_json_line(complete: bool, events: int, after: int) -> bytes:
    told = {"complete": complete, "events": events, "after": after}
    return orjson.dumps({"export": told}) + b"\n"


def _csv_lines(page: list[Document]) -> bytes:
    return _csv([[_cell(document, name) for name in COLUMNS] for document in page])


def _last_csv_line(complete: bool, events: int, after: int) -> bytes:
    word = "# complete" if complete else "# continues"
    told = [word, f"{events} events", f"after={after}"]
    return _csv([told + [""] * (len(COLUMNS) - len(told))])


def _csv(rows: Iterable[Iterable[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _cell(document: Document, name: str) -> Any:
    if name == "details":
        return _harmless(orjson.dumps(document["details"]).decode())
    if name == "at":
        return document["at"].isoformat(timespec="milliseconds")
    value = document.get("event_id" if name == "id" else name)
    return _harmless(value) if isinstance(value, str) else value


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULAS) else text


FORMS = {
    "ndjson": Form("application/x-ndjson; charset=utf-8", b"", _json_lines, _last_json_line),
    "csv": Form("text/csv; charset=utf-8", _csv([COLUMNS]), _csv_lines, _last_csv_line),
}

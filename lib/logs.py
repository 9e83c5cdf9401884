"""Logging: one JSON line per outcome: `action`, ids, `request_id`, duration; never a secret."""

import json
import logging
import sys
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

MAX_LINES = 10_000  # that wait for the thread which writes them
END_WITHIN = 5.0  # seconds that the end waits for a reader to take them

request_id: ContextVar[str] = ContextVar("request_id", default="")

_logger = logging.getLogger("collab")


class _Line(logging.Formatter):
    """Render one record as one line of JSON; control characters come out escaped."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "action": getattr(record, "action", record.name),
            "request_id": request_id.get() or None,
        }
        line |= getattr(record, "fields", None) or {"message": record.getMessage()}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps({k: v for k, v in line.items() if v is not None}, default=str)


def configure(level: str = "INFO") -> None:
    """Send this process's logs, libraries' warnings included, to standard output as JSON lines."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_Line())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    _logger.setLevel(level)


def in_background() -> Callable[[], None]:
    """Have a thread write the lines from now on, so that nobody waits for whoever reads them.

    Of too many, the last are lost. The function returned ends it, once it has written the rest, or
    nobody has taken that for some seconds.
    """
    from logging.handlers import QueueHandler
    from queue import Full, Queue
    from threading import Thread

    class Lines(QueueHandler):
        def enqueue(self, record: logging.LogRecord) -> None:
            with suppress(Full):
                self.queue.put_nowait(record)

    root, out = logging.getLogger(), logging.StreamHandler(sys.stdout)
    lines: Queue[logging.LogRecord | None] = Queue(MAX_LINES)

    def write() -> None:
        while (record := lines.get()) is not None:
            out.handle(record)

    def end() -> None:
        with suppress(Full):
            lines.put(None, timeout=END_WITHIN)
        thread.join(END_WITHIN)

    root.handlers = [Lines(lines)]
    root.handlers[0].setFormatter(_Line())
    thread = Thread(target=write, name="log", daemon=True)
    thread.start()
    return end


def info(action: str, **fields: Any) -> None:
    """Log an outcome: a stable `action` such as `job.finished`, and its ids and figures."""
    _logger.info(action, extra={"action": action, "fields": fields})


def warning(action: str, **fields: Any) -> None:
    """Log something that went wrong and was dealt with."""
    _logger.warning(action, extra={"action": action, "fields": fields})


def exception(action: str, **fields: Any) -> None:
    """Log the exception being handled, with its traceback."""
    _logger.exception(action, extra={"action": action, "fields": fields})

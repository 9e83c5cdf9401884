"""Logging: one JSON line per outcome: `action`, ids, `request_id`, duration; never a secret."""

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

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


def info(action: str, **fields: Any) -> None:
    """Log an outcome: a stable `action` such as `job.finished`, and its ids and figures."""
    _logger.info(action, extra={"action": action, "fields": fields})


def warning(action: str, **fields: Any) -> None:
    """Log something that went wrong and was dealt with."""
    _logger.warning(action, extra={"action": action, "fields": fields})


def exception(action: str, **fields: Any) -> None:
    """Log the exception being handled, with its traceback."""
    _logger.exception(action, extra={"action": action, "fields": fields})

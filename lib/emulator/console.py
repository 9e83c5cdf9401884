"""One combined log for people or for machines, and the table of addresses."""

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import IO, Any

LOG_LIMIT_BYTES = 10_000_000
NAME_WIDTH = 9
OWN_NAME = "up"
COLOURS = {"red": 31, "green": 32, "yellow": 33, "blue": 34, "magenta": 35, "cyan": 36, "grey": 90}
LEVEL_COLOURS = {"warning": "yellow", "error": "red", "critical": "red"}
SHOWN_ELSEWHERE = ("at", "level", "action", "error")


class Console:
    """Writes lines of many processes, one at a time: to a terminal briefly, else as they came."""

    def __init__(self, log: Path, stream: IO[str] = sys.stdout) -> None:
        if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
            log.unlink()
        self._stream = stream
        self._log = log.open("a", buffering=1)
        self._lock = Lock()
        self._colours: dict[str, str] = {}
        self._terminal = stream.isatty()

    def name_colour(self, name: str, colour: str) -> None:
        """Choose the colour of a process."""
        self._colours[name] = colour

    def line(self, name: str, text: str) -> None:
        """Write one line of a process."""
        shown = brief(text, self._paint) if self._terminal else text
        prefix = self._paint(f"{name:{NAME_WIDTH}}", self._colours.get(name, "grey"))
        with self._lock:
            self._log.write(f"{name:{NAME_WIDTH}} | {text}\n")
            self._stream.write(f"{prefix} | {shown}\n")
            self._stream.flush()

    def say(self, text: str) -> None:
        """Write one line of our own."""
        self.line(OWN_NAME, text)

    def table(self, rows: Sequence[tuple[str, str]]) -> None:
        """Write the addresses, one a row."""
        width = max(len(name) for name, _ in rows)
        rule = "-" * (width + 2 + max(len(address) for _, address in rows))
        lines = [f"{name:{width}}  {address}" for name, address in rows]
        with self._lock:
            self._stream.write("\n".join(["", rule, *lines, rule, "", ""]))
            self._stream.flush()

    def close(self) -> None:
        """Close the log file; the stream stays open."""
        self._log.close()

    def _paint(self, text: str, colour: str) -> str:
        return f"\033[{COLOURS[colour]}m{text}\033[0m" if self._terminal else text


def brief(text: str, paint: Any) -> str:
    """Return one of our JSON log lines as a person reads it; any other text as it is."""
    try:
        line = json.loads(text) if text.startswith("{") else None
        clock = datetime.fromisoformat(line["at"]).astimezone().strftime("%H:%M:%S") if line else ""
    except (ValueError, KeyError, TypeError):
        return text
    if not line:
        return text
    level = str(line.get("level", "info"))
    action = paint(str(line.get("action", "")), LEVEL_COLOURS.get(level, "cyan"))
    facts = [f"{name}={value}" for name, value in line.items() if name not in SHOWN_ELSEWHERE]
    error = f"\n{line['error']}" if line.get("error") else ""
    return " ".join([clock, action, *facts]) + error

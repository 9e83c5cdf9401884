"""What a handler prints: some of it goes to the log, as text in a line of ours."""

from __future__ import annotations

import io

from lib import logs
from worker.context import Context

MAX_LINES = 20  # of one attempt; the rest is dropped
MAX_LINE = 200  # characters


class Printed(io.TextIOBase):
    """A standard output of which each line is logged as `job.printed`, up to a limit."""

    def __init__(self) -> None:
        self._context: Context | None = None
        self._rest = ""
        self._lines = 0

    def begin(self, context: Context) -> None:
        """Take what is printed from now on for this attempt's."""
        self._context, self._rest, self._lines = context, "", 0

    def writable(self) -> bool:
        """Return True: it can be written to."""
        return True

    def write(self, text: str) -> int:
        """Log whole lines; keep the rest until its line is whole."""
        *lines, rest = (self._rest + text).split("\n")
        self._rest = rest[:MAX_LINE]
        for line in lines[: MAX_LINES - self._lines]:
            self._lines += 1
            job_id = self._context and self._context.job_id
            logs.info("job.printed", job_id=job_id, text=line[:MAX_LINE])
        return len(text)

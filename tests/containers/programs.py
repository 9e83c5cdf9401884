"""Other programs: run with a time limit, timed, and shown only where they fail."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHOWN_LINES = 60  # of what a failed program printed


class FailedError(Exception):
    """A step did not do what it should; the message is for a person."""


def run(
    command: Sequence[str | Path],
    *,
    timeout: float,
    env: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
) -> str:
    """Run a program and return what it printed on both outputs.

    `timeout` is in seconds, `env` is added to our own. Raises FailedError with the end of its
    output when it fails or takes too long.
    """
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            cwd=cwd,
            env=os.environ | dict(env or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        printed = (late.stdout or b"").decode(errors="replace")
        raise FailedError(f"{shown(words)} took over {timeout:.0f} s\n{tail(printed)}") from None
    if done.returncode:
        raise FailedError(f"{shown(words)} failed ({done.returncode})\n{tail(done.stdout)}")
    return done.stdout


def works(command: Sequence[str | Path], timeout: float = 20) -> bool:
    """Return whether a program exists, and succeeds in time."""
    try:
        run(command, timeout=timeout)
    except (FailedError, OSError):
        return False
    return True


def shown(words: Sequence[str]) -> str:
    """Return a command short enough for a message."""
    line = " ".join(words)
    return line if len(line) <= 120 else f"{line[:117]}..."


def tail(text: str) -> str:
    """Return the last lines of a text."""
    return "\n".join(text.strip().split("\n")[-SHOWN_LINES:])


@contextmanager
def step(name: str) -> Iterator[None]:
    """Print what is being done, and how long it took."""
    print(f"  {name} ...", end="", flush=True)
    started = time.monotonic()
    try:
        yield
    except BaseException:
        print(f" failed after {time.monotonic() - started:.1f} s", flush=True)
        raise
    print(f" {time.monotonic() - started:.1f} s", flush=True)


def complain(text: str) -> None:
    """Print to standard error."""
    print(text, file=sys.stderr, flush=True)

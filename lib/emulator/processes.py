"""Child processes that never outlive their parent, each in a process group of its own."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO

LAUNCHER = Path(__file__).with_name("launch.py")
STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class User:
    """The numeric user and group that a child runs as."""

    uid: int
    gid: int


SAME_USER = User(-1, -1)


def launched(
    argv: Sequence[str], user: User = SAME_USER, death_signal: int = signal.SIGTERM
) -> list[str]:
    """Return the command that runs `argv` as `user` and sends it `death_signal` when we die.

    Its first item is an absolute path. The signal is sent on Linux only.
    """
    numbers = (os.getpid(), int(death_signal), user.uid, user.gid)
    return [sys.executable, "-I", "-S", str(LAUNCHER), *map(str, numbers), *argv]


def spawn(
    command: Sequence[str], *, cwd: Path, env: Mapping[str, str], output: IO[bytes] | int
) -> subprocess.Popen[bytes]:
    """Start a command of `launched`, with both its outputs going to `output`.

    The child leads a new session, so that a terminal's Ctrl-C does not reach it.
    """

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    return _spawner(os.getpid()).submit(start).result()


@cache
def _spawner(_pid: int) -> ThreadPoolExecutor:
    """Return the one thread that starts children: Linux ties the death signal to the thread."""
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")


def stop(
    process: subprocess.Popen[bytes],
    stop_signal: int = signal.SIGTERM,
    timeout: float = STOP_SECONDS,
) -> None:
    """Ask a child to stop, wait up to `timeout` seconds, then kill all that is left of it."""
    if process.poll() is None:
        process.send_signal(stop_signal)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout)
    kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a child and its whole process group at once (SIGKILL), and reap it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()

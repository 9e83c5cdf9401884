"""A program of this project as a child: started until it is ready, its output to the console."""

import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

from lib.emulator import processes
from lib.emulator.console import Console

READY_SECONDS = 60.0
POLL_SECONDS = 0.03
LAST_LINES_SECONDS = 1.0


class StartError(Exception):
    """A service did not come up; the message is one sentence that says which."""


@dataclass(frozen=True, slots=True)
class Service:
    """A program to run: `argv` begins with an absolute path.

    `ready` returns whether it serves, and may raise anything while it does not; without it, being
    alive is enough. `env` is added to the environment that all services share.
    """

    name: str
    argv: tuple[str, ...]
    ready: Callable[[], bool] | None = None
    colour: str = "blue"
    env: Mapping[str, str] = field(default_factory=dict)


class ServiceProcess:
    """One running service; `start` gives up early when `cancelled` is set."""

    def __init__(
        self,
        service: Service,
        env: Mapping[str, str],
        root: Path,
        console: Console,
        cancelled: Event,
    ) -> None:
        self.name = service.name
        self._service = service
        self._env = {**env, **service.env}
        self._root = root
        self._console = console
        self._cancelled = cancelled
        self._process: subprocess.Popen[bytes] | None = None
        self._pump_thread: Thread | None = None
        console.name_colour(service.name, service.colour)

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> None:
        """Start it and return when it is ready.

        Raises StartError when it ends or stays silent instead.
        """
        process = processes.spawn(
            processes.launched(self._service.argv),
            cwd=self._root,
            env=self._env,
            output=subprocess.PIPE,
        )
        self._process = process
        self._pump_thread = Thread(target=self._pump, args=(process,), daemon=True)
        self._pump_thread.start()
        self._await_ready()

    def stop(self) -> None:
        """Ask it to stop, wait, then kill what is left."""
        if self._process:
            processes.stop(self._process)
        if self._pump_thread:
            self._pump_thread.join(LAST_LINES_SECONDS)

    def wait(self) -> int:
        """Wait for a program that ends by itself, and return its exit status."""
        while self.pid and not self._cancelled.wait(POLL_SECONDS):
            pass
        return self._process.poll() or 0 if self._process else 0

    def _await_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not self._cancelled.is_set():
            if self._is_ready():
                return
            if not self.pid:
                status = self._process.returncode if self._process else None
                raise StartError(f"{self.name} ended with status {status} before it was ready.")
            if time.monotonic() > deadline:
                raise StartError(f"{self.name} was not ready within {READY_SECONDS:.0f} s.")
            self._cancelled.wait(POLL_SECONDS)

    def _is_ready(self) -> bool:
        if not self._service.ready:
            return True
        try:
            return bool(self.pid) and self._service.ready()
        except Exception:  # noqa: BLE001 - a connection refused, a timeout, half an answer
            return False

    def _pump(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdout:
            with process.stdout as lines:
                for line in lines:
                    self._console.line(self.name, line.decode(errors="replace").rstrip())

"""What the embedded stores have in common: start, wait until ready, stop, and start again."""

import os
import secrets
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from threading import Lock
from typing import BinaryIO, ClassVar

from lib.emulator import ports, processes

READY_SECONDS = 30.0
POLL_SECONDS = 0.02
LOG_TAIL_CHARS = 400
LOG_LIMIT_BYTES = 10_000_000

_making = Lock()


class StoreError(Exception):
    """An embedded store can't run; the message is one sentence that says what to do."""


class Server(ABC):
    """One embedded store: a child process on 127.0.0.1 with its data under `directory`.

    With `fast`, it gives up durability for speed, which suits tests only.
    """

    name: ClassVar[str]
    stop_signal: ClassVar[int] = signal.SIGTERM

    def __init__(self, directory: Path, port: int, *, fast: bool = False) -> None:
        self.directory = Path(directory).absolute()
        self.port = port
        self.fast = fast
        self._process: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """The address for a client, credentials included."""

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    @property
    def log_path(self) -> Path:
        """The file that the server writes its own log to."""
        return self.directory / "server.log"

    def start(self) -> None:
        """Start on the data that is there, or on new data, and return when it answers.

        Raises StoreError when it does not come up.
        """
        if self.pid:
            return
        if not ports.is_free(self.port):
            raise StoreError(
                f"{self.name} can't start: port {self.port} is taken; stop what uses it or choose "
                "another port."
            )
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._prepare()
        self._process = self._spawn()
        try:
            self._await_ready()
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """Stop it gracefully, so that the next start finds everything in order."""
        if self._process:
            processes.stop(self._process, self.stop_signal)

    def kill(self) -> None:
        """Kill it at once, as kill -9 or a power cut would."""
        if self._process:
            processes.kill(self._process)

    def _prepare(self) -> None:  # noqa: B027 - a hook, not a duty
        """Make whatever has to exist before a start."""

    @abstractmethod
    def _argv(self) -> list[str]:
        """Return the program's absolute path and its arguments."""

    @abstractmethod
    def _answers(self) -> bool:
        """Return whether the server answers a request; may raise anything while it does not."""

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self._open_log() as log:
            return processes.spawn(
                processes.launched(self._argv(), self._user(), self.stop_signal),
                cwd=self._cwd(),
                env=self._environment(),
                output=log,
            )

    def _user(self) -> processes.User:
        return processes.SAME_USER

    def _cwd(self) -> Path:
        return self.directory

    def _environment(self) -> dict[str, str]:
        return child_environment()

    def _open_log(self) -> BinaryIO:
        if self.log_path.exists() and self.log_path.stat().st_size > LOG_LIMIT_BYTES:
            self.log_path.unlink()
        return self.log_path.open("ab")

    def _await_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if not self.pid:
                raise StoreError(f"{self.name} stopped while starting; {self._last_words()}")
            if self._is_ready():
                return
            time.sleep(POLL_SECONDS)
        raise StoreError(
            f"{self.name} did not answer in {READY_SECONDS:.0f} s; see {self.log_path}."
        )

    def _is_ready(self) -> bool:
        try:
            return self._listens() and self._answers()
        except ImportError:
            raise
        except Exception:  # noqa: BLE001 - every client library has its own way of saying no
            return False

    def _listens(self) -> bool:
        """Return whether the process on our port is the one started, and not a stranger's."""
        import psutil  # type: ignore[import-untyped]

        connections = psutil.Process(self.pid).net_connections(kind="tcp")
        return any(
            c.status == psutil.CONN_LISTEN and c.laddr.port == self.port for c in connections
        )

    def _last_words(self) -> str:
        text = self.log_path.read_text(errors="replace") if self.log_path.exists() else ""
        tail = " / ".join(text[-LOG_TAIL_CHARS:].split("\n")[-4:]).strip(" /")
        return f"see {self.log_path} ({tail})"


def child_environment() -> dict[str, str]:
    """Return the environment for a store: what a program needs to run, and no secret of ours."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "TZ", "LD_LIBRARY_PATH", "PYTHONPATH")
    return {name: os.environ[name] for name in kept if name in os.environ}


def kept_password(path: Path) -> str:
    """Return the password in `path`, made on first use and readable by its owner only."""
    with _making:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(24))
        return path.read_text()

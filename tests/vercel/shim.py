"""A built function at work: unpacked, and run by the shim that the platform itself runs it with.

The shim is the package vercel_runtime, which the builder puts into every bundle. It connects to a
Unix socket, reports there which port it serves, and logs there; messages end with a zero byte.
"""

import json
import os
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from hashlib import sha256
from pathlib import Path
from socket import AF_UNIX
from typing import Any

import httpx

from lib.emulator.processes import launched, spawn, stop
from tests.containers.programs import tail
from tests.vercel.output import Function

START_SECONDS = 60.0
ANSWER_SECONDS = 30.0
KEPT = ("PATH", "HOME", "LANG", "TMPDIR")
EDGE = {"x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "https"}


def unpack(function: Function, folder: Path) -> Path:
    """Lay a bundle out below `folder` and return where; functions of the same files share them."""
    listed = json.dumps(sorted((place, str(file)) for place, file in function.shared.items()))
    shared = folder / sha256(listed.encode()).hexdigest()[:12]
    if not shared.exists():
        for place, file in function.shared.items():
            (shared / place).parent.mkdir(parents=True, exist_ok=True)
            os.link(file, shared / place)
    root = Path(tempfile.mkdtemp(dir=folder))
    for entry in shared.iterdir():
        (root / entry.name).symlink_to(entry)
    for place, file in function.own.items():
        shutil.copy(file, root / place)
    return root


class Instance:
    """One warm instance of a function, from `with` on.

    `environment` is added to what the build itself sets. Raises AssertionError when it does not
    come up; `seconds` is how long that took.
    """

    def __init__(
        self, python: Path, root: Path, function: Function, environment: Mapping[str, str]
    ) -> None:
        self._command = launched([str(python), "-c", "import vc__handler__python"])
        self._root = root
        self._ipc, self._log = root.with_suffix(".sock"), root.with_suffix(".log")
        set_by_the_build = function.settings["environment"]
        packages = root / set_by_the_build["PYTHONPATH"]
        self._environment = {
            **{name: os.environ[name] for name in KEPT if name in os.environ},
            **set_by_the_build,
            "VERCEL": "1",
            "VERCEL_IPC_PATH": str(self._ipc),
            "LAMBDA_TASK_ROOT": str(root),
            "PYTHONPATH": str(packages),
            **environment,
        }

    def __enter__(self) -> "Instance":
        started = time.monotonic()
        with ExitStack() as undo, self._log.open("wb") as log, socket.socket(AF_UNIX) as listener:
            listener.bind(str(self._ipc))
            undo.callback(self._ipc.unlink)
            listener.listen(1)
            self._process = spawn(self._command, cwd=self._root, env=self._environment, output=log)
            undo.callback(stop, self._process)
            self._connection = undo.enter_context(self._accept(listener))
            self._port = self._started()
            self._undo = undo.pop_all()
        self.seconds = time.monotonic() - started
        threading.Thread(target=self._drain, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    def send(self, method: str, target: str, **options: Any) -> httpx.Response:
        """Send one request as the platform's edge passes it on."""
        headers = EDGE | options.pop("headers", {})
        url = f"http://127.0.0.1:{self._port}{target}"
        return httpx.request(method, url, headers=headers, timeout=ANSWER_SECONDS, **options)

    def _accept(self, listener: socket.socket) -> socket.socket:
        deadline = time.monotonic() + START_SECONDS
        listener.settimeout(0.2)
        while self._process.poll() is None and time.monotonic() < deadline:
            with suppress(TimeoutError):
                return listener.accept()[0]
        raise AssertionError(f"the function did not start\n{tail(self._log.read_text())}")

    def _started(self) -> int:
        self._connection.settimeout(START_SECONDS)
        for message in self._messages():
            if message["type"] == "server-started":
                return int(message["payload"]["httpPort"])
            if message["type"] == "unrecoverable-error":
                raise AssertionError(tail(message["payload"]["message"]))
        raise AssertionError(f"the function ended early\n{tail(self._log.read_text())}")

    def _drain(self) -> None:
        """Read on, or the function blocks on its log."""
        self._connection.settimeout(None)
        with suppress(OSError):
            while self._connection.recv(65_536):
                pass

    def _messages(self) -> Iterator[dict[str, Any]]:
        kept = b""
        while data := self._connection.recv(65_536):
            *whole, kept = (kept + data).split(b"\0")
            yield from map(json.loads, whole)

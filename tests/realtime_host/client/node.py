"""A process of Node.js that holds one room by public/collab.js, as the tests see it."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from queue import Empty, Queue
from subprocess import PIPE, Popen
from threading import Thread
from typing import Any

from tests import protocol
from tests.containers.programs import ROOT, works

DRIVER = Path(__file__).with_name("driver.mjs")
WITHIN = 15.0  # seconds that anything may take
FLAG = "--experimental-websocket"  # Node 20 has the class, but shows it only when asked
LOOK = "if (typeof WebSocket !== 'function' || typeof CustomEvent !== 'function') process.exit(1)"

Line = dict[str, Any]


def command() -> list[str]:
    """Return how Node.js is started here, with a WebSocket class; empty when it can't be."""
    for words in (["node"], ["node", FLAG]):
        if works([*words, "-e", LOOK]):  # it may be absent, too old, or a shim that refuses
            return words
    return []


class Node:
    """What it has told, in order; reading is by what one waits for."""

    def __init__(self, words: list[str], folder: Path) -> None:
        shutil.copy(ROOT / "public/collab.js", folder / "collab.mjs")
        shutil.copy(DRIVER, folder)
        self.told: list[Line] = []
        self._calls = 0
        self._lines: Queue[str] = Queue()
        self._process = Popen([*words, DRIVER.name], cwd=folder, stdin=PIPE, stdout=PIPE, text=True)
        Thread(target=self._listen, daemon=True).start()

    def order(self, order: str, **given: Any) -> None:
        """Have it do something."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"order": order} | given) + "\n")
        self._process.stdin.flush()

    def start(self, method: str, *args: Any) -> int:
        """Call a method of the room; the number is for `answer`."""
        self._calls += 1
        self.order("call", number=self._calls, method=method, args=args)
        return self._calls

    def answer(self, number: int, within: float = WITHIN) -> Line:
        """Return what a call came to: a `value`, or an `error`."""
        return self.wait(lambda line: line.get("number") == number, within)

    def call(self, method: str, *args: Any) -> Line:
        """Call a method of the room, and return what it came to."""
        return self.answer(self.start(method, *args))

    def event(self, name: str, within: float = WITHIN, **having: Any) -> Any:
        """Return the data of the first such event told, with these members; waits for it."""

        def fits(line: Line) -> bool:
            return line.get("event") == name and having.items() <= line["data"].items()

        return self.wait(fits, within)["data"]

    def wait(self, fits: Callable[[Line], bool], within: float = WITHIN) -> Line:
        """Return the first line that fits, of those not forgotten; waits for it."""
        for line in self.told:
            if fits(line):
                return line
        deadline = time.monotonic() + within
        while True:
            line = self._next(deadline - time.monotonic())
            if fits(line):
                return line

    def forget(self) -> None:
        """Look only at what is told from now on; what was told before has been read."""
        self.call("ping")
        self.told.clear()

    def heard(self, name: str) -> list[Any]:
        """Return the data of all such events told until now, which a ping makes certain."""
        assert "value" in self.call("ping")
        return [line["data"] for line in self.told if line.get("event") == name]

    def sent(self, name: str) -> list[Any]:
        """Return the data of all such events handed to a socket until now."""
        frames = [line["sent"] for line in self.told if "sent" in line]
        return [frame["data"] for frame in frames if frame["event"] == name]

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()

    def _next(self, within: float) -> Line:
        try:
            text = self._lines.get(timeout=max(0.0, within))
        except Empty:
            raise AssertionError(f"nothing came in time; told: {self.told}") from None
        assert text, f"the process has ended; told: {self.told}"
        line = json.loads(text)
        if "received" in line:
            protocol.check(line["received"])
        if "sent" in line:
            protocol.check(line["sent"], "client")
        self.told.append(line)
        return line

    def _listen(self) -> None:
        assert self._process.stdout
        for text in self._process.stdout:
            self._lines.put(text)
        self._lines.put("")

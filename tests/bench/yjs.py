"""Yjs providers on one real-time host: updates a second, how long one takes, and what it costs.

Each client types a word, and the next one when somebody else has received it. An update counts, and
its time ends, when the first of the others has it: by then it is in Postgres. The clients live in a
process of their own.
"""

import base64
import multiprocessing
import os
import random
import re
import selectors
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import pycrdt
from pycrdt import Doc, Text

from lib.access.caller import Origin
from lib.accounts import queries, sessions
from lib.config import settings
from lib.emulator import ports
from lib.emulator.stack import Stack
from lib.files import queries as files
from lib.ids import new_id
from lib.projects import queries as projects
from lib.stores import postgres
from lib.stores.migrate import migrate
from lib.workspaces import queries as workspaces
from realtime_host.yjs import wire

ROOT = Path(__file__).resolve().parents[2]
SECONDS = float(os.environ.get("YJS_SECONDS", "6"))
WARM_UP = 1.0
WORD = re.compile(rb"#(\d+)\.")
EDITED = 20_000  # edits that a long document has behind it
SHAPES = {  # documents, clients of each, characters that it begins with
    "one short document": (1, 8, 0),
    "eight short documents": (8, 2, 0),
    "one long document": (1, 8, 100_000),
    "eight long documents": (8, 2, 100_000),
}


class Seat(NamedTuple):
    """One client: the file that it opens, and its token."""

    file_id: str
    token: str


def run(directory: Path) -> dict[str, object]:
    """Return updates per second, milliseconds and host CPU for each, by what is typed into.

    YJS_SHAPES (comma separated) chooses some of the shapes, YJS_SECONDS is how long each takes.
    """
    chosen = os.environ.get("YJS_SHAPES", ",".join(SHAPES)).split(",")
    with Stack(directory) as stack:
        (port,) = ports.pick(1)
        os.environ.update(stack.env | {"REALTIME_PORT": str(port), "LOG_LEVEL": "WARNING"})
        settings.cache_clear()
        migrate(stack.env["DATABASE_URL"])
        host = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", str(_config(directory)),
             "realtime_host.app:app"], cwd=ROOT, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            return {name: _measure(port, host.pid, *SHAPES[name]) for name in chosen}
        finally:
            host.terminate()
            host.wait(30)
            postgres.close()


def _measure(port: int, host: int, documents: int, clients: int, characters: int) -> dict[str, Any]:
    seats = _seats(documents, clients, characters)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        before, taken, after = pool.apply(_load, (port, host, seats))
    ordered = sorted(taken)
    return {
        "updates_per_second": round(len(taken) / SECONDS),
        "p50_ms": round(statistics.median(ordered) * 1000, 2),
        "p99_ms": round(ordered[int(len(ordered) * 0.99)] * 1000, 2),
        "host_cpu_ms_per_update": round((after - before) * 1000 / len(taken), 3),
        "host_rss_mb": _memory(host),
    }


def _seats(documents: int, clients: int, characters: int) -> list[Seat]:
    seats, origin = [], Origin("bench-yjs", "127.0.0.1", "bench")
    snapshot, content = _edited(characters)
    with postgres.transaction() as conn:
        workspace = workspaces.insert(conn, new_id(), "Bench")["id"]
        project = projects.insert(conn, new_id(), workspace, "Bench", "")["id"]
        for _ in range(documents):
            user, file_id = {"id": new_id(), "name": "Bench"}, new_id()
            user["email"] = f"{user['id']}@example.com"
            queries.insert_user(conn, user["id"], user["email"], "Bench", "no password")
            workspaces.insert_member(conn, workspace, user["id"], "owner")
            token = sessions.start(conn, origin, user)["access_token"]
            files.insert(conn, file_id, project, user["id"], f"{file_id}.md", content, snapshot)
            seats += [Seat(str(file_id), token)] * clients
    return seats


def _edited(characters: int) -> tuple[bytes, str]:
    draw, document = random.Random(1), Doc(client_id=2)
    document["content"] = text = Text()
    if characters:
        text += "x" * characters
        for _ in range(EDITED // 2):
            at = draw.randrange(characters)
            text.insert(at, "y")
            del text[at // 2 : at // 2 + 1]
    return document.get_update(), str(text)


def _config(directory: Path) -> Path:
    config = directory / "gunicorn.conf.py"
    config.write_text(
        "import runpy\n"
        f"original = runpy.run_path({str(ROOT / 'realtime_host/gunicorn.conf.py')!r})\n"
        "from realtime_host import limits\n"
        "limits.MESSAGES_PER_SECOND = limits.BURST = limits.MERGE_BURST = 10_000_000\n"
        "globals().update({k: v for k, v in original.items() if k[0] != '_'})\n"
    )
    return config


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def _memory(pid: int) -> float:
    lines = [Path(f"/proc/{child}/status").read_text() for child in _children(pid)]
    kilobytes = [line.split()[1] for text in lines for line in text.splitlines() if "VmRSS" in line]
    return round(sum(map(int, kilobytes)) / 1024, 1)


def _cpu(pid: int) -> float:
    seconds = 0.0
    for child in _children(pid):
        fields = Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split()
        seconds += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return seconds


class _Client:
    def __init__(self, port: int, seat: Seat) -> None:
        self.seat = seat
        self.sock = _connect(port, seat)
        self.heard = b""
        document: Doc[Any] = Doc()
        document["content"] = self._text = Text()
        document.observe(lambda event: self._send(event.update))

    def type(self, number: int) -> None:
        self._text.insert(len(self._text), f"#{number}.")

    def words(self) -> list[int]:
        self.heard += self.sock.recv(256 * 1024)
        found = list(WORD.finditer(self.heard))
        self.heard = self.heard[found[-1].end() if found else -20 :]
        return [int(match[1]) for match in found]

    def _send(self, update: bytes) -> None:
        self.sock.sendall(_frame(bytes((wire.SYNC, wire.UPDATE)) + pycrdt.write_message(update)))


def _load(port: int, host: int, seats: list[Seat]) -> tuple[float, list[float], float]:
    clients = [_Client(port, seat) for seat in seats]
    selector, under_way, taken, number = selectors.DefaultSelector(), {}, [], 0
    starts = time.monotonic() + WARM_UP
    ends, before = starts + SECONDS, None
    for client in clients:
        selector.register(client.sock, selectors.EVENT_READ, client)
        number = _type(client, under_way, number)
    while (now := time.monotonic()) < ends:
        if before is None and now >= starts:
            before = _cpu(host)
        for key, _ in selector.select(0.05):
            for word in key.data.words():
                if sent := under_way.pop(word, None):
                    author, at = sent
                    if before is not None:
                        taken.append(time.monotonic() - at)
                    number = _type(author, under_way, number)
    return before or 0.0, taken, _cpu(host)


def _type(client: _Client, under_way: dict[int, tuple[_Client, float]], number: int) -> int:
    under_way[number] = client, time.monotonic()
    client.type(number)
    return number + 1


def _connect(port: int, seat: Seat) -> socket.socket:
    deadline = time.monotonic() + 20
    while True:
        try:
            sock = socket.create_connection(("127.0.0.1", port), 10)
            break
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
    key = base64.b64encode(os.urandom(16)).decode()
    sock.sendall(
        f"GET /yjs/{seat.file_id} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
        f"Authorization: Bearer {seat.token}\r\n\r\n".encode()
    )
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += sock.recv(1)
    if b" 101 " not in answer:
        raise ConnectionError(answer.decode(errors="replace"))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def _frame(payload: bytes) -> bytes:
    key, size = os.urandom(4), len(payload)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    masked = bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))
    return b"\x82" + length + key + masked

"""Messages delivered per second by one real-time host: rooms of 10, everybody sends cursors.

The clients live in a process of their own and speak raw frames: each room keeps a bounded number
of messages under way, and what counts is what arrives.
"""

import base64
import json
import multiprocessing
import os
import selectors
import socket
import subprocess
import sys
import time
from pathlib import Path

from lib.access.caller import Origin
from lib.accounts import queries, sessions
from lib.config import settings
from lib.emulator import ports
from lib.emulator.stack import Stack
from lib.ids import new_id
from lib.projects import queries as projects
from lib.stores import postgres
from lib.stores.migrate import migrate
from lib.workspaces import queries as workspaces

ROOT = Path(__file__).resolve().parents[2]
ROOMS, MEMBERS = 10, 10
SECONDS = 5.0
WARM_UP = 1.0
UNDER_WAY = 200  # messages of one room that may not have arrived everywhere yet
NEEDLE = b'"event":"cursor-update"'


def run(directory: Path) -> dict[str, object]:
    """Return deliveries per second, and the host's CPU seconds and memory for them."""
    with Stack(directory) as stack:
        (port,) = ports.pick(1)
        os.environ.update(stack.env | {"REALTIME_PORT": str(port), "LOG_LEVEL": "WARNING"})
        settings.cache_clear()
        migrate(stack.env["DATABASE_URL"])
        seats = _people()
        host = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", str(_config(directory)),
             "realtime_host.app:app"], cwd=ROOT, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                delivered = pool.apply(_load, (port, seats))
            return {
                "connections": ROOMS * MEMBERS,
                "deliveries_per_second": round(delivered / SECONDS),
                "host_rss_mb": _memory(host.pid),
            }
        finally:
            host.terminate()
            host.wait(30)
            postgres.close()


def _people() -> list[tuple[str, str]]:
    seats, origin = [], Origin("bench-fanout", "127.0.0.1", "bench")
    with postgres.transaction() as conn:
        for _ in range(ROOMS):
            workspace = workspaces.insert(conn, new_id(), "Bench")["id"]
            project = projects.insert(conn, new_id(), workspace, "Bench", "")["id"]
            for _ in range(MEMBERS):
                user = {"id": new_id(), "name": "Bench"}
                user["email"] = f"{user['id']}@example.com"
                queries.insert_user(conn, user["id"], user["email"], "Bench", "no password")
                workspaces.insert_member(conn, workspace, user["id"], "viewer")
                token = sessions.start(conn, origin, user)["access_token"]
                seats.append((str(project), token))
    return seats


def _config(directory: Path) -> Path:
    config = directory / "gunicorn.conf.py"
    config.write_text(
        "import runpy\n"
        f"original = runpy.run_path({str(ROOT / 'realtime_host/gunicorn.conf.py')!r})\n"
        "from realtime_host import limits\n"
        "limits.MESSAGES_PER_SECOND = limits.BURST = 10_000_000\n"
        "globals().update({k: v for k, v in original.items() if k[0] != '_'})\n"
    )
    return config


def _memory(pid: int) -> float:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    lines = [Path(f"/proc/{child}/status").read_text() for child in children]
    kilobytes = [line.split()[1] for text in lines for line in text.splitlines() if "VmRSS" in line]
    return round(sum(map(int, kilobytes)) / 1024, 1)


def _load(port: int, seats: list[tuple[str, str]]) -> int:
    selector, rooms = selectors.DefaultSelector(), {}
    for project, token in seats:
        sock = _connect(port, project, token)
        room = rooms.setdefault(project, {"members": [], "sent": 0, "seen": 0, "turn": 0})
        room["members"].append(sock)
        selector.register(sock, selectors.EVENT_READ, [room, b""])
    time.sleep(0.5)  # the joins have been told
    frame = _frame({"event": "cursor-update", "data": {"anchor": 1, "head": 2}})
    starts = time.monotonic() + WARM_UP
    ends, delivered = starts + SECONDS, 0
    while (now := time.monotonic()) < ends:
        for room in rooms.values():
            while room["sent"] * (MEMBERS - 1) - room["seen"] < UNDER_WAY * (MEMBERS - 1):
                sender = room["members"][room["turn"] % MEMBERS]
                sender.sendall(frame * 10)
                room["turn"] += 1
                room["sent"] += 10
        for key, _ in selector.select(0.05):
            room, rest = key.data
            data = rest + key.fileobj.recv(256 * 1024)
            seen = data.count(NEEDLE)
            key.data[1] = data[-(len(NEEDLE) - 1) :]
            room["seen"] += seen
            delivered += seen if now >= starts else 0
    return delivered


def _connect(port: int, project: str, token: str) -> socket.socket:
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
        f"GET /ws/projects/{project} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
        f"Authorization: Bearer {token}\r\n\r\n".encode()
    )
    answer = b""
    while b'"welcome"' not in answer:
        piece = sock.recv(65536)
        if not piece:
            raise ConnectionError(answer.decode(errors="replace"))
        answer += piece
    return sock


def _frame(message: object) -> bytes:
    payload, key = json.dumps(message).encode(), os.urandom(4)
    masked = bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))
    return bytes([0x81, 0x80 | len(payload)]) + key + masked

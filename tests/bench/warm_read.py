"""Reading one project, warm: one function under gunicorn, keep-alive clients in another process."""

import http.client
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

from lib.emulator import ports
from lib.emulator.stack import Stack
from lib.stores.migrate import migrate

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 5.0
WARM_UP = 1.0
CLIENTS = (1, 16)


def run(directory: Path) -> dict[str, object]:
    """Return requests per second and latencies in milliseconds by number of clients."""
    with Stack(directory) as stack:
        (port,) = ports.pick(1)
        migrate(stack.env["DATABASE_URL"])
        env = os.environ | stack.env | {"PORT": str(port), "LOG_LEVEL": "WARNING"}
        server = subprocess.Popen(
            [sys.executable, "-m", "lib.emulator", "api"], cwd=ROOT, env=env,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            url = f"http://127.0.0.1:{port}"
            path, token = _project(url)
            return {f"{n}_clients": _measure(url, path, token, n) for n in CLIENTS}
        finally:
            server.terminate()
            server.wait(15)


def _project(url: str) -> tuple[str, str]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)

    def call(method: str, path: str, body: object = None, token: str = "") -> dict[str, str]:
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        connection.request(method, f"/api/v1{path}", json.dumps(body), headers)
        return json.loads(connection.getresponse().read())

    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            call("GET", "/health/live")
            break
        except OSError:
            connection.close()
            time.sleep(0.05)
    account = {"email": "bench@example.com", "password": "a long password"}
    call("POST", "/auth/register", account | {"name": "Bench"})
    token = call("POST", "/auth/login", account)["access_token"]
    workspace = call("POST", "/workspaces", {"name": "Bench"}, token)["id"]
    project = call("POST", f"/workspaces/{workspace}/projects", {"name": "Bench"}, token)["id"]
    return f"/api/v1/projects/{project}", token


def _measure(url: str, path: str, token: str, clients: int) -> dict[str, float]:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        taken = sorted(pool.apply(_load, (urlsplit(url).netloc, path, token, clients)))
    return {
        "requests_per_second": round(len(taken) / SECONDS),
        "p50_ms": round(statistics.median(taken) * 1000, 2),
        "p99_ms": round(taken[int(len(taken) * 0.99)] * 1000, 2),
    }


def _load(netloc: str, path: str, token: str, clients: int) -> list[float]:
    taken: list[float] = []
    starts = time.monotonic() + WARM_UP
    ends = starts + SECONDS

    def loop() -> None:
        connection = http.client.HTTPConnection(netloc, timeout=10)
        while (now := time.monotonic()) < ends:
            connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"answered {answer.status}")
            if now >= starts:
                taken.append(time.monotonic() - now)

    threads = [threading.Thread(target=loop) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken

"""`python -m tests.bench.pooler_instance FOLDER SECONDS`: one function instance under load."""

from __future__ import annotations

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from uuid import uuid4

from werkzeug.test import Client

from lib.access.caller import Origin
from lib.accounts import queries, sessions
from lib.emulator.vercel import Dispatcher
from lib.http import function
from lib.ids import new_id
from lib.stores import postgres

THREADS = 4
PAUSE = 0.5  # seconds between two requests of a thread: two cores serve all of them at this pace


def main(folder: Path, seconds: float) -> None:
    """Wait for the file `go`, ask until time is up, and print [second, status] of each request."""
    app, me = Dispatcher(), somebody()
    Client(app).get("/api/v1/workspaces", headers=me)  # what a first request has to load
    (folder / f"ready-{os.getpid()}").touch()
    while not (folder / "go").exists():
        time.sleep(0.05)
    with ThreadPoolExecutor(THREADS) as pool:
        asked = pool.map(partial(ask, app, me, time.monotonic(), seconds), range(THREADS))
        print("\n" + json.dumps([row for rows in asked for row in rows]))


def somebody() -> dict[str, str]:
    """Return the headers of a new person."""
    user = {"id": new_id(), "email": f"{uuid4().hex}@example.com", "name": "Somebody"}
    with function(__name__).app_context(), postgres.transaction() as conn:
        queries.insert_user(conn, user["id"], user["email"], user["name"], "no password")
        tokens = sessions.start(conn, Origin("bench", "127.0.0.1", "bench"), user)
    return {"Authorization": f"Bearer {tokens['access_token']}"}


def ask(
    app: Dispatcher, me: dict[str, str], started: float, seconds: float, number: int
) -> list[tuple[float, int]]:
    """Read, and write every fourth time; return when, and what the status was, 200 for 201."""
    client, path, rows = Client(app), "/api/v1/workspaces", []
    for turn in range(number, 1_000_000):
        if time.monotonic() - started > seconds:
            break
        if turn % 4:
            answer = client.get(path, headers=me)
        else:
            answer = client.post(path, json={"name": f"Workspace {turn}"}, headers=me)
        status = 200 if answer.status_code == 201 else answer.status_code
        rows.append((time.monotonic() - started, status))
        time.sleep(PAUSE)
    return rows


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))

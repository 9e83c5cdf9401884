"""File changes a second through the use case itself: looked up, merged, stored, announced.

Once with one writer, whose every statement is a round trip, and once with several in one project,
who meet at the counter of its room's log.
"""

import os
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

from lib.access import lookups, tokens
from lib.access.caller import Origin
from lib.access.tokens import Claims
from lib.accounts import queries, sessions
from lib.bridge import rooms
from lib.config import settings
from lib.emulator.stack import Stack
from lib.files import documents, edits
from lib.files import queries as files
from lib.http import function
from lib.ids import new_id
from lib.projects import queries as projects
from lib.stores import postgres
from lib.stores.migrate import migrate
from lib.workspaces import queries as workspaces

FILES = 60
EDITS = 1_500  # of all files together: histories stay short
WRITERS = 4
DELTA = [{"insert": "word "}]
ORIGIN = Origin("bench-edits", "127.0.0.1", "bench")


def run(directory: Path) -> dict[str, object]:
    """Return edits per second and milliseconds per edit, by the number of writers."""
    with Stack(directory) as stack:
        os.environ.update(stack.env)
        settings.cache_clear()
        migrate(stack.env["DATABASE_URL"])
        rooms.use(lambda _project_id, _message: None)  # Postgres is what is measured
        try:
            _measure(1, EDITS // 5)  # warm
            return {f"{writers}_writers": _measure(writers, EDITS) for writers in (1, WRITERS)}
        finally:
            postgres.close()


def _measure(writers: int, edits_: int) -> dict[str, float]:
    claims, made = _project()
    each = edits_ // writers

    def write(number: int) -> list[float]:
        own = made[number::writers]
        return [_edit(claims, own[turn % len(own)]) for turn in range(each)]

    started = time.perf_counter()
    with ThreadPoolExecutor(writers) as pool:
        taken = [one for times in pool.map(write, range(writers)) for one in times]
    return {
        "edits_per_second": round(len(taken) / (time.perf_counter() - started)),
        "median_ms": round(statistics.median(taken) * 1000, 2),
    }


def _edit(claims: Claims, file_id: UUID) -> float:
    started = time.perf_counter()
    with postgres.transaction() as conn:
        access = lookups.find(conn, "file.update", claims, ORIGIN, file_id, lock="write")
        edits.apply(access, base=access.target["seq"], delta=DELTA)
    return time.perf_counter() - started


def _project() -> tuple[Claims, list[UUID]]:
    user = {"id": new_id(), "name": "Bench"}
    user["email"] = f"{user['id']}@example.com"
    with function(__name__).app_context(), postgres.transaction() as conn:
        queries.insert_user(conn, user["id"], user["email"], "Bench", "no password")
        claims = tokens.verify(sessions.start(conn, ORIGIN, user)["access_token"])
        workspace = workspaces.insert(conn, new_id(), "Bench")["id"]
        workspaces.insert_member(conn, workspace, user["id"], "owner")
        project = projects.insert(conn, new_id(), workspace, "Bench", "")["id"]
        made = [new_id() for _ in range(FILES)]
        for file_id in made:
            snapshot = documents.snapshot_of("")
            files.insert(conn, file_id, project, user["id"], f"{file_id}.md", "", snapshot)
    return claims, made

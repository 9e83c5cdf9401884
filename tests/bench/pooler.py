"""Many function instances behind PgBouncer: 50 processes of 4 threads on 20 server connections.

It needs the program pgbouncer, which no wheel brings. Each process is one instance with a pool of
its own, as on the platform; meanwhile every server connection is terminated. Demanded: nothing but
200 and 503 all the time, and only 200 again 5 s after that.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from lib.emulator import ports, processes
from lib.emulator.stack import Stack
from lib.stores.migrate import migrate

ROOT = Path(__file__).resolve().parents[2]
PROCESSES, SERVER_CONNECTIONS = 50, 20
SECONDS = 16.0  # of load, once every process is ready
CUT_AT = 6.0  # seconds after the start, when the server's connections are terminated
RECOVERED_IN = 5.0  # seconds
READY_WITHIN = 180.0  # seconds
CONFIG = """[databases]
{database} = host=127.0.0.1 port={port} dbname={database}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
auth_type = plain
auth_file = {folder}/users.txt
pool_mode = transaction
default_pool_size = {connections}
max_client_conn = 1000
logfile = {folder}/pgbouncer.log
pidfile = {folder}/pgbouncer.pid
unix_socket_dir =
"""


def run(directory: Path) -> dict[str, Any]:
    """Return how many answers of each status there were, and until when after the cut."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if not program:
        return {"error": "pgbouncer is missing: install it (Debian has a package of that name)."}
    with Stack(directory / "stack") as stack:
        migrate(stack.postgres.url)
        bouncer, url = _bouncer(program, directory / "bouncer", stack)
        try:
            rows = _load(directory, stack, url)
        finally:
            processes.stop(bouncer)
    return _figures(rows)


def _load(directory: Path, stack: Stack, url: str) -> list[tuple[float, int]]:
    env = os.environ | stack.env | {"DATABASE_URL": url, "DATABASE_POOLED": "on"}
    argv = [sys.executable, "-m", "tests.bench.pooler_instance", str(directory), str(SECONDS)]
    instances = [
        subprocess.Popen(argv, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)
        for _ in range(PROCESSES)
    ]
    try:
        _await(lambda: len(list(directory.glob("ready-*"))) == PROCESSES)
        (directory / "go").touch()
        time.sleep(CUT_AT)
        _terminate(stack.postgres.url)
        seen = [each.communicate(timeout=60 + SECONDS)[0] for each in instances]
    finally:
        for each in instances:
            each.kill()
    return [row for text in seen for row in json.loads(text.splitlines()[-1])]


def _bouncer(program: str, folder: Path, stack: Stack) -> tuple[subprocess.Popen[bytes], str]:
    parts = urlsplit(stack.postgres.url)
    (listen,) = ports.pick(1)
    folder.mkdir(mode=0o755)
    values = {"database": parts.path[1:], "port": parts.port, "listen": listen, "folder": folder}
    config = folder / "pgbouncer.ini"
    config.write_text(CONFIG.format(connections=SERVER_CONNECTIONS, **values))
    (folder / "users.txt").write_text(f'"{parts.username}" "{parts.password}"\n')
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    if user:
        shutil.chown(folder, "nobody")
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen([program, *user, str(config)], stdout=output, stderr=output)
    _await(lambda: not ports.is_free(listen))
    return process, stack.postgres.url.replace(f":{parts.port}/", f":{listen}/")


def _terminate(url: str) -> None:
    with psycopg.connect(url) as conn:
        conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )


def _figures(rows: list[tuple[float, int]]) -> dict[str, Any]:
    by_status = Counter(status for _, status in rows)
    failures = [at for at, status in rows if status != 200]
    once_recovered = [status for at, status in rows if at > CUT_AT + RECOVERED_IN]
    return {
        "requests": len(rows),
        "per_second": round(len(rows) / SECONDS),
        "answers": dict(by_status),
        "failures_before_the_cut": sum(at < CUT_AT for at in failures),
        "seconds_from_cut_to_last_failure": round(max(0, max(failures, default=0) - CUT_AT), 2),
        "answers_once_recovered": dict(Counter(once_recovered)),
        "as_demanded": set(by_status) <= {200, 503} and set(once_recovered) == {200},
    }


def _await(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("it did not become ready")
        time.sleep(0.1)

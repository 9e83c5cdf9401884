"""`make up` with stand-ins for the services: real stores, real processes, real signals."""

import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from lib.emulator import ports

ROOT = Path(__file__).resolve().parents[3]
RUNNER = """
import sys
from lib.emulator import up
from lib.emulator.service import Service

SLEEPER = '''
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (print("asked to stop", flush=True), sys.exit(0)))
print("hello", flush=True)
while True:
    time.sleep(0.1)
'''

def program(text):
    return (sys.executable, "-c", text)

def table(env):
    return [Service(name, program(SLEEPER)) for name in ("api", "worker")]

sys.exit(up.run(table, Service("migrate", program(MIGRATION))))
"""


class Copy:
    """One `up` as a child, in a session of its own."""

    def __init__(self, folder, port, until, migration="print('migrated')", **variables):
        self.folder, self.port, self._until = folder, port, until
        self.output = folder.with_name(f"{folder.name}-{port}.txt")
        kept = ("PATH", "HOME", "PYTHONDONTWRITEBYTECODE")
        env = {name: os.environ[name] for name in kept if name in os.environ}
        env |= {"LOCAL_DIR": str(folder), "PORT": str(port), **variables}
        code = f"MIGRATION = {migration!r}\n{RUNNER}"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-c", code],
                cwd=ROOT,
                env=env,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def text(self):
        return self.output.read_text()

    def ready(self):
        self._until(lambda: "ready in" in self.text or self.process.poll() is not None, 40)
        assert "ready in" in self.text, self.text
        self._until(lambda: self.text.count("hello") >= 2)  # alive is not yet handling signals
        return self

    def family(self):
        return psutil.Process(self.process.pid).children(recursive=True)

    def child(self, mark):
        [found] = [p for p in self.family() if mark in " ".join(p.cmdline())]
        return found

    def end(self, number=signal.SIGINT):
        self.process.send_signal(number)
        return self.process.wait(40)


@pytest.fixture
def base_port():
    # Below the ports that ports.pick gives to everything else that runs at the same time.
    while True:
        port = 4000 + 100 * secrets.randbelow(58)
        if all(ports.is_free(port + offset) for offset in range(18)):
            return port


@pytest.fixture
def start(tmp_path, base_port, until):
    copies = []

    def start_one(folder="local", port=base_port, **options):
        copies.append(Copy(tmp_path / folder, port, until, **options))
        return copies[-1]

    yield start_one
    for copy in copies:
        if copy.process.poll() is None:
            copy.end()


def test_it_shows_one_table_and_ctrl_c_leaves_nothing_behind(start, base_port, until):
    copy = start().ready()
    for address in (f"http://127.0.0.1:{base_port}/api/v1", f"ws://127.0.0.1:{base_port + 1}/ws/"):
        assert copy.text.count(address) == 1
    published = copy.folder / "addresses.json"
    addresses = json.loads(published.read_text())
    assert published.stat().st_mode & 0o777 == 0o600
    assert addresses["pid"] == copy.process.pid
    with psycopg.connect(addresses["DATABASE_URL"]) as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
    family = copy.family()
    assert len(family) >= 6
    assert copy.end(signal.SIGINT) == 0
    assert copy.text.count("asked to stop") == 2
    until(lambda: not any(process.is_running() for process in family))
    assert all(ports.is_free(base_port + offset) for offset in range(9))
    assert not published.exists()


def test_services_stop_before_the_stores(start):
    copy = start().ready()
    stores = [copy.child("valkey-server"), copy.child("nx_27017")]
    worker = copy.family()[-1]
    copy.process.send_signal(signal.SIGTERM)
    gone, _ = psutil.wait_procs([*stores, worker], timeout=20)
    assert len(gone) == 3
    assert copy.process.wait(20) == 0


def test_a_terminals_ctrl_c_does_not_reach_the_children(start):
    copy = start().ready()
    leaders = {os.getpgid(process.pid) for process in copy.family()}
    assert os.getpgid(copy.process.pid) not in leaders


def test_what_dies_is_started_again(start, until):
    copy = start().ready()
    first_redis = copy.child("valkey-server")
    first_service = next(
        p for p in copy.family() if "SLEEPER" in p.cmdline()[-1] or "hello" in p.cmdline()[-1]
    )
    first_redis.kill()
    first_service.kill()
    until(lambda: copy.text.count("runs again") == 2)
    assert re.search(r"Redis died; starting it again in 1 s", copy.text)
    addresses = json.loads((copy.folder / "addresses.json").read_text())
    with redis.Redis.from_url(addresses["REDIS_URL"]) as client:
        assert client.ping()
    assert copy.child("valkey-server").pid != first_redis.pid


def test_a_killed_supervisor_leaves_nothing_behind(start, until, base_port):
    copy = start().ready()
    family = copy.family()
    copy.end(signal.SIGKILL)
    until(lambda: not any(process.is_running() for process in family), 30)
    again = start().ready()
    assert again.end() == 0


def test_a_second_one_on_the_same_folder_is_refused(start, base_port):
    first = start().ready()
    second = start(port=base_port + 50)
    assert second.process.wait(20) == 1
    assert f"already runs on {first.folder} (process {first.process.pid})" in second.text
    assert second.text.count("\n") == 1


def test_two_copies_run_side_by_side(start, until):
    first = start().ready()
    second = start("other", port=first.port + 9).ready()
    keys = [
        json.loads((c.folder / "secrets.json").read_text())["JWT_SECRET"] for c in (first, second)
    ]
    assert keys[0] != keys[1]


def test_a_taken_port_names_the_variable_to_change(start, base_port):
    with socket.socket() as other:
        other.bind(("127.0.0.1", base_port + 4))
        other.listen()
        copy = start()
        assert copy.process.wait(20) == 1
    assert f"Port {base_port + 4} for the embedded Redis is taken" in copy.text
    assert "LOCAL_REDIS_PORT" in copy.text
    assert copy.text.count("\n") == 1


def test_failed_migrations_stop_everything_with_one_sentence(start, base_port):
    copy = start(migration="import sys; print('no such table'); sys.exit(3)")
    assert copy.process.wait(40) == 1
    assert "no such table" in copy.text
    assert copy.text.strip().endswith("The migrations failed (status 3): the lines above say why.")
    assert all(ports.is_free(base_port + offset) for offset in range(9))


def test_a_stop_during_the_start_is_heeded(start, until, base_port):
    copy = start(migration="import time; print('migrating', flush=True); time.sleep(60)")
    until(lambda: "migrating" in copy.text, 40)
    assert copy.end() == 0
    assert "ready in" not in copy.text
    assert all(ports.is_free(base_port + offset) for offset in range(9))


def test_given_stores_are_used_and_secrets_are_kept(start, redis_server):
    copy = start(REDIS_URL=redis_server.url).ready()
    assert not [p for p in copy.family() if "valkey-server" in " ".join(p.cmdline())]
    assert redis_server.url in copy.text
    secrets = copy.folder / "secrets.json"
    assert secrets.stat().st_mode & 0o777 == 0o600
    kept = json.loads(secrets.read_text())
    copy.end()
    again = start(JWT_SECRET="x" * 40).ready()
    assert json.loads(secrets.read_text()) == kept
    assert kept["UPSTASH_REDIS_REST_TOKEN"] in again.text

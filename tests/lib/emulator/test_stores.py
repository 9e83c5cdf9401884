"""The embedded stores: real servers that keep their data, and never outlive who started them."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg
import pymongo
import pytest
import redis

from lib.emulator import ports
from lib.emulator.stores import postgres_install
from lib.emulator.stores.mongo import MongoServer
from lib.emulator.stores.postgres import PostgresServer
from lib.emulator.stores.redis import RedisServer
from lib.emulator.stores.server import StoreError

ROOT = Path(__file__).resolve().parents[3]
SERVERS = [PostgresServer, RedisServer, MongoServer]


def write(server, value):
    match server:
        case PostgresServer():
            with psycopg.connect(server.url) as connection:
                connection.execute("CREATE TABLE IF NOT EXISTS kept (value text)")
                connection.execute("INSERT INTO kept VALUES (%s)", (value,))
        case RedisServer():
            with redis.Redis.from_url(server.url) as client:
                client.rpush("kept", value)
        case MongoServer():
            with pymongo.MongoClient(server.url) as client:
                client.collab_logs.kept.insert_one({"_id": value})


def read(server):
    match server:
        case PostgresServer():
            with psycopg.connect(server.url) as connection:
                return [row[0] for row in connection.execute("SELECT value FROM kept")]
        case RedisServer():
            with redis.Redis.from_url(server.url, decode_responses=True) as client:
                return client.lrange("kept", 0, -1)
        case MongoServer():
            with pymongo.MongoClient(server.url) as client:
                return [row["_id"] for row in client.collab_logs.kept.find().sort("_id")]


@pytest.fixture(params=SERVERS, ids=lambda kind: kind.name)
def server(request, tmp_path):
    made = request.param(tmp_path / "store", ports.pick(1)[0])
    yield made
    made.stop()


def test_data_survives_a_stop_and_a_kill(server):
    server.start()
    write(server, "before the stop")
    server.stop()
    assert server.pid is None
    server.start()
    write(server, "never stopped")
    server.kill()
    assert server.pid is None
    server.start()
    assert read(server) == ["before the stop", "never stopped"]


def test_it_listens_on_loopback_only(server):
    server.start()
    listening = [
        connection.laddr.ip
        for connection in psutil.Process(server.pid).net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert listening == ["127.0.0.1"]


def test_a_taken_port_is_told_in_one_sentence(server):
    with socket.socket() as other:
        other.bind(("127.0.0.1", server.port))
        other.listen()
        with pytest.raises(StoreError, match=f"port {server.port} is taken"):
            server.start()
    server.start()
    assert server.pid


def test_starting_twice_is_starting_once(server):
    server.start()
    first = server.pid
    server.start()
    assert server.pid == first


def test_the_password_is_needed_and_private(tmp_path):
    server = RedisServer(tmp_path / "store", ports.pick(1)[0], fast=True)
    server.start()
    try:
        assert (server.directory / "password").stat().st_mode & 0o777 == 0o600
        stranger = redis.Redis(port=server.port)
        with pytest.raises(redis.AuthenticationError):
            stranger.ping()
        stranger.close()
    finally:
        server.stop()


def test_a_killed_supervisor_leaves_no_orphan(tmp_path, until):
    program = (
        "import sys, time\nfrom pathlib import Path\nfrom lib.emulator.stack import Stack\n"
        "stack = Stack(Path(sys.argv[1])).start()\n"
        "print(*[server.pid for server in stack._servers()], flush=True)\ntime.sleep(600)"
    )
    supervisor = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    with supervisor:
        pids = [int(word) for word in supervisor.stdout.readline().split()]
        assert len(pids) == 4
        assert all(psutil.pid_exists(pid) for pid in pids)
        supervisor.send_signal(signal.SIGKILL)
    until(lambda: not any(psutil.pid_exists(pid) for pid in pids))


def test_a_stale_lock_of_postgres_does_not_stop_it(tmp_path):
    server = PostgresServer(tmp_path / "store", ports.pick(1)[0], fast=True)
    server.start()
    lock = server.directory / "data" / "postmaster.pid"
    left = lock.read_text()
    server.stop()
    lines = left.split("\n")
    lock.write_text("\n".join([str(os.getpid()), *lines[1:]]))  # now somebody else's number
    server.start()
    try:
        assert server.pid
    finally:
        server.stop()


def test_a_second_postgres_on_the_same_data_is_refused(tmp_path):
    first, second = (PostgresServer(tmp_path / "store", port, fast=True) for port in ports.pick(2))
    first.start()
    try:
        with pytest.raises(StoreError, match=f"process {first.pid}"):
            second.start()
        assert first.pid
    finally:
        first.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs Postgres as another user")
def test_root_runs_postgres_as_nobody_below_a_private_folder(tmp_path):
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    server = PostgresServer(private / "store", ports.pick(1)[0], fast=True)
    server.start()
    try:
        assert psutil.Process(server.pid).username() == "nobody"
        assert private.stat().st_mode & 0o777 == 0o700
    finally:
        server.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs the copy")
def test_programs_that_nobody_can_reach_are_copied_once(tmp_path, monkeypatch):
    package = postgres_install.programs().parent.parent
    hidden = tmp_path / "hidden"
    hidden.mkdir(mode=0o700)
    for source in (package, package.with_name(package.name + ".libs")):
        (hidden / source.name).symlink_to(source)
    cache = Path("/var/cache/collab-workspace-test") / tmp_path.name
    monkeypatch.setattr(postgres_install, "SYSTEM_CACHE", cache)
    monkeypatch.setattr(postgres_install, "_reachable", lambda program: False)
    try:
        copied = postgres_install.programs_for_everyone()
        assert cache in copied.parents
        assert (copied / "initdb").stat().st_mode & 0o005 == 0o005
        made = copied.stat().st_ctime_ns
        assert postgres_install.programs_for_everyone().stat().st_ctime_ns == made
        asked = [copied / "initdb", "--version"]
        assert "18." in subprocess.check_output(asked, user="nobody", text=True)
    finally:
        subprocess.run(["rm", "-rf", str(cache)], check=True)

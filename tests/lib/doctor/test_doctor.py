"""The doctor, run as operators run it: content with a healthy system, and it names each fault."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from lib.bridge import keys
from lib.doctor import stores
from lib.doctor.stores import CLOCKS_APART, clock
from lib.emulator import ports, processes
from lib.maintenance import runs
from lib.maintenance.timetable import EVERY
from lib.stores import postgres, redis_tcp

ROOT = Path(__file__).resolve().parents[3]
OTHER_SECRET = "another secret of sufficient length for the check"
STARTS_WITHIN = 30.0  # seconds
PROGRAMS = {
    "api": ["-m", "lib.emulator", "api"],
    "host": ["-m", "gunicorn", "-c", "realtime_host/gunicorn.conf.py", "realtime_host.app:app"],
    "worker": ["-m", "worker"],
}
PORTS = {"api": "PORT", "host": "REALTIME_PORT", "worker": "WORKER_PORT"}


@pytest.fixture(scope="module")
def start(stack, tmp_path_factory):
    """Start a program of the project; return its port once it answers."""
    started = []

    def run(name, **more):
        (port,) = ports.pick(1)
        path = tmp_path_factory.mktemp(name) / "log"
        env = os.environ | stack.env | {PORTS[name]: str(port)} | more
        with path.open("wb") as log:
            command = processes.launched([sys.executable, *PROGRAMS[name]])
            process = processes.spawn(command, cwd=ROOT, env=env, output=log.fileno())
        started.append(process)
        deadline = time.monotonic() + STARTS_WITHIN
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/health", timeout=5)
            except httpx.TransportError:
                assert time.monotonic() < deadline, path.read_text()
                time.sleep(0.05)
            else:
                return port

    yield run
    for process in started:
        processes.kill(process)


@pytest.fixture(scope="module")
def running(start):
    """Both sides and a worker: their ports."""
    return {name: start(name) for name in PROGRAMS}


@pytest.fixture
def examine(stack, running):
    """Run the command, all crons having come; return its exit status, and its findings."""
    for name in EVERY:
        runs.noted(name, dict)

    def run(**more):
        env = os.environ | stack.env | {"WORKER_PORT": str(running["worker"])}
        env |= {"API_URL": f"http://127.0.0.1:{running['api']}"}
        env |= {"REALTIME_URL": f"ws://127.0.0.1:{running['host']}"} | more
        command = [sys.executable, "-m", "lib.doctor", "--json"]
        done = subprocess.run(
            command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False
        )
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        return done.returncode, lines

    return run


def failures(findings):
    return {(each["part"], each["text"]) for each in findings if each["level"] == "failure"}


def only(findings, part):
    """The one failure, which is of this part."""
    ((found, text),) = failures(findings)
    assert found == part
    return text


def test_a_healthy_system_has_no_failures(examine):
    status, findings = examine()
    assert failures(findings) == set()
    assert status == 0
    parts = {each["part"] for each in findings if each["level"] == "ok"}
    wanted = {"postgres", "redis", "mongodb", "functions", "real-time host", "worker", "cron"}
    assert parts == wanted


def test_nothing_secret_is_printed(examine, stack):
    _, findings = examine()
    text = json.dumps(findings)
    for name in ("JWT_SECRET", "CRON_SECRET", "UPSTASH_REDIS_REST_TOKEN"):
        assert stack.env[name] not in text


def test_settings_that_nothing_starts_with_are_the_only_finding(examine):
    status, findings = examine(JWT_SECRET="short")
    assert status == 1
    assert [each["part"] for each in findings] == ["settings"]
    assert "JWT_SECRET" in findings[0]["text"]


def test_another_signing_key_is_told_of_each_side(examine):
    status, findings = examine(JWT_SECRET=OTHER_SECRET)
    assert status == 1
    assert {part for part, _ in failures(findings)} == {"functions", "real-time host"}
    assert all("JWT_SECRET differs" in text for _, text in failures(findings))


def test_a_key_in_rotation_is_no_difference(examine, stack, start):
    rotated = {"JWT_SECRET": OTHER_SECRET, "JWT_PREVIOUS_SECRETS": stack.env["JWT_SECRET"]}
    api, host = start("api", **rotated), start("host", **rotated)
    both = {"JWT_PREVIOUS_SECRETS": OTHER_SECRET}
    status, findings = examine(
        API_URL=f"http://127.0.0.1:{api}", REALTIME_URL=f"ws://127.0.0.1:{host}", **both
    )
    assert failures(findings) == set()
    assert status == 0


def test_another_cron_secret_is_told(examine):
    _, findings = examine(CRON_SECRET=OTHER_SECRET)
    assert {part for part, _ in failures(findings)} == {"functions", "real-time host"}
    assert all("CRON_SECRET is another one" in text for _, text in failures(findings))


def test_a_host_with_another_redis_is_told(examine, start, stack):
    elsewhere = stack.redis.url.removesuffix("/0") + "/1"
    assert elsewhere != stack.redis.url
    host = start("host", REDIS_URL=elsewhere)
    _, findings = examine(REALTIME_URL=f"ws://127.0.0.1:{host}")
    assert "another redis" in only(findings, "real-time host")


def test_two_ways_to_different_redises_are_told(examine, stack):
    _, findings = examine(REDIS_URL=stack.redis.url.removesuffix("/0") + "/1")
    texts = {text for part, text in failures(findings) if part == "redis"}
    assert texts == {"REDIS_URL and UPSTASH_REDIS_REST_URL lead to different ones."}


def test_a_side_that_does_not_answer_is_told(examine):
    (port,) = ports.pick(1)
    _, findings = examine(API_URL=f"http://127.0.0.1:{port}")
    assert "No answer" in only(findings, "functions")


def test_a_missing_migration_is_told(examine, monkeypatch, stack):
    with postgres.connection() as conn:
        row = conn.execute(
            "DELETE FROM schema_migrations WHERE name = '0009_maintenance' RETURNING applied_at"
        ).fetchone()
    try:
        _, findings = examine()
    finally:
        with postgres.connection() as conn:
            conn.execute(
                "INSERT INTO schema_migrations (name, applied_at) VALUES ('0009_maintenance', %s)",
                [row["applied_at"]],
            )
    assert "0009_maintenance" in only(findings, "postgres")


@pytest.fixture
def set_up_yesterday(stack):
    """A system that has been there for a day."""
    with postgres.connection() as conn:
        conn.execute("UPDATE schema_migrations SET applied_at = applied_at - interval '1 day'")
        yield
        conn.execute("UPDATE schema_migrations SET applied_at = applied_at + interval '1 day'")


@pytest.mark.usefixtures("set_up_yesterday")
def test_a_maintenance_function_that_never_ran_is_told(examine):
    with postgres.connection() as conn:
        conn.execute("DELETE FROM maintenance_runs WHERE function = 'purge_projects'")
    _, findings = examine()
    assert only(findings, "cron") == "Never succeeded yet: purge_projects."


def test_a_job_that_waits_too_long_is_told(stack, team):
    with postgres.connection() as conn:
        conn.execute(
            "INSERT INTO job_kinds (kind, title, payload_schema, max_attempts)"
            " VALUES ('test.waits', 'Waits', '{}', 1) ON CONFLICT DO NOTHING"
        )
    job = team.owner.post(f"/projects/{team.project['id']}/jobs", {"kind": "test.waits"})
    with postgres.connection() as conn:
        conn.execute(
            "UPDATE jobs SET run_at = now() - interval '11 minutes' WHERE id = %s",
            [job.get_json()["id"]],
        )
    try:
        levels = {each.level: each.text for each in stores.check_postgres()}
    finally:
        with postgres.connection() as conn:
            conn.execute("DELETE FROM jobs WHERE id = %s", [job.get_json()["id"]])
    assert "oldest due job waits" in levels["failure"]


def test_a_job_of_a_paused_kind_is_not_waited_for(stack, team):
    with postgres.connection() as conn:
        conn.execute(
            "INSERT INTO job_kinds (kind, title, payload_schema, max_attempts)"
            " VALUES ('test.waits', 'Waits', '{}', 1) ON CONFLICT DO NOTHING"
        )
    place = f"/projects/{team.project['id']}"
    assert team.owner.put(f"{place}/paused-kinds", {"kinds": ["test.waits"]}).status_code == 200
    job = team.owner.post(f"{place}/jobs", {"kind": "test.waits"}).get_json()
    with postgres.connection() as conn:
        conn.execute(
            "UPDATE jobs SET run_at = now() - interval '11 minutes' WHERE id = %s", [job["id"]]
        )
    try:
        failed = [each.text for each in stores.check_postgres() if each.level == "failure"]
    finally:
        with postgres.connection() as conn:
            conn.execute("DELETE FROM jobs WHERE id = %s", [job["id"]])
    assert failed == []


def test_clocks_that_are_apart_are_told():
    assert clock("redis", 1000.0, 1000.0 + CLOCKS_APART / 2).level == "ok"
    assert clock("redis", 1000.0 + CLOCKS_APART * 2, 1000.0).level == "failure"
    assert "+4.0 s" in clock("redis", 1004.0, 1000.0).text


def test_the_probes_leave_nothing_but_the_id_behind(examine):
    examine()
    client = redis_tcp.client()
    assert not list(client.scan_iter(keys.probe("*")))
    assert client.get(keys.IDENTITY)


def test_only_the_secret_opens_what_a_host_says_of_itself(running):
    url = f"http://127.0.0.1:{running['host']}/about"
    assert httpx.get(url).status_code == 401
    assert httpx.get(url, headers={"Authorization": "Bearer wrong"}).status_code == 401

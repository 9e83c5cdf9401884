"""The crons of vercel.json: read, timed in UTC, and fired as the platform fires them."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import pytest

from lib.emulator import cron, schedule
from lib.emulator.schedule import Cron, CronError, fire, read_crons, upcoming

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def api():
    """Answer like a maintenance function, and remember the requests."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.seen.append((self.path, dict(self.headers)))
            self.send_response(503 if "broken" in self.path else 200)
            self.end_headers()
            self.wfile.write(b'{"swept": 2}')

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.seen = []
        Thread(target=server.serve_forever, daemon=True).start()
        server.url = f"http://127.0.0.1:{server.server_port}"
        yield server
        server.shutdown()


def write_crons(folder, *entries):
    path = folder / "vercel.json"
    path.write_text(json.dumps({"crons": list(entries)}))
    return path


SWEEP = {"path": "/api/cron/sweep_jobs", "schedule": "*/5 * * * *"}
BROKEN = {"path": "/api/cron/broken", "schedule": "0 4 * * *"}


def test_entries_are_read_and_named_by_their_path(tmp_path):
    assert [c.name for c in read_crons(write_crons(tmp_path, SWEEP, BROKEN))] == [
        "sweep_jobs",
        "broken",
    ]
    assert read_crons(tmp_path / "missing.json") == []


@pytest.mark.parametrize("entry", [{"path": "/x"}, {"path": "/x", "schedule": "every day"}, "x"])
def test_an_unusable_entry_is_named(tmp_path, entry):
    with pytest.raises(CronError, match="not a usable cron"):
        read_crons(write_crons(tmp_path, entry))


def test_schedules_are_in_utc_and_crons_that_coincide_come_together():
    sweep, daily = Cron(**SWEEP), Cron("/api/cron/daily", "0 4 * * *")
    moments = upcoming([sweep, daily], datetime(2030, 1, 1, 3, 52, 30, tzinfo=UTC))
    assert next(moments) == (datetime(2030, 1, 1, 3, 55, tzinfo=UTC), [sweep])
    assert next(moments) == (datetime(2030, 1, 1, 4, 0, tzinfo=UTC), [sweep, daily])


def test_firing_sends_what_the_platform_sends(api):
    fired = fire(Cron(**SWEEP), api.url, "s3cret")
    assert fired.succeeded
    [(path, headers)] = api.seen
    assert path == "/api/cron/sweep_jobs"
    assert headers["Authorization"] == "Bearer s3cret"
    assert headers["User-Agent"] == "vercel-cron/1.0"


def test_nobody_there_is_an_outcome_and_not_a_crash():
    fired = fire(Cron(**SWEEP), "http://127.0.0.1:9", "")
    assert (fired.succeeded, fired.status) == (False, 0)


def test_the_timer_fires_what_is_due_and_logs_one_line_each(api, monkeypatch, capsys, until):
    crons = [Cron(**SWEEP), Cron(**BROKEN)]
    now = datetime.now(UTC)
    monkeypatch.setattr(cron, "upcoming", lambda *_: iter([(now, crons)]))
    stop = Event()
    timer = Thread(target=cron.run, args=(crons, api.url, "s", stop))
    timer.start()
    until(lambda: len(api.seen) == 2)
    stop.set()
    timer.join(10)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {(line["action"], line["cron"], line["status"]) for line in lines} == {
        ("cron.fired", "sweep_jobs", 200),
        ("cron.failed", "broken", 503),
    }


def test_a_stopped_timer_ends_at_once(until):
    stop = Event()
    timer = Thread(target=cron.run, args=([Cron(**SWEEP)], "http://127.0.0.1:9", "s", stop))
    timer.start()
    stop.set()
    timer.join(5)
    assert not timer.is_alive()
    assert schedule.FIRE_SECONDS >= 300


def by_hand(name, api, folder):
    env = {**os.environ, "API_URL": api.url, "CRON_SECRET": "s"}
    env["VERCEL_JSON"] = str(write_crons(folder, SWEEP, BROKEN))
    command = [sys.executable, "-m", "lib.emulator", "cron", name]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def test_by_hand_prints_the_answer_and_fails_when_the_function_does(api, tmp_path):
    done = by_hand("sweep_jobs", api, tmp_path)
    assert (done.returncode, json.loads(done.stdout)) == (0, {"swept": 2})
    assert by_hand("broken", api, tmp_path).returncode == 1
    unknown = by_hand("nothing", api, tmp_path)
    assert unknown.returncode == 1
    assert "vercel.json has sweep_jobs, broken" in unknown.stderr

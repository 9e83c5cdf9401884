"""`make demo`: it starts the system when none runs, tells its story, and fails when a step does."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lib.emulator import ports
from lib.emulator.environment import OFFSETS

ROOT = Path(__file__).resolve().parents[3]


def demo(local, **env):
    names = ("DATABASE_URL", "REDIS_URL", "UPSTASH_REDIS_REST_URL", "MONGO_URI", "JWT_SECRET")
    inherited = {name: value for name, value in os.environ.items() if name not in names}
    return subprocess.run(
        [sys.executable, "-m", "lib.emulator", "demo"],
        cwd=ROOT,
        env=inherited | {"LOCAL_DIR": str(local)} | env,
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )


@pytest.fixture
def local(tmp_path):
    return tmp_path / "local"


def test_three_people_work_together_from_an_empty_machine(local):
    numbers = zip(OFFSETS, ports.pick(len(OFFSETS)), strict=True)
    told = demo(local, **{name: str(port) for name, port in numbers})
    assert told.returncode == 0, told.stdout + told.stderr
    for line in (
        "Vera tries to rename the project: refused",
        "both lines",
        "Vera tries to write too: refused",
        "Vera sees it succeeded, 100 %",
        "Vera downloads the zip: ",
        "file.edited",
        "job.succeeded",
    ):
        assert line in told.stdout
    assert not (local / "addresses.json").exists(), "what the demo started, it has stopped"


def test_a_system_that_does_not_answer_fails_the_demo_with_one_sentence(local):
    local.mkdir()
    (port,) = ports.pick(1)
    known = {"pid": os.getpid(), "API_URL": f"http://127.0.0.1:{port}"}
    (local / "addresses.json").write_text(json.dumps(known))
    told = demo(local)
    assert told.returncode == 1
    assert "The demo stopped here" in told.stderr
    assert "Traceback" not in told.stderr

"""`make demo`: three people at work in one project, told as it happens."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from lib.emulator import addresses, environment
from lib.emulator.demo.person import StepFailed
from lib.emulator.demo.story import tell

ROOT = Path(__file__).resolve().parents[3]
START_TIMEOUT = 120.0  # seconds: a first start prepares the stores
STOP_TIMEOUT = 30.0  # seconds


def main(_arguments: list[str]) -> int:
    """Tell the story against the running `make up`, or one started for it; 1 if a step failed."""
    try:
        with _running() as api_url:
            tell(api_url)
    except (StepFailed, environment.SetupError, httpx.HTTPError, OSError) as error:
        print(f"\nThe demo stopped here: {error}", file=sys.stderr)
        return 1
    return 0


@contextmanager
def _running() -> Iterator[str]:
    """Yield the address of the REST side; what was started for the demo is stopped after it."""
    file = environment.read(ROOT).local / addresses.FILE
    if known := _alive(file):
        yield known
        return
    print("Nothing is running, so `make up` is started for the demo ...", flush=True)
    up = subprocess.Popen(
        [sys.executable, "-m", "lib.emulator", "up"], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    try:
        yield _wait(up, file)
    finally:
        up.send_signal(signal.SIGINT)
        up.wait(STOP_TIMEOUT)


def _wait(up: subprocess.Popen[bytes], file: Path) -> str:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline and up.poll() is None:
        if known := _alive(file):
            return known
        time.sleep(0.1)
    raise StepFailed("`make up` did not start; run it by hand to see why.")


def _alive(file: Path) -> str | None:
    try:
        published = json.loads(file.read_text())
        os.kill(published["pid"], 0)
        return str(published["API_URL"])
    except (OSError, ValueError, KeyError):
        return None

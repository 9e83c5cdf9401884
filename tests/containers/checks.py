"""What has to hold of the running containers, beyond that they are healthy."""

import json
import sys
from collections.abc import Callable, Sequence

from tests.containers.compose import Compose
from tests.containers.programs import ROOT, FailedError, run

USE_SECONDS = 240
KILLED = 137  # the exit code after SIGKILL
LOOK = """
import importlib.util, json, os, pathlib, resource, shutil
from lib import config
app = pathlib.Path("/app")
print(json.dumps({
    "user": os.getuid(),
    "programs": [name for name in ("gcc", "cc", "make", "git") if shutil.which(name)],
    "pip": pathlib.Path("/opt/venv/bin/pip").exists(),
    "entries": sorted(entry.name for entry in app.iterdir()),
    "compiled": os.path.exists(importlib.util.cache_from_source(config.__file__)),
    "writable": [place for place in ("/app", "/opt/venv", "/etc") if os.access(place, os.W_OK)],
    "files": resource.getrlimit(resource.RLIMIT_NOFILE)[1],
}))
"""
WANTED = {
    "programs": [],
    "pip": False,
    "user": 10001,
    "compiled": True,
    "writable": [],
    "files": 20000,
    "entries": sorted(
        (
            "api",
            "functions",
            "lib",
            "public",
            "realtime_host",
            "requirements.txt",
            "vercel.json",
            "worker",
        )
    ),
}


class Score:
    """How many checks held, each printed as it is made."""

    def __init__(self) -> None:
        self.passed = self.failed = 0

    def check(self, name: str, holds: Callable[[], object]) -> None:
        """Run one check: it fails by raising FailedError or AssertionError."""
        try:
            holds()
        except (FailedError, AssertionError) as failed:
            self.failed += 1
            print(f"  FAILED {name}\n{failed}", flush=True)
        else:
            self.passed += 1
            print(f"  ok     {name}", flush=True)


def all_of(score: Score, compose: Compose, inside: Sequence[str], ports: tuple[int, ...]) -> None:
    """Look at the containers, use what they serve (from `inside`), and stop them."""
    score.check("the image holds what it runs, for a user without rights", lambda: _image(compose))
    _use(score, inside, ports)
    score.check("every service is still healthy", lambda: _healthy(compose))
    score.check("every service stops by itself when asked", lambda: _stops(compose))


def _image(compose: Compose) -> None:
    seen = json.loads(compose.inside("worker", "python", "-c", LOOK))
    assert seen == WANTED, f"{seen} instead of {WANTED}"


def _use(score: Score, inside: Sequence[str], ports: tuple[int, ...]) -> None:
    """Use the system from where its ports are; each line that comes back is one check."""
    words = [*inside, sys.executable, "-m", "tests.containers.use", *map(str, ports)]
    printed = run(words, timeout=USE_SECONDS, cwd=ROOT)
    for line in printed.splitlines():
        if line.startswith("{"):
            result = json.loads(line)
            score.check(result["check"], lambda error=result["error"]: _raise(error))


def _raise(error: str) -> None:
    if error:
        raise FailedError(error)


def _healthy(compose: Compose) -> None:
    rows = compose.services()
    ill = {
        name: row["Health"] for name, row in rows.items() if row["Health"] not in ("healthy", "")
    }
    assert not ill, f"{ill}\n{compose.logs(*ill)}"
    assert all(row["State"] == "running" for name, row in rows.items() if name != "migrate"), rows


def _stops(compose: Compose) -> None:
    compose.stop()
    codes = {name: row["ExitCode"] for name, row in compose.services().items()}
    killed = [name for name, code in codes.items() if code == KILLED]
    assert not killed, f"these had to be killed: {killed}\n{compose.logs(*killed)}"

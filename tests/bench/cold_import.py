"""What a cold start pays before it can answer: importing a function, bytecode present."""

import os
import statistics
import subprocess
import sys
from pathlib import Path

from lib.emulator.routes import discover

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 3
LOAD = """
import importlib.util, sys, time
started = time.process_time()
if sys.argv[1] == "flask":
    import flask
else:
    spec = importlib.util.spec_from_file_location("route", sys.argv[1])
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
print((time.process_time() - started) * 1000)
"""
ENVIRONMENT = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "JWT_SECRET": "s" * 32}


def run(_directory: Path) -> dict[str, object]:
    """Return CPU milliseconds per function (medians) and their ratio to `import flask`.

    The rounds are interleaved, so that a slow moment of the machine hits all alike.
    """
    files = ["flask", *(str(route.file) for route in discover(ROOT).functions)]
    times: dict[str, list[float]] = {file: [] for file in files}
    for _ in range(ROUNDS):
        for file in files:
            times[file].append(_load(file))
    medians = {file: statistics.median(taken) for file, taken in times.items()}
    flask = medians.pop("flask")
    slowest = max(medians, key=lambda file: medians[file])
    return {
        "flask_ms": round(flask, 1),
        "functions": len(medians),
        "median_ms": round(statistics.median(medians.values()), 1),
        "median_ratio": round(statistics.median(medians.values()) / flask, 2),
        "slowest": slowest,
        "slowest_ms": round(medians[slowest], 1),
        "slowest_ratio": round(medians[slowest] / flask, 2),
    }


def _load(file: str) -> float:
    ran = subprocess.run(
        [sys.executable, "-c", LOAD, file],
        cwd=ROOT,
        env=os.environ | ENVIRONMENT | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    return float(ran.stdout)

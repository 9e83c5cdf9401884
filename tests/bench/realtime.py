"""The real-time host beside Node peers: messages delivered per second, latency, memory, in one run.

The harness and its peers (Socket.IO with its Redis adapter, plain ws) are no part of this project:
REALTIME_HARNESS is the folder that holds its bench.py. It starts all sides, interleaved, each on
one core, on a Redis of its own; peer_realtime/ says how to start and speak to ours.
"""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from lib.emulator.stack import Stack
from tests.bench.peer_realtime.seed import fill

ROOT = Path(__file__).resolve().parents[2]
REPETITIONS = int(os.environ.get("REALTIME_REPETITIONS", "3"))
# Profile, its servers (the first is what the others are compared with), and what to compare.
RUNS = {
    "sat10": (("socketio", "ws", "ours"), ("delivered_per_s", "server_cpu_s_per_M")),
    "ramp20": (("socketio", "ws", "ours"), ("delivered_per_s", "p99_us", "server_cpu_s_per_M")),
    "idle1k": (("socketio", "ws", "ours"), ("ready", "rss_idle_per_conn")),
    "stall": (("socketio", "ws", "ours"), ("p50_us", "p99_us", "rss_peak_stalled")),
    "sat10 x2": (("socketio-x2", "ws-x2", "ours-x2"), ("delivered_per_s", "server_cpu_s_per_M")),
}


def run(directory: Path) -> dict[str, object]:
    """Return, by profile and metric, the medians and their ratios to the first server's.

    REALTIME_PROFILES (comma separated) chooses some of the runs. Raises SystemExit, with a
    sentence, without the harness.
    """
    harness = os.environ.get("REALTIME_HARNESS", "")
    if not (Path(harness) / "bench.py").is_file():
        raise SystemExit("Set REALTIME_HARNESS to the folder of the harness, which holds bench.py.")
    chosen = os.environ.get("REALTIME_PROFILES", ",".join(RUNS)).split(",")
    with Stack(directory) as stack:
        fill(stack.env["DATABASE_URL"])
        return {name: _measure(harness, directory, stack.env, name) for name in chosen}


def _measure(harness: str, directory: Path, env: dict[str, str], name: str) -> dict[str, object]:
    servers, metrics = RUNS[name]
    results = directory / "results.json"
    subprocess.run(
        [sys.executable, f"{harness}/bench.py", "run",
         "--def", "tests/bench/peer_realtime/servers.toml", "--servers", ",".join(servers),
         "--profiles", name.split(" ")[0], "--reps", str(REPETITIONS), "--python", sys.executable,
         "--out", str(results)],
        cwd=ROOT, env=os.environ | env, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    rows = json.loads(results.read_text())
    return {metric: _compare(rows, servers, metric) for metric in metrics}


def _compare(
    rows: list[dict[str, object]], servers: tuple[str, ...], metric: str
) -> dict[str, float]:
    medians = {
        server: statistics.median(
            float(str(row[metric])) for row in rows if row["server"] == server
        )
        for server in servers
    }
    peer = medians[servers[0]] or 1.0
    ratios = {f"{name} / {servers[0]}": round(medians[name] / peer, 3) for name in servers[1:]}
    return {name: round(value, 3) for name, value in medians.items()} | ratios

"""The REST half beside a Node peer: requests per second of the same work, in the same run.

The harness and its peer (Express, pg, BullMQ) are no part of this project: REST_HARNESS is the
folder that holds its bench.py. It starts both sides, interleaved, each on one core, on the same
Postgres; peer/servers.toml and peer/adapter.toml say how to start and speak to ours.
"""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SERVERS = ("node", "ours", "ours-stock")
OPERATIONS = ("get_project", "list_projects", "create_project", "submit_job")
REPETITIONS = 3
METRICS = ("c16 req/s", "api cpu s/k")  # per second at 16 connections; CPU seconds per 1,000


def run(directory: Path) -> dict[str, object]:
    """Return, by operation and metric, the medians and our ratios to the peer.

    Raises SystemExit, with a sentence, without the harness.
    """
    harness = os.environ.get("REST_HARNESS", "")
    if not (Path(harness) / "bench.py").is_file():
        raise SystemExit("Set REST_HARNESS to the folder of the harness, which holds bench.py.")
    results = directory / "results.json"
    subprocess.run(
        [sys.executable, f"{harness}/bench.py", "run", "--def", "tests/bench/peer/servers.toml",
         "--servers", ",".join(SERVERS), "--ops", ",".join(OPERATIONS), "--conns", "16",
         "--reps", str(REPETITIONS), "--python", sys.executable, "--out", str(results)],
        cwd=ROOT, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    rows = json.loads(results.read_text())
    return {op: {metric: _compare(rows, op, metric) for metric in METRICS} for op in OPERATIONS}


def _compare(rows: list[dict[str, object]], op: str, metric: str) -> dict[str, float]:
    medians = {
        server: statistics.median(
            float(str(row[metric])) for row in rows if (row["op"], row["server"]) == (op, server)
        )
        for server in SERVERS
    }
    peer = medians[SERVERS[0]]
    ratios = {f"{name} / {SERVERS[0]}": round(medians[name] / peer, 2) for name in SERVERS[1:]}
    return {name: round(value, 3) for name, value in medians.items()} | ratios

"""The REST half beside Node peers: requests per second of the same work, in the same run.

`node` is Express, pg and BullMQ as they are mostly used (see tests/bench/harness.py). Its writes
promise less than ours; those of `node-same` (tests/bench/peer/same) as much, in the same style.
"""

import statistics
from pathlib import Path

from tests.bench import harness

READS, WRITES = ("get_project", "list_projects"), ("create_project", "submit_job")
OURS = ("ours", "ours-stock")
REPETITIONS = 3
METRICS = ("c16 req/s", "api cpu s/k", "pg cpu s/k")  # at 16 connections; CPU seconds per 1,000


def run(directory: Path) -> dict[str, object]:
    """Return, by operation and metric, the medians and our ratios to the peers.

    Raises SystemExit, with a sentence, without the harness.
    """
    return _beside(("node",), READS, directory) | _beside(("node", "node-same"), WRITES, directory)


def _beside(
    peers: tuple[str, ...], operations: tuple[str, ...], directory: Path
) -> dict[str, object]:
    rows = harness.rows(directory, peers + OURS, operations, REPETITIONS, "--conns", "16")
    return {
        op: {metric: _compare(peers, _medians(rows, op, metric)) for metric in METRICS}
        for op in operations
    }


def _medians(rows: list[dict[str, object]], op: str, metric: str) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for row in rows:
        if row["op"] == op:
            found.setdefault(str(row["server"]), []).append(float(str(row[metric])))
    return {server: statistics.median(values) for server, values in found.items()}


def _compare(peers: tuple[str, ...], medians: dict[str, float]) -> dict[str, float]:
    ratios = {
        f"{name} / {peer}": round(medians[name] / medians[peer], 2)
        for peer in peers
        for name in OURS
    }
    return {name: round(value, 3) for name, value in medians.items()} | ratios

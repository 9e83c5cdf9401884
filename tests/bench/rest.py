"""The REST half beside a Node peer: requests per second of the same work, in the same run.

Express, pg and BullMQ: see tests/bench/harness.py.
"""

import statistics
from pathlib import Path

from tests.bench import harness

SERVERS = ("node", "ours", "ours-stock")
OPERATIONS = ("get_project", "list_projects", "create_project", "submit_job")
REPETITIONS = 3
METRICS = ("c16 req/s", "api cpu s/k")  # per second at 16 connections; CPU seconds per 1,000


def run(directory: Path) -> dict[str, object]:
    """Return, by operation and metric, the medians and our ratios to the peer.

    Raises SystemExit, with a sentence, without the harness.
    """
    rows = harness.rows(directory, SERVERS, OPERATIONS, REPETITIONS, "--conns", "16")
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

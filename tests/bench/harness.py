"""The harness of the benchmarks beside Node peers (Express, pg, BullMQ).

It is no part of this project: REST_HARNESS is the folder that holds its bench.py. It starts all
sides, interleaved, each on one core, on the same Postgres; peer/servers.toml and the adapter.toml
that it names say how to start and speak to ours, and to the peer in peer/same.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def rows(
    directory: Path, servers: Sequence[str], operations: Sequence[str], repetitions: int, *more: str
) -> list[dict[str, object]]:
    """Return what was measured: a row for each operation, server and repetition.

    Raises SystemExit, with a sentence, without the harness.
    """
    harness = os.environ.get("REST_HARNESS", "")
    if not (Path(harness) / "bench.py").is_file():
        raise SystemExit("Set REST_HARNESS to the folder of the harness, which holds bench.py.")
    results = directory / "results.json"
    subprocess.run(
        [sys.executable, f"{harness}/bench.py", "run", "--def", "tests/bench/peer/servers.toml",
         "--servers", ",".join(servers), "--ops", ",".join(operations), *more,
         "--reps", str(repetitions), "--python", sys.executable, "--out", str(results)],
        cwd=ROOT, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    return json.loads(results.read_text())

"""`make bench`: each benchmark in turn, on stores of its own; ARGS="NAME ..." chooses some.

The figures mean something only beside others of the same run: machines differ, and are noisy.
"""

import importlib
import json
import sys
import tempfile
from pathlib import Path

BENCHMARKS = {
    "warm_read": "GET one project: authentication, authorisation and row in one SQL round trip",
    "cold_import": "importing each function in a fresh process, against `import flask` alone",
    "rest": "reads and writes over REST, beside Node peers (needs REST_HARNESS)",
    "realtime": "the real-time host beside Node peers (needs REALTIME_HARNESS)",
    "fanout": "messages delivered per second by one real-time host",
    "edits": "file changes per second through the use case, every one in Postgres",
    "yjs": "updates per second by Yjs providers on one real-time host, every one in Postgres",
    "pooler": "50 function processes on 20 connections, which are cut (needs pgbouncer)",
    "audit": "events moved to MongoDB by one worker, numbered and hashed, and how late at 500/s",
    "jobs": "no-op jobs by one worker, every state in Postgres (beside a peer with REST_HARNESS)",
}
NEEDY = ("rest", "realtime", "pooler")  # they need what no wheel brings


def main(names: list[str]) -> int:
    """Run the benchmarks named, or all that need nothing more; print one JSON object for each."""
    if unknown := set(names) - set(BENCHMARKS):
        print(
            f"No such benchmark: {', '.join(sorted(unknown))}. There are: {', '.join(BENCHMARKS)}"
        )
        return 2
    for name in names or [name for name in BENCHMARKS if name not in NEEDY]:
        print(f"# {name}: {BENCHMARKS[name]}", flush=True)
        benchmark = importlib.import_module(f"tests.bench.{name}")
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
            Path(directory).chmod(0o755)
            print(json.dumps(benchmark.run(Path(directory)), indent=2), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

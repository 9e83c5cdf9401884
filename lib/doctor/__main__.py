"""`python -m lib.doctor`: check everything from here, say what is wrong and what mends it."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from functools import partial

from lib import logs
from lib.config import ConfigError, settings
from lib.doctor import sides, stores
from lib.doctor.findings import Check, Finding, failure
from lib.stores import mongo, postgres, redis

MARKS = {"ok": "  ok  ", "warning": " warn ", "failure": " FAIL "}


def main(arguments: list[str]) -> int:
    """Print what was found; return 0 when nothing failed, 1 when something did."""
    parser = argparse.ArgumentParser(prog="python -m lib.doctor", description=__doc__)
    default = f"http://127.0.0.1:{os.environ.get('PORT') or 5000}"
    parser.add_argument("--api", default=os.environ.get("API_URL") or default, metavar="URL")
    parser.add_argument("--realtime", metavar="URL", help="ws:// or wss://; REALTIME_URL if unset")
    parser.add_argument("--json", action="store_true", help="one JSON object per finding")
    options = parser.parse_args(arguments)
    failed = False
    for finding in examine(options.api, options.realtime):
        failed = failed or finding.level == "failure"
        print(_line(finding, as_json=options.json), flush=True)  # noqa: T201
    return int(failed)


def examine(api_url: str, realtime_url: str | None) -> Iterator[Finding]:
    """Yield all that is found, as it is found; a check that breaks off is a finding, too."""
    try:
        logs.configure("ERROR")
        host = realtime_url or settings().realtime_url
    except ConfigError as error:
        yield failure("settings", str(error))
        return
    if not settings().cron_secret:
        text = "CRON_SECRET is not set: maintenance functions let nobody in, this command included."
        yield failure("settings", text)
    redis.use_tcp()
    checks: list[tuple[str, Check]] = [
        ("postgres", stores.check_postgres),
        ("redis", stores.check_redis),
        ("mongodb", stores.check_mongo),
        ("functions", partial(sides.check_functions, api_url)),
        ("real-time host", partial(sides.check_host, host)),
        ("worker", sides.check_worker),
    ]
    for part, check in checks:
        yield from _guarded(part, check)
    postgres.close()
    mongo.close()


def _guarded(part: str, check: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    try:
        yield from check()
    except Exception as error:  # noqa: BLE001 - one broken check must not hide the others
        yield failure(part, f"The check broke off: {type(error).__name__}: {str(error)[:200]}")


def _line(finding: Finding, *, as_json: bool) -> str:
    if as_json:
        return json.dumps(asdict(finding))
    return f"[{MARKS[finding.level]}] {finding.part}: {finding.text}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The timer of `make up`: fires the crons of vercel.json when due, as the platform does."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Event
from typing import Any

from lib.emulator.schedule import Cron, Fired, fire, upcoming


def run(crons: list[Cron], api_url: str, secret: str, stop: Event) -> None:
    """Fire `crons` on their schedules, one log line each, until `stop` is set."""
    with ThreadPoolExecutor(max_workers=max(1, len(crons))) as pool:

        def fire_and_log(cron: Cron) -> None:
            log_outcome(fire(cron, api_url, secret))

        for moment, due in upcoming(crons, datetime.now(UTC)):
            if stop.wait(max(0.0, (moment - datetime.now(UTC)).total_seconds())):
                return
            for cron in due:
                pool.submit(fire_and_log, cron)
    stop.wait()


def log_outcome(fired: Fired) -> None:
    """Write one JSON line: which cron, with what status, how long it took."""
    line: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "level": "info" if fired.succeeded else "error",
        "action": "cron.fired" if fired.succeeded else "cron.failed",
        "cron": fired.cron.name,
        "status": fired.status,
        "ms": fired.ms,
    }
    if not fired.succeeded:
        line["message"] = fired.body[:200]
    print(json.dumps(line), flush=True)

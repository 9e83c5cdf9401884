"""python -m lib.emulator cron [NAME]: the timer, or one cron fired by hand."""

import os
import signal
import sys
from pathlib import Path
from threading import Event

from lib.emulator.cron import run
from lib.emulator.schedule import Cron, CronError, fire, read_crons
from lib.emulator.vercel import ROOT


def main(arguments: list[str]) -> int:
    """Run the timer until SIGTERM, or fire NAME: 0 when it answered 2xx, else 1.

    API_URL says where the functions are (http://127.0.0.1:$PORT unless set), CRON_SECRET is the
    token that they want to see.
    """
    api_url = os.environ.get("API_URL") or f"http://127.0.0.1:{os.environ.get('PORT') or 5000}"
    secret = os.environ.get("CRON_SECRET", "")
    try:
        crons = read_crons(Path(os.environ.get("VERCEL_JSON") or ROOT / "vercel.json"))
        if arguments:
            return _fire_one(arguments[0], {cron.name: cron for cron in crons}, api_url, secret)
    except CronError as error:
        print(error, file=sys.stderr)
        return 1
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    run(crons, api_url, secret, stop)
    return 0


def _fire_one(name: str, crons: dict[str, Cron], api_url: str, secret: str) -> int:
    if name not in crons:
        raise CronError(f"There is no cron {name!r}; vercel.json has {', '.join(crons) or 'none'}.")
    fired = fire(crons[name], api_url, secret)
    print(fired.body, file=sys.stdout if fired.succeeded else sys.stderr)
    return 0 if fired.succeeded else 1

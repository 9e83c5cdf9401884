"""The crons of vercel.json: which there are, when each is due, and firing one."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
from cronsim import CronSim, CronSimError

USER_AGENT = "vercel-cron/1.0"
FIRE_SECONDS = 300.0  # a function's longest run


class CronError(Exception):
    """A cron can't be read, found or fired; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Cron:
    """One entry: a path of this API, and five cron fields in UTC."""

    path: str
    schedule: str

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rstrip("/").rsplit("/", 1)[-1]

    def due_after(self, moment: datetime) -> datetime:
        """Return the first time it is due after `moment` (UTC)."""
        return next(CronSim(self.schedule, moment))


@dataclass(frozen=True, slots=True)
class Fired:
    """What came of firing a cron: `status` is 0 when nobody answered; `ms` is how long it took."""

    cron: Cron
    status: int
    body: str
    ms: int

    @property
    def succeeded(self) -> bool:
        """Whether the function answered with 2xx."""
        return 200 <= self.status < 300


def read_crons(vercel_json: Path) -> list[Cron]:
    """Return the crons of a vercel.json, none without the file.

    Raises CronError when an entry is malformed.
    """
    if not vercel_json.exists():
        return []
    crons = []
    for entry in json.loads(vercel_json.read_text()).get("crons", []):
        try:
            cron = Cron(entry["path"], entry["schedule"])
            CronSim(cron.schedule, datetime.now(UTC))
        except (KeyError, TypeError, CronSimError) as error:
            raise CronError(f"vercel.json: {entry!r} is not a usable cron ({error}).") from None
        crons.append(cron)
    return crons


def fire(cron: Cron, api_url: str, secret: str) -> Fired:
    """Send the request that the platform sends when a cron is due, and return the outcome."""
    headers = {"User-Agent": USER_AGENT} | ({"Authorization": f"Bearer {secret}"} if secret else {})
    started = time.monotonic()
    try:
        answer = httpx.get(api_url.rstrip("/") + cron.path, headers=headers, timeout=FIRE_SECONDS)
        status, body = answer.status_code, answer.text
    except httpx.HTTPError as error:
        status, body = 0, f"{type(error).__name__}: {error}"
    return Fired(cron, status, body, round((time.monotonic() - started) * 1000))


def upcoming(crons: list[Cron], start: datetime) -> Iterator[tuple[datetime, list[Cron]]]:
    """Yield each moment at which crons are due, from `start` on, with those crons."""
    moment = start
    while crons:
        dues = [(cron.due_after(moment), cron) for cron in crons]
        moment = min(due for due, _ in dues)
        yield moment, [cron for due, cron in dues if due == moment]

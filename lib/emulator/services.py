"""The programs that `up` runs, as data."""

import sys
from collections.abc import Mapping

import httpx

from lib.emulator.ports import LOOPBACK
from lib.emulator.service import Service

PROBE_SECONDS = 5.0
PYTHON = (sys.executable, "-m")
MIGRATE = Service("migrate", (*PYTHON, "lib.stores.migrate"), colour="grey")


def services(env: Mapping[str, str]) -> list[Service]:
    """Return the services, which need migrated stores, for the environment they will have."""
    realtime = f"http://{LOOPBACK}:{env['REALTIME_PORT']}/health"
    gunicorn = (
        *PYTHON,
        "gunicorn",
        "-c",
        "realtime_host/gunicorn.conf.py",
        "realtime_host.app:app",
    )
    live = f"http://{LOOPBACK}:{env['PORT']}/api/v1/health/live"
    mailbox = [_mailbox(env["MAIL_URL"])] if "MAIL_URL" in env else []
    return [
        *mailbox,
        Service("api", (*PYTHON, "lib.emulator", "api"), lambda: _is_ok(live), "green"),
        Service("realtime", gunicorn, lambda: _is_ok(realtime), "magenta"),
        Service("worker", (*PYTHON, "worker"), colour="yellow"),
        Service("cron", (*PYTHON, "lib.emulator", "cron"), colour="cyan"),
    ]


def bridge(env: Mapping[str, str]) -> Service:
    """Return the Upstash bridge; it listens on loopback, whatever HOST says."""
    argv = (*PYTHON, "lib.emulator", "upstash")
    return Service("upstash", argv, lambda: _is_pinged(env), "blue", {"HOST": LOOPBACK})


def _mailbox(url: str) -> Service:
    """Return the mailbox, which nobody but this machine reads, whatever HOST says."""
    argv = (*PYTHON, "lib.emulator", "mail")
    return Service("mail", argv, lambda: _is_ok(f"{url}/health"), "grey", {"HOST": LOOPBACK})


def _is_ok(url: str) -> bool:
    return httpx.get(url, timeout=PROBE_SECONDS).status_code == 200


def _is_pinged(env: Mapping[str, str]) -> bool:
    headers = {"Authorization": f"Bearer {env['UPSTASH_REDIS_REST_TOKEN']}"}
    url = env["UPSTASH_REDIS_REST_URL"]
    answer = httpx.post(url, json=["PING"], headers=headers, timeout=PROBE_SECONDS)
    return answer.json() == {"result": "PONG"}

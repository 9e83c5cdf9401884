"""What `up` works with: the ports, the secrets, and the variables that every child is given."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values

from lib.emulator import ports
from lib.emulator.ports import LOOPBACK

DEFAULT_PORT = 5000
SECRET_BYTES = 48
SECRET_NAMES = ("JWT_SECRET", "CRON_SECRET", "UPSTASH_REDIS_REST_TOKEN")
OFFSETS = {  # from PORT; what each of them serves is told to people
    "PORT": (0, "REST"),
    "REALTIME_PORT": (1, "the real-time host"),
    "UPSTASH_PORT": (2, "the Upstash bridge"),
    "LOCAL_POSTGRES_PORT": (3, "the embedded Postgres"),
    "LOCAL_REDIS_PORT": (4, "the embedded Redis"),
    "LOCAL_MONGO_PORT": (5, "the embedded MongoDB"),
    "WORKER_PORT": (6, "the worker's health"),
    "MAIL_PORT": (7, "the mailbox"),
    "MAIL_SMTP_PORT": (8, "the mailbox's SMTP"),
}


class SetupError(Exception):
    """`up` can't start as things are; the message is one sentence that says what to change."""


@dataclass(frozen=True, slots=True)
class Given:
    """What was set from outside, empty values left out; the real environment wins over .env."""

    variables: Mapping[str, str]

    @property
    def local(self) -> Path:
        """The folder for all data of this copy."""
        return Path(self.variables.get("LOCAL_DIR") or ".local").absolute()

    @property
    def ports(self) -> dict[str, int]:
        """The port of each variable in OFFSETS; raises SetupError for what is not a port."""
        base = self._port("PORT", DEFAULT_PORT)
        return {name: self._port(name, base + offset) for name, (offset, _) in OFFSETS.items()}

    def has(self, *names: str) -> bool:
        """Return whether any of the variables is set."""
        return any(name in self.variables for name in names)

    def _port(self, name: str, default: int) -> int:
        value = self.variables.get(name, str(default))
        if not value.isdigit() or not 0 < int(value) < 65536:
            raise SetupError(f"{name} must be a port number between 1 and 65535, not {value!r}.")
        return int(value)


def read(root: Path) -> Given:
    """Return the environment, with .env of the project below it."""
    merged = {**dotenv_values(root / ".env"), **os.environ}
    return Given({name: value for name, value in merged.items() if value})


def refuse_taken(numbers: Mapping[str, int]) -> None:
    """Raise SetupError, naming the port and the variable to change, when a port is not free."""
    for name, port in numbers.items():
        if not ports.is_free(port):
            advice = (
                f"make up PORT={port + 100}" if name == "PORT" else f"{name}={port + 100} make up"
            )
            raise SetupError(
                f"Port {port} for {OFFSETS[name][1]} is taken: stop the program that uses it, or "
                f"choose another with {name}, for example `{advice}`."
            )


def kept_secrets(path: Path) -> dict[str, str]:
    """Return secrets for local use, made once and kept in a file that only its owner can read."""
    if path.exists():
        kept: dict[str, str] = json.loads(path.read_text())
        return kept
    made = {name: secrets.token_urlsafe(SECRET_BYTES) for name in SECRET_NAMES}
    write_private(path, made)
    return made


def write_private(path: Path, content: Mapping[str, object]) -> None:
    """Write JSON to a file of mode 600, all at once."""
    partial = path.with_suffix(".new")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(content, file, indent=2)
    partial.rename(path)


def for_children(given: Given, embedded: Mapping[str, str]) -> dict[str, str]:
    """Return a child's environment: what was given, else the embedded stores, secrets, defaults."""
    numbers = given.ports
    page = [f"http://{host}:{numbers['PORT']}" for host in (LOOPBACK, "localhost")]
    defaults = {
        "APP_ENV": "local",
        "MONGO_DB": "collab_logs",
        "JWT_EXPIRES_IN": "15m",
        "API_URL": page[0],
        "REALTIME_URL": f"ws://{LOOPBACK}:{numbers['REALTIME_PORT']}",
        "UPSTASH_REDIS_REST_URL": f"http://{LOOPBACK}:{numbers['UPSTASH_PORT']}",
        "CORS_ORIGINS": ",".join(page),
        "WEBHOOK_ALLOW_PRIVATE": "127.0.0.0/8,::1/128",
        "PYTHONUNBUFFERED": "1",
        **kept_secrets(given.local / "secrets.json"),
        **_mailbox(given),
    }
    if "DATABASE_URL" in embedded:
        defaults["DATABASE_POOLED"] = "off"
    return {**defaults, **embedded, **given.variables, **{n: str(p) for n, p in numbers.items()}}


def _mailbox(given: Given) -> dict[str, str]:
    """Return what leads mails to the local mailbox, and their links to its pages."""
    if given.has("SMTP_URL"):
        return {}
    url = f"http://{LOOPBACK}:{given.ports['MAIL_PORT']}"
    return {
        "MAIL_URL": url,
        "SMTP_URL": f"smtp://{LOOPBACK}:{given.ports['MAIL_SMTP_PORT']}",
        "MAIL_FROM": "Collab <no-reply@localhost>",
        "APP_URL": f"{url}/links",
    }

"""What tests of accounts share: the mails that were queued, settings, the hasher's work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from argon2 import PasswordHasher

from lib.access import links
from lib.config import settings
from lib.mail import mail
from lib.stores import postgres


@pytest.fixture
def mails(stack) -> Callable[[str], list[dict[str, Any]]]:
    """Return the mails to an address, oldest first, as they were queued."""

    def of(email: str) -> list[dict[str, Any]]:
        with postgres.connection() as conn:
            rows = conn.execute(
                "SELECT payload FROM jobs WHERE kind = %s AND payload->>'to' = %s ORDER BY id",
                [mail.KIND, email],
            ).fetchall()
        return [row["payload"] for row in rows]

    return of


@pytest.fixture
def mailed_token(mails) -> Callable[[str], str]:
    """Return the token of the newest link that was mailed to an address."""

    def of(email: str) -> str:
        link = [each["link"] for each in mails(email) if each["link"]][-1]
        return links.token(link["purpose"], UUID(link["id"]))

    return of


@pytest.fixture
def configure(monkeypatch, stack):
    """Set variables of the environment until the test ends."""

    def set_to(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()

    yield set_to
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
def hashed(monkeypatch):
    """What the real hasher is asked to do, in order: what an attacker would time."""
    seen: list[str] = []

    def counted(name: str) -> None:
        real = getattr(PasswordHasher, name)

        def call(self, *args: Any, **kwargs: Any) -> Any:
            seen.append(name)
            return real(self, *args, **kwargs)

        monkeypatch.setattr(PasswordHasher, name, call)

    for name in ("hash", "verify"):
        counted(name)
    return seen

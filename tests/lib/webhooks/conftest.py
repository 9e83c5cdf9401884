"""What tests of webhooks share: a webhook of the team, and its deliveries as they are kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lib.stores import postgres

URL = "https://hooks.example.com/collab?token=canary"


@pytest.fixture
def webhook(team) -> Callable[..., dict[str, Any]]:
    """Add a webhook to the team's workspace; keywords are its members."""

    def add(**body: Any) -> dict[str, Any]:
        path = f"/workspaces/{team.workspace['id']}/webhooks"
        answer = team.owner.post(path, {"url": URL} | body)
        assert answer.status_code == 201, answer.text
        made = answer.get_json()
        return made | {"path": f"{path}/{made['id']}"}

    return add


@pytest.fixture
def types(stack) -> Callable[[dict[str, Any]], list[str]]:
    """The types of a webhook's deliveries, in the order of their events."""

    def of(hook: dict[str, Any]) -> list[str]:
        return [row["type"] for row in rows(hook)]

    return of


def rows(hook: dict[str, Any]) -> list[dict[str, Any]]:
    """A webhook's deliveries as they are kept."""
    with postgres.connection() as conn:
        return conn.execute(
            "SELECT * FROM webhook_deliveries WHERE endpoint_id = %s ORDER BY event_id",
            [hook["id"]],
        ).fetchall()

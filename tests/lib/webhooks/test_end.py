"""The end of a workspace: its webhooks are told of it, and go once they have been."""

import pytest

from lib.stores import postgres
from lib.webhooks import endpoints
from tests.conftest import PASSWORD
from tests.lib.webhooks.conftest import URL, rows


@pytest.fixture
def end(team):
    """End the team's workspace."""
    return lambda: team.owner.delete(f"/workspaces/{team.workspace['id']}").status_code


@pytest.fixture
def settle(stack):
    """Put what waits for a webhook into a state."""

    def put(hook, state):
        with postgres.connection() as conn:
            conn.execute(
                "UPDATE webhook_deliveries SET state = %s WHERE endpoint_id = %s",
                [state, hook["id"]],
            )

    return put


def left(hook):
    """What there is still of a webhook: endpoint, secrets, deliveries."""
    with postgres.connection() as conn:
        endpoint, secrets = (
            conn.execute(f"SELECT 1 FROM {where} = %s", [hook["id"]]).fetchall()  # noqa: S608
            for where in ("webhook_endpoints WHERE id", "webhook_secrets WHERE endpoint_id")
        )
    return len(endpoint), len(secrets), len(rows(hook))


def forget():
    with postgres.transaction() as conn:
        return endpoints.forget(conn, 100)


def test_the_end_of_its_workspace_is_the_last_that_a_webhook_is_told(webhook, types, end, team):
    told, other = webhook(events=["workspace.deleted"]), webhook(events=["project.*"])
    project = f"/workspaces/{team.workspace['id']}/projects"
    assert team.owner.post(project, {"name": "Another"}).status_code == 201
    assert end() == 204
    assert types(told) == ["workspace.deleted"]
    assert rows(told)[0]["payload"]["data"]["target"]["id"] == team.workspace["id"]
    assert types(other) == ["project.created"]
    assert team.owner.get(told["path"]).status_code == 404


def test_it_goes_with_its_secrets_and_log_when_nothing_waits_any_more(webhook, end, settle, person):
    hook, idle, stranger = webhook(events=["workspace.*"]), webhook(enabled=False), person("Sven")
    other = stranger.post("/workspaces", {"name": "Another"}).get_json()
    kept = stranger.post(f"/workspaces/{other['id']}/webhooks", {"url": URL}).get_json()
    forget()
    assert end() == 204
    forget()
    assert (left(hook), left(idle)) == ((1, 1, 1), (0, 0, 0))
    settle(hook, "delivered")
    forget()
    assert left(hook) == (0, 0, 0)
    assert left(kept)[:2] == (1, 1)


def test_whoever_leaves_for_good_has_the_webhooks_of_their_workspaces_told(person, types):
    owner = person("Olga")
    workspace = owner.post("/workspaces", {"name": "Mine alone"}).get_json()
    hook = owner.post(
        f"/workspaces/{workspace['id']}/webhooks", {"url": URL, "events": ["workspace.*"]}
    ).get_json()
    assert owner.send("DELETE", "/me", {"password": PASSWORD}).status_code == 204
    assert types(hook) == ["workspace.deleted"]

"""Webhooks of a workspace: which there may be, what is shown of them, how their secrets live."""

import json
from uuid import UUID

import pytest

from lib.access import tokens
from lib.config import settings
from lib.ids import new_id
from lib.stores import postgres
from lib.webhooks import endpoints, rotation, sealing, secret_store
from tests.lib.webhooks.conftest import URL

NOWHERE = "0190aaaa-0000-7000-8000-000000000000"


@pytest.fixture
def opened():
    def of(hook):
        with postgres.connection() as conn:
            return secret_store.opened(conn, UUID(hook["id"]))

    return of


def test_a_webhook_is_made_read_changed_listed_and_deleted(team, webhook):
    made = webhook(description="Ours", events=["project.*", "job.failed"])
    path, secret = made.pop("path"), made.pop("secret")
    assert secret.startswith("whsec_")
    assert made["url"] == URL
    assert (made["enabled"], made["disabled_for"], made["failing_since"]) == (True, None, None)
    assert [s["expires_at"] for s in made["secrets"]] == [None]
    assert team.owner.get(path).get_json() == made
    changed = team.owner.patch(path, {"events": ["*"], "enabled": False}).get_json()
    assert (changed["events"], changed["enabled"], changed["url"]) == (["*"], False, URL)
    listed = team.owner.get(path.rpartition("/")[0]).get_json()["items"]
    assert listed == [changed]
    assert team.owner.delete(path).status_code == 204
    assert team.owner.get(path).status_code == 404


def test_by_default_it_is_told_everything_of_the_whole_workspace(webhook):
    made = webhook()
    assert (made["events"], made["project_id"], made["description"]) == (["*"], None, "")


@pytest.mark.parametrize(
    "filter_",
    ["", "project", "project.", ".created", "project.created.x", "Project.created", "project.**",
     "*.created", "**", " *", "project.* ", "project.created\n", "pro ject.created", "-.x"],
)  # fmt: skip
def test_a_filter_that_can_match_nothing_is_refused_with_a_pointer(filter_, team):
    body = {"url": URL, "events": ["project.created", filter_]}
    answer = team.owner.post(f"/workspaces/{team.workspace['id']}/webhooks", body)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.get_json()["errors"]] == ["/events/1"]


@pytest.mark.parametrize("body", [{"events": []}, {"events": ["*"] * 31}, {"enabled": 1}, {}])
def test_what_is_no_change_is_refused(body, team, webhook):
    assert team.owner.patch(webhook()["path"], body).status_code == 422


def test_a_project_has_to_be_one_of_the_workspace(team, webhook, person):
    elsewhere = person("Else")
    other = elsewhere.post("/workspaces", {"name": "Other"}).get_json()
    foreign = elsewhere.post(f"/workspaces/{other['id']}/projects", {"name": "Theirs"}).get_json()
    path = f"/workspaces/{team.workspace['id']}/webhooks"
    for project_id in (foreign["id"], NOWHERE):
        answer = team.owner.post(path, {"url": URL, "project_id": project_id})
        assert answer.status_code == 422
        assert answer.get_json()["errors"][0]["pointer"] == "/project_id"
        assert team.owner.patch(webhook()["path"], {"project_id": project_id}).status_code == 422
    made = webhook(project_id=team.project["id"])
    assert made["project_id"] == team.project["id"]
    assert team.owner.patch(made["path"], {"project_id": None}).get_json()["project_id"] is None


def test_a_webhook_is_found_in_its_own_workspace_alone(team, webhook):
    made = webhook()
    other = team.owner.post("/workspaces", {"name": "Other"}).get_json()
    path = f"/workspaces/{other['id']}/webhooks/{made['id']}"
    ping = team.owner.post(f"{made['path']}/ping").get_json()
    requests = (
        ("GET", "", None), ("GET", "/deliveries", None), ("GET", f"/deliveries/{ping['id']}", None),
        ("PATCH", "", {"description": "x"}), ("POST", "/ping", None), ("POST", "/secrets", {}),
        ("POST", f"/deliveries/{ping['id']}/redeliver", None),
        ("POST", "/redeliver", {"since": "2026-01-01T00:00:00Z"}),
        ("DELETE", f"/secrets/{made['secrets'][0]['id']}", None), ("DELETE", "", None),
    )  # fmt: skip
    for method, rest, body in requests:
        assert team.owner.send(method, path + rest, body).status_code == 404, (method, rest)
    for method, rest, body in requests:
        answer = team.owner.send(method, made["path"] + rest, body)
        assert answer.status_code < 300, (method, rest, answer.text)


def test_a_workspace_has_so_many_webhooks_and_no_more_however_they_are_made(team, at_once):
    path = f"/workspaces/{team.workspace['id']}/webhooks"
    for _ in range(endpoints.MAX_ENDPOINTS - 3):
        assert team.owner.post(path, {"url": URL}).status_code == 201
    answers = at_once(8, lambda _: team.owner.post(path, {"url": URL}).status_code)
    assert sorted(answers) == [201] * 3 + [409] * 5
    assert len(team.owner.get(path).get_json()["items"]) == endpoints.MAX_ENDPOINTS


def test_a_change_may_mean_one_version_only(team, webhook):
    path = webhook()["path"]
    tag = team.owner.get(path).headers["ETag"]
    headers = {"If-Match": tag}
    assert team.owner.patch(path, {"description": "a"}, headers=headers).status_code == 200
    assert team.owner.patch(path, {"description": "b"}, headers=headers).status_code == 412
    assert team.owner.delete(path, headers=headers).status_code == 412


def test_a_retried_creation_is_answered_with_the_same_secret(team):
    path, key = f"/workspaces/{team.workspace['id']}/webhooks", {"Idempotency-Key": str(new_id())}
    first, again = (team.owner.post(path, {"url": URL}, headers=key) for _ in range(2))
    assert first.get_json() == again.get_json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(team.owner.get(path).get_json()["items"]) == 1


def test_what_is_done_to_a_webhook_is_in_the_log_without_its_url(team, webhook):
    made = webhook()
    team.owner.patch(made["path"], {"description": "x"})
    team.owner.post(f"{made['path']}/secrets", {})
    team.owner.delete(f"{made['path']}/secrets/{made['secrets'][0]['id']}")
    team.owner.post(f"{made['path']}/ping")
    team.owner.delete(made["path"])
    with postgres.connection() as conn:
        found = conn.execute(
            "SELECT event FROM audit_outbox WHERE event ->> 'target_id' = %s ORDER BY id",
            [made["id"]],
        ).fetchall()
    events = [row["event"] for row in found]
    assert [event["action"] for event in events] == [
        "webhook.created", "webhook.updated", "webhook.secret-added", "webhook.secret-removed",
        "webhook.pinged", "webhook.deleted",
    ]  # fmt: skip
    assert {event["details"]["origin"] for event in events} == {"https://hooks.example.com"}
    assert "canary" not in json.dumps(events)


def test_secrets_sign_side_by_side_until_their_end(team, webhook, opened):
    made = webhook()
    second = team.owner.post(f"{made['path']}/secrets", {"keep_for": 100}).get_json()
    assert opened(made) == [second["secret"], made["secret"]]
    third = team.owner.post(f"{made['path']}/secrets", {"keep_for": 1000}).get_json()
    assert opened(made) == [third["secret"], second["secret"], made["secret"]]
    shown = team.owner.get(made["path"]).get_json()["secrets"]
    assert [s["id"] for s in shown] == [third["id"], second["id"], made["secrets"][0]["id"]]
    assert shown[0]["expires_at"] is None
    assert shown[2]["expires_at"] < shown[1]["expires_at"]  # a later rotation lengthens no life
    with postgres.connection() as conn:
        conn.execute("UPDATE webhook_secrets SET expires_at = now() WHERE id = %s", [second["id"]])
    assert opened(made) == [third["secret"], made["secret"]]
    assert len(team.owner.get(made["path"]).get_json()["secrets"]) == 2
    last = team.owner.post(f"{made['path']}/secrets", {"keep_for": 0}).get_json()
    assert opened(made) == [last["secret"]]


def test_the_secret_that_signs_stays_and_an_older_one_can_go(team, webhook, opened):
    made = webhook()
    first = f"{made['path']}/secrets/{made['secrets'][0]['id']}"
    assert team.owner.delete(first).status_code == 409
    second = team.owner.post(f"{made['path']}/secrets", {}).get_json()
    assert team.owner.delete(first).status_code == 204
    assert team.owner.delete(first).status_code == 404
    assert opened(made) == [second["secret"]]


def test_so_many_secrets_sign_and_no_more(team, webhook):
    path = f"{webhook()['path']}/secrets"
    for _ in range(rotation.MAX_SECRETS - 1):
        assert team.owner.post(path, {}).status_code == 201
    assert team.owner.post(path, {}).status_code == 409
    assert team.owner.post(path, {"keep_for": 0}).status_code == 201


@pytest.fixture
def secret_of_the_server(monkeypatch):
    """Sign with another secret; those before are accepted as long as they are named."""

    def use(secret, *previous):
        monkeypatch.setenv("JWT_SECRET", secret)
        monkeypatch.setenv("JWT_PREVIOUS_SECRETS", ",".join(previous))
        settings.cache_clear()
        tokens.keys.cache_clear()

    yield use
    monkeypatch.undo()
    settings.cache_clear()
    tokens.keys.cache_clear()


def test_the_servers_secret_can_be_changed_once_all_is_sealed_anew(
    webhook, opened, secret_of_the_server
):
    made, first = webhook(), settings().jwt_secret
    second, third = "second" * 8, "third" * 8
    secret_of_the_server(second, first)
    assert opened(made) == [made["secret"]]
    assert secret_store.reseal() >= 1
    assert secret_store.reseal() == 0
    secret_of_the_server(second)
    assert opened(made) == [made["secret"]]
    secret_of_the_server(third)
    with pytest.raises(sealing.Unopenable):
        opened(made)
    secret_of_the_server(first, second)  # as the other tests have it
    assert secret_store.reseal() >= 1
    assert opened(made) == [made["secret"]]


def test_a_secret_that_is_damaged_keeps_no_other_from_being_sealed_anew(
    webhook, opened, secret_of_the_server
):
    damaged, made, first = webhook(), webhook(), settings().jwt_secret
    with postgres.connection() as conn:
        conn.execute(
            "UPDATE webhook_secrets SET sealed = 'damaged-as-it-is' WHERE endpoint_id = %s",
            [damaged["id"]],
        )
    secret_of_the_server("second" * 8, first)
    assert secret_store.reseal() >= 1
    secret_of_the_server("second" * 8)
    assert opened(made) == [made["secret"]]
    secret_of_the_server(first, "second" * 8)
    assert secret_store.reseal() >= 1


def test_what_is_sealed_for_one_row_opens_in_no_other(stack):
    row, other = new_id(), new_id()
    sealed = sealing.seal("whsec_canary", row)
    assert sealing.unseal(sealed, row, sealing.key_id()) == "whsec_canary"
    assert b"canary" not in sealed
    changed = bytes([*sealed[:-1], sealed[-1] ^ 1])
    for text, where, by in (
        (sealed, other, sealing.key_id()),
        (changed, row, sealing.key_id()),
        (sealed, row, "unknown"),
    ):
        with pytest.raises(sealing.Unopenable):
            sealing.unseal(text, where, by)

"""Webhooks from the event to the receiver, through functions, stores and real workers."""

import signal
import ssl
import time

import pytest
import trustme
from standardwebhooks import WebhookVerificationError

from lib.stores import postgres
from tests.receiver import Answer, Receiver, loopback, receiver, webhook

__all__ = ["loopback", "receiver", "webhook"]


@pytest.fixture
def add_project(team):
    def add(name="Another"):
        path = f"/workspaces/{team.workspace['id']}/projects"
        answer = team.collaborator.post(path, {"name": name})
        assert answer.status_code == 201, answer.text
        return answer.get_json()

    return add


@pytest.fixture
def log(team):
    """The deliveries of a webhook, newest first."""

    def read(hook, query=""):
        answer = team.owner.get(f"{hook['path']}/deliveries?limit=200{query}")
        assert answer.status_code == 200, answer.text
        return answer.get_json()["items"]

    return read


@pytest.fixture
def settled(team, eventually):
    """Wait until a delivery has been attempted so often, and is not under way; return it whole."""

    def wait(hook, delivery, attempts=1, within=20):
        def look():
            now = team.owner.get(f"{hook['path']}/deliveries/{delivery['id']}").get_json()
            free = now["state"] != "pending" or now["next_at"]
            return len(now["attempts"]) >= attempts and free and now

        return eventually(look, within, f"{attempts} attempts were not made in time")

    return wait


def hurry():
    """Let what waits for its next attempt be due now."""
    with postgres.connection() as conn:
        conn.execute(
            "UPDATE webhook_deliveries SET next_at = now()"
            " WHERE state = 'pending' AND job_id IS NULL"
        )
        conn.execute("UPDATE webhook_endpoints SET rests_until = NULL")


def test_an_event_comes_signed_and_thin(worker, webhook, receiver, add_project, eventually, team):
    hook = webhook(events=["project.*"])
    worker()
    project = add_project()
    eventually(lambda: receiver.requests)
    (request,) = receiver.requests
    event = request.verified(hook["secret"])
    assert event == {
        "type": "project.created",
        "timestamp": event["timestamp"],
        "data": {
            "id": request.id,
            "action": "project.created",
            "actor": {"id": team.collaborator.id, "name": "Carl"},
            "target": {"type": "project", "id": project["id"]},
            "workspace_id": team.workspace["id"],
            "project_id": project["id"],
            "details": {"name": "Another"},
        },
    }
    assert list(event) == ["type", "timestamp", "data"]
    assert request.path == "/hook"
    assert request.headers["content-type"] == "application/json"
    assert abs(int(request.headers["webhook-timestamp"]) - time.time()) < 30


def test_the_end_of_a_workspace_comes_signed_though_the_webhook_went_with_it(
    worker, webhook, receiver, eventually, team
):
    receiver.answers = [Answer(500), Answer(200)]
    hook = webhook(events=["workspace.deleted"])
    worker()
    assert team.owner.delete(f"/workspaces/{team.workspace['id']}").status_code == 204
    eventually(lambda: len(receiver.requests) == 2, 60, "it was not tried again")
    first, second = (request.verified(hook["secret"]) for request in receiver.requests)
    assert first == second
    assert first["type"] == "workspace.deleted"
    assert first["data"]["target"] == {"type": "workspace", "id": team.workspace["id"]}


def test_while_secrets_change_both_sign_and_one_that_is_removed_does_not(
    worker, webhook, receiver, eventually, team
):
    hook = webhook(events=["file.deleted"])
    worker()

    def ping():
        count = len(receiver.requests)
        assert team.owner.post(f"{hook['path']}/ping").status_code == 202
        eventually(lambda: len(receiver.requests) > count)
        return receiver.requests[-1]

    old = ping()
    made = team.owner.post(f"{hook['path']}/secrets", {"keep_for": 3600}).get_json()
    both = ping()
    assert old.verified(hook["secret"])
    with pytest.raises(WebhookVerificationError):
        old.verified(made["secret"])
    assert both.verified(hook["secret"]) == both.verified(made["secret"])
    assert len(both.headers["webhook-signature"].split(" ")) == 2
    (_, first) = team.owner.get(hook["path"]).get_json()["secrets"]
    assert team.owner.delete(f"{hook['path']}/secrets/{first['id']}").status_code == 204
    new = ping()
    assert new.verified(made["secret"])
    with pytest.raises(WebhookVerificationError):
        new.verified(hook["secret"])
    team.owner.post(f"{hook['path']}/secrets", {"keep_for": 0})
    with pytest.raises(WebhookVerificationError):
        ping().verified(made["secret"])


def test_what_a_receiver_does_not_take_comes_again_after_five_seconds_under_the_same_id(
    worker, webhook, receiver, add_project, eventually, log, settled
):
    receiver.answers = [Answer(500, body=b"out of order"), Answer(200)]
    hook = webhook(events=["project.created"])
    worker()
    add_project()
    eventually(lambda: log(hook))
    failed = settled(hook, log(hook)[0])
    assert (failed["state"], failed["tries"]) == ("pending", 1)
    assert failed["last_attempt"]["status"] == 500
    assert failed["last_attempt"]["excerpt"] == "out of order"
    began = time.monotonic()
    done = settled(hook, failed, 2)
    assert 2 < time.monotonic() - began < 20
    assert (done["state"], done["tries"], done["next_at"]) == ("delivered", 2, None)
    assert [attempt["status"] for attempt in done["attempts"]] == [500, 200]
    first, second = receiver.requests
    assert first.id == second.id == done["id"]
    assert first.body == second.body
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) >= 5
    assert second.verified(hook["secret"])


def test_no_answer_in_time_is_a_failure_and_a_slow_end_of_one_is_none(
    worker, webhook, receiver, add_project, eventually, log, settled
):
    receiver.answers = [Answer(pause=3), Answer(200, body=b"x" * 100, drip=0.1)]
    hook = webhook(events=["project.created"])
    worker(WEBHOOK_TIMEOUT="1s")
    add_project()
    eventually(lambda: log(hook))
    failed = settled(hook, log(hook)[0])
    assert failed["last_attempt"]["status"] is None
    assert failed["last_attempt"]["error"] == "No answer came within 1 seconds."
    assert 900 < failed["last_attempt"]["ms"] < 3000
    hurry()
    done = settled(hook, failed, 2)
    assert done["state"] == "delivered"
    assert done["last_attempt"]["ms"] < 5000
    assert 1 <= len(done["last_attempt"]["excerpt"]) < 60


def test_a_redirect_is_not_followed_and_a_huge_answer_not_read(
    worker, webhook, receiver, add_project, eventually, log, settled
):
    elsewhere = {"Location": receiver.url.replace("/hook", "/elsewhere")}
    receiver.answers = [Answer(302, elsewhere), Answer(307, elsewhere), Answer(200, endless=True)]
    hook = webhook(events=["project.created"])
    worker()
    add_project()
    eventually(lambda: log(hook))
    settled(hook, log(hook)[0])
    hurry()
    failed = settled(hook, log(hook)[0], 2)
    assert [attempt["status"] for attempt in failed["attempts"]] == [302, 307]
    assert failed["state"] == "pending"
    hurry()
    done = settled(hook, failed, 3)
    assert done["state"] == "delivered"
    assert done["last_attempt"]["excerpt"] == "x" * 1024
    assert {request.path for request in receiver.requests} == {"/hook"}
    eventually(lambda: receiver.written)
    written = receiver.written
    time.sleep(0.5)  # that nothing more comes can only be waited for
    assert receiver.written == written < 16 * 1024 * 1024


def test_gone_disables_the_webhook_and_its_owners_are_told(
    worker, webhook, receiver, add_project, eventually, log, team
):
    receiver.at["/hook"] = Answer(410)
    hook = webhook(events=["project.created"])
    other = webhook(events=["webhook.*"], url=receiver.url.replace("/hook", "/other"))
    worker()
    add_project()
    now = eventually(lambda: (w := team.owner.get(hook["path"]).get_json())["disabled_for"] and w)
    assert (now["enabled"], now["disabled_for"]) == (False, "gone")
    (delivery,) = log(hook)
    assert (delivery["state"], delivery["last_attempt"]["status"]) == ("failed", 410)
    add_project()
    assert len(log(hook)) == 1
    with postgres.connection() as conn:
        (mail,) = conn.execute(
            "SELECT payload FROM jobs WHERE payload->>'template' = 'webhook-disabled'"
            " AND payload->>'to' = %s",
            [team.owner.email],
        ).fetchall()
    assert mail["payload"]["values"]["host"] == "127.0.0.1"
    told = eventually(lambda: log(other, "&type=webhook.disabled"))
    whole = team.owner.get(f"{other['path']}/deliveries/{told[0]['id']}").get_json()
    assert whole["payload"]["data"]["actor"] is None
    assert whole["payload"]["data"]["details"]["reason"] == "gone"


def test_after_days_of_failures_alone_a_webhook_is_disabled_and_one_success_forgives_all(
    worker, webhook, receiver, add_project, eventually, team, log, settled
):
    def fail_for(days):
        with postgres.connection() as conn:
            conn.execute(
                "UPDATE webhook_endpoints SET failing_since = now() - make_interval(days => %s)"
                " WHERE id = %s",
                [days, hook["id"]],
            )

    receiver.answers = [Answer(500)]
    hook = webhook(events=["project.created"])
    worker()
    add_project()
    eventually(lambda: log(hook))
    delivery = settled(hook, log(hook)[0])
    assert team.owner.get(hook["path"]).get_json()["failing_since"]
    fail_for(4)
    hurry()
    settled(hook, delivery, 2)
    assert team.owner.get(hook["path"]).get_json()["enabled"] is True
    receiver.answers = [Answer(200)]
    hurry()
    assert settled(hook, delivery, 3)["state"] == "delivered"
    assert team.owner.get(hook["path"]).get_json()["failing_since"] is None
    receiver.answers = [Answer(500)]
    add_project()
    eventually(lambda: len(log(hook)) == 2)
    delivery = settled(hook, log(hook)[0])
    fail_for(6)
    hurry()
    assert settled(hook, delivery, 2)["state"] == "failed"
    now = team.owner.get(hook["path"]).get_json()
    assert (now["enabled"], now["disabled_for"]) == (False, "failing")
    receiver.answers = [Answer(200)]
    assert (
        team.owner.post(f"{hook['path']}/redeliver", {"since": "2026-01-01T00:00:00Z"}).status_code
        == 409
    )
    back = team.owner.patch(hook["path"], {"enabled": True}).get_json()
    assert (back["disabled_for"], back["failing_since"]) == (None, None)
    begun = team.owner.post(f"{hook['path']}/redeliver", {"since": "2026-01-01T00:00:00Z"})
    assert begun.get_json() == {"redelivered": 1, "more": False}
    assert settled(hook, delivery, 3)["state"] == "delivered"


def test_a_receiver_that_asks_for_time_is_given_it(
    worker, webhook, receiver, add_project, eventually, log, settled
):
    receiver.answers = [Answer(429, {"Retry-After": "120"})]
    hook = webhook(events=["project.created"])
    worker()
    add_project()
    eventually(lambda: log(hook))
    delivery = settled(hook, log(hook)[0])
    with postgres.connection() as conn:
        row = conn.execute(
            "SELECT extract(epoch FROM next_at - now())::float8 AS waits FROM webhook_deliveries"
            " WHERE event_id = %s",
            [delivery["id"]],
        ).fetchone()
    assert 100 < row["waits"] < 135


def test_a_delivery_comes_again_when_it_is_asked_for(
    worker, webhook, receiver, add_project, eventually, log, settled, team
):
    hook = webhook(events=["project.created"])
    worker()
    add_project()
    eventually(lambda: log(hook))
    delivery = settled(hook, log(hook)[0])
    assert delivery["state"] == "delivered"
    again = team.owner.post(f"{hook['path']}/deliveries/{delivery['id']}/redeliver")
    assert (again.status_code, again.get_json()["state"]) == (202, "pending")
    done = settled(hook, delivery, 2)
    assert (done["state"], done["tries"], len(done["attempts"])) == ("delivered", 1, 2)
    assert receiver.ids() == [delivery["id"]] * 2


def test_a_ping_comes_whatever_the_filter_says(worker, webhook, receiver, eventually, team):
    hook = webhook(events=["file.deleted"])
    worker()
    sent = team.owner.post(f"{hook['path']}/ping")
    assert sent.status_code == 202
    eventually(lambda: receiver.requests)
    event = receiver.requests[0].verified(hook["secret"])
    assert event["type"] == "webhook.ping"
    assert event["data"]["target"] == {"type": "webhook", "id": hook["id"]}
    found = eventually(
        lambda: (d := team.owner.get(sent.headers["Location"]).get_json())["attempts"] and d
    )
    assert found["state"] == "delivered"
    assert event == found["payload"]


def test_every_event_is_one_delivery_and_arrives_though_workers_are_killed(
    worker, webhook, receiver, add_project, eventually, log
):
    receiver.answers = [Answer(pause=0.05)]
    hook = webhook(events=["project.created"])
    running = worker()
    projects = []
    for round_ in range(3):
        projects += [add_project()["id"] for _ in range(10)]
        count = len(receiver.requests)
        eventually(lambda seen=count: len(receiver.requests) > seen + 1, 30)
        running.send(signal.SIGKILL)
        running.wait()
        running = worker()
        assert round_ < 3
    eventually(lambda: {d["state"] for d in log(hook)} == {"delivered"}, 60)
    deliveries = log(hook)
    assert len(deliveries) == len(projects) == 30
    assert set(receiver.ids()) == {delivery["id"] for delivery in deliveries}
    told = {request.id: request.event["data"]["target"]["id"] for request in receiver.requests}
    assert sorted(told.values()) == sorted(projects)


def test_a_slow_receiver_keeps_neither_others_nor_other_jobs_waiting(
    worker, webhook, receiver, add_project, eventually, submit, ended, log
):
    slow = webhook(events=["project.created"])
    quick = webhook(events=["project.created"], url=receiver.url.replace("/hook", "/quick"))
    receiver.at["/hook"] = Answer(pause=2.5)
    worker(WORKER_CONCURRENCY="4")
    for _ in range(20):
        add_project()
    eventually(lambda: {d["state"] for d in log(quick)} == {"delivered"}, 20)
    assert len(log(quick)) == 20
    assert ended(submit("nothing"), 10)["state"] == "succeeded"
    assert sum(d["state"] == "delivered" for d in log(slow)) < 15


def test_however_many_receivers_are_slow_other_jobs_go_on_in_half_of_the_threads(
    worker, webhook, receiver, add_project, eventually, submit, ended, log
):
    receiver.answers = [Answer(pause=120)]
    slow = [webhook(events=["project.created"]) for _ in range(3)]
    for _ in range(4):
        add_project()
    worker(WORKER_CONCURRENCY="4", WEBHOOK_TIMEOUT="2m")
    eventually(lambda: len(receiver.requests) == 2, 30, "nothing was sent")
    jobs = [submit("nothing") for _ in range(20)]
    assert {ended(job)["state"] for job in jobs} == {"succeeded"}
    assert len(receiver.requests) == 2, "half of the threads are free of webhooks"
    assert {d["state"] for hook in slow for d in log(hook)} == {"pending"}


def test_in_the_archive_what_was_due_still_comes(
    worker, webhook, receiver, add_project, eventually, team, log
):
    hook = webhook(events=["project.created", "workspace.*"])
    add_project()
    archive = f"/workspaces/{team.workspace['id']}/archive"
    assert team.owner.post(archive).status_code == 200
    worker()
    eventually(lambda: sorted(receiver.types()) == ["project.created", "workspace.archived"])
    assert team.owner.patch(hook["path"], {"enabled": False}).status_code == 409
    assert len(log(hook)) == 2


def test_jobs_are_told_of_and_the_jobs_that_deliver_are_not(
    worker, webhook, receiver, submit, ended, eventually
):
    webhook(events=["*"])
    worker()
    job = ended(submit("nothing"))
    eventually(lambda: "job.succeeded" in receiver.types())
    time.sleep(1.5)  # two rounds of the loop, in which a delivery could bring about another
    assert sorted(receiver.types()) == [
        "job.started", "job.submitted", "job.succeeded", "webhook.created",
    ]  # fmt: skip
    assert {r.event["data"]["target"]["id"] for r in receiver.requests} >= {job["id"]}


def test_neither_secrets_nor_urls_show_in_logs_jobs_and_events(
    worker, webhook, receiver, add_project, eventually, log, settled
):
    receiver.answers = [Answer(500)]
    hook = webhook(events=["project.created"], url=f"{receiver.url}?token=canary-of-the-url")
    running = worker(LOG_LEVEL="DEBUG")
    add_project()
    eventually(lambda: log(hook))
    delivery = settled(hook, log(hook)[0])
    assert receiver.requests[0].path == "/hook?token=canary-of-the-url"
    with postgres.connection() as conn:
        jobs = conn.execute(
            "SELECT payload, result, error, request_id FROM jobs WHERE kind = 'webhook.delivery'"
            " AND payload ->> 'event_id' = %s",
            [delivery["id"]],
        ).fetchall()
        told = conn.execute("SELECT event FROM audit_outbox").fetchall()
        kept = conn.execute(
            "SELECT payload, attempts FROM webhook_deliveries WHERE endpoint_id = %s", [hook["id"]]
        ).fetchall()
    eventually(lambda: "webhook.delivery" in running.text.partition("job.ended")[2])
    assert len(jobs) == 1
    everything = running.text + str(jobs) + str(told) + str(kept)
    for secret in (hook["secret"], hook["secret"].removeprefix("whsec_"), "canary-of-the-url"):
        assert secret not in everything


def test_mongodb_need_not_be_there(worker, webhook, receiver, add_project, eventually, freeze):
    webhook(events=["project.created"])
    worker()
    thaw = freeze("mongo")
    add_project()
    eventually(lambda: receiver.requests, 15)
    thaw()


def test_a_worker_that_can_not_open_the_secret_sends_nothing_unsigned(
    worker, webhook, receiver, add_project, eventually, log, settled
):
    hook = webhook(events=["project.created"])
    worker(JWT_SECRET="another secret of the server, long enough")
    add_project()
    eventually(lambda: log(hook))
    failed = settled(hook, log(hook)[0])
    assert failed["state"] == "pending"
    assert "secret can't be opened" in failed["last_attempt"]["error"]
    assert receiver.requests == []


def test_over_tls_a_receiver_is_told_when_it_proves_to_be_the_host_that_was_named(
    worker, webhook, add_project, eventually, log, settled, tmp_path
):
    authority, bundle = trustme.CA(), tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(bundle)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    secure = Receiver(context)
    try:
        named, by_address = (
            webhook(events=["project.created"], url=f"https://{host}:{secure.port}/hook")
            for host in ("localhost", "127.0.0.1")
        )
        worker(SSL_CERT_FILE=str(bundle))
        add_project()
        eventually(lambda: log(named) and log(by_address))
        assert settled(named, log(named)[0])["state"] == "delivered"
        failed = settled(by_address, log(by_address)[0])["last_attempt"]
        assert failed["error"] == "Its certificate is not valid for this host."
        (request,) = secure.requests
        assert request.verified(named["secret"])["type"] == "project.created"
        assert request.headers["host"] == f"localhost:{secure.port}"
    finally:
        secure.stop()

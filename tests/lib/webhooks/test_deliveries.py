"""Deliveries: which events become one, what they say, and how they are given out and settled."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from lib.access.caller import Origin, Person
from lib.audit import events
from lib.audit.events import Event
from lib.config import settings
from lib.ids import first_at, new_id
from lib.stores import postgres
from lib.webhooks import deliveries, dispatch, outcomes
from lib.webhooks.outcomes import SCHEDULE, Attempt
from tests.lib.webhooks.conftest import rows

MATRIX = {
    "*": {
        "project.created",
        "project.updated",
        "project-member.added",
        "member.added",
        "job.failed",
    },
    "project.*": {"project.created", "project.updated"},
    "project.created": {"project.created"},
    "project-member.*": {"project-member.added"},
    "member.added": {"member.added"},
    "job.*": {"job.failed"},
    "job.succeeded": set(),
    "file.*": set(),
}


@pytest.fixture
def happen(team):
    """Record events of the team's workspace, and of its project unless told otherwise."""

    def record(*actions, project_id=team.project["id"], workspace_id=team.workspace["id"], **more):
        about = {
            "target": ("project", uuid4()),
            "workspace_id": workspace_id and UUID(workspace_id),
        }
        about["project_id"] = project_id and UUID(project_id)
        with postgres.transaction() as conn:
            events.record_all(conn, [Event(a, None, **(about | more)) for a in actions])

    return record


@pytest.fixture(autouse=True)
def nothing_of_others(stack):
    """Other tests' deliveries would be given out, too."""
    with postgres.connection() as conn:
        conn.execute("UPDATE webhook_deliveries SET state = 'failed', job_id = NULL")


def now():
    """The database's clock."""
    with postgres.connection() as conn:
        return conn.execute("SELECT now() AS now").fetchone()["now"]


def give_out(hook):
    """Give out what is due of all, and return what of a webhook is in hand then, oldest first."""
    dispatch.dispatch()
    return [row for row in rows(hook) if row["job_id"]]


def rested(hook):
    """Let a webhook have rested for long enough, and what waits for it be due."""
    with postgres.connection() as conn:
        conn.execute("UPDATE webhook_endpoints SET rests_until = NULL WHERE id = %s", [hook["id"]])
        conn.execute(
            "UPDATE webhook_deliveries SET next_at = now() WHERE endpoint_id = %s", [hook["id"]]
        )


def attempt(row, **how):
    """Have the job that holds a delivery make an attempt."""
    at = datetime.now(UTC).isoformat()
    with postgres.transaction() as conn:
        held = outcomes.begin(conn, row["endpoint_id"], row["event_id"], row["job_id"])
        if held is None:
            return None
        return outcomes.settle(conn, held, Attempt(at, **({"ms": 5} | how)))


def test_the_filter_chooses_by_action_and_noun(webhook, happen, types):
    hooks = {each: webhook(events=[each]) for each in MATRIX}
    several = webhook(events=["project.created", "job.*"])
    happen(
        "project.created", "project.updated", "project-member.added", "member.added", "job.failed"
    )
    made = {"webhook.created"}  # of the webhooks after it
    assert {each: set(types(hook)) - made for each, hook in hooks.items()} == MATRIX
    assert types(several) == ["project.created", "job.failed"]


def test_a_webhook_of_one_project_is_told_of_it_alone(webhook, happen, types, team):
    ours, all_of_them = webhook(project_id=team.project["id"]), webhook(events=["project.updated"])
    happen("project.updated")
    happen("project.updated", project_id=str(uuid4()))
    happen("project.updated", project_id=None)
    assert types(ours) == ["project.updated"]
    assert types(all_of_them) == ["project.updated"] * 3


def test_events_of_other_workspaces_and_of_none_are_told_to_nobody_here(webhook, happen, types):
    hook = webhook()
    assert types(hook) == ["webhook.created"]
    happen("project.created", workspace_id=str(uuid4()))
    happen("session.started", workspace_id=None, project_id=None)
    happen("job.submitted", workspace_id=None, project_id=None)
    assert types(hook) == ["webhook.created"]


def test_a_disabled_or_deleted_webhook_is_told_nothing(webhook, happen, types, team):
    off, gone = webhook(enabled=False), webhook()
    assert team.owner.delete(gone["path"]).status_code == 204
    happen("project.created")
    assert types(off) == types(gone) == []
    assert team.owner.patch(off["path"], {"enabled": True}).status_code == 200
    happen("project.created")
    assert types(off) == ["webhook.updated", "project.created"]


def test_what_is_rolled_back_is_told_to_nobody(webhook, types, team):
    hook = webhook(events=["project.created"])
    about = {"target": ("project", uuid4()), "workspace_id": UUID(team.workspace["id"])}
    with suppress(ZeroDivisionError), postgres.transaction() as conn:
        events.record(conn, "project.created", None, **about)
        told = conn.execute(
            "SELECT 1 FROM webhook_deliveries WHERE endpoint_id = %s", [hook["id"]]
        ).fetchall()
        raise ZeroDivisionError
    assert len(told) == 1
    assert types(hook) == []


def test_it_says_who_did_what_and_nothing_of_addresses_clients_and_workers(webhook, happen):
    hook = webhook(events=["member.added", "job.started"])
    person = Person(uuid4(), "canary@example.com", "Olga")
    origin = Origin("canary-request", "203.0.113.9", "canary-agent")
    details = {"email": "canary@example.com", "role": "viewer"}
    began = {"kind": "test", "attempt": 1, "worker": "canary-host"}
    with postgres.transaction() as conn:
        about = {"target": ("account", uuid4()), "workspace_id": UUID(hook["workspace_id"])}
        events.record(conn, "member.added", person, origin=origin, details=details, **about)
        events.record(conn, "job.started", person, origin=origin, details=began, **about)
    row, started = rows(hook)
    assert started["payload"]["data"]["details"] == {"kind": "test", "attempt": 1}
    said = row["payload"]
    assert said["data"] == {
        "id": str(row["event_id"]),
        "action": "member.added",
        "actor": {"id": str(person.user_id), "name": "Olga"},
        "target": {"type": "account", "id": str(about["target"][1])},
        "workspace_id": hook["workspace_id"],
        "project_id": None,
        "details": {"role": "viewer"},
    }
    assert datetime.fromisoformat(said["timestamp"]).tzinfo
    said = json.dumps([said, started["payload"]])
    assert not any(word in said for word in ("canary", "203.0.113.9"))


def test_an_event_while_its_webhook_is_deleted_fails_nobody(webhook, happen, team, at_once):
    """What a foreign key would do: let the event wait for the deletion, and fail."""
    hooks = [webhook(events=["project.created"]) for _ in range(4)]

    def act(number):
        if number % 2:
            return happen(*["project.created"] * 20)
        return team.owner.delete(hooks[number // 2]["path"]).status_code

    assert at_once(8, act)[::2] == [204] * 4
    with postgres.connection() as conn:
        ids = [hook["id"] for hook in hooks]
        conn.execute("DELETE FROM webhook_deliveries WHERE endpoint_id = ANY(%s)", [ids])


def test_each_is_given_out_once_and_a_few_at_a_time(webhook, happen):
    hook = webhook(events=["project.created"])
    happen(*["project.created"] * 10)
    with ThreadPoolExecutor(4) as pool:
        given = list(pool.map(lambda _: dispatch.dispatch(), range(8)))
    held = [row for row in rows(hook) if row["job_id"]]
    assert sum(given) == len(held) == dispatch.AT_ONCE
    assert len({row["job_id"] for row in held}) == dispatch.AT_ONCE
    assert [row["event_id"] for row in held] == [row["event_id"] for row in rows(hook)][:4]
    assert attempt(held[0], status=204) == "delivered"
    assert len(give_out(hook)) == dispatch.AT_ONCE


def test_one_that_fails_or_is_slow_is_sent_one_at_a_time_until_it_is_well(webhook, happen):
    hook = webhook(events=["project.created"])
    happen(*["project.created"] * 12)
    first, second, third, fourth = give_out(hook)
    attempt(first, status=200)
    attempt(second, status=500)
    attempt(third, status=200)
    attempt(fourth, status=200, ms=outcomes.SLOW + 1)
    (only,) = give_out(hook)
    attempt(only, error="No answer came within 15 seconds.")
    assert give_out(hook) == []
    rested(hook)
    (only,) = give_out(hook)
    attempt(only, status=200)
    assert len(give_out(hook)) == dispatch.AT_ONCE


def test_one_that_fails_rests_the_longer_the_longer_it_fails(webhook, happen, team):
    def rests(seconds, after, **how):
        with postgres.connection() as conn:
            conn.execute(
                "UPDATE webhook_endpoints SET failing_since = now() - make_interval(secs => %s)"
                " WHERE id = %s",
                [after, hook["id"]],
            )
        rested(hook)
        (row,) = give_out(hook)
        before = now()
        attempt(row, status=503, **how)
        with postgres.connection() as conn:
            row = conn.execute(
                "SELECT rests_until FROM webhook_endpoints WHERE id = %s", [hook["id"]]
            ).fetchone()
        grown = (now() - before) * outcomes.REST_PART  # it has failed for that much longer
        rest = timedelta(seconds=seconds)
        return before + rest <= row["rests_until"] <= now() + rest + grown + timedelta(seconds=2)

    hook = webhook(events=["project.created"])
    happen("project.created")
    assert rests(5, after=0)
    assert rests(60, after=600)
    assert rests(300, after=80_000)
    assert rests(1000, after=0, retry_after=1000)
    happen("project.created")
    assert give_out(hook) == []
    assert team.owner.post(f"{hook['path']}/ping").status_code == 202
    assert len(give_out(hook)) == 1


def test_one_webhooks_backlog_keeps_no_other_waiting(webhook, happen):
    webhook(events=["project.created"])
    happen(*["project.created"] * 50)
    late = webhook(events=["job.failed"])
    happen("job.failed")
    assert len(give_out(late)) == 1


def test_what_a_job_does_not_bring_back_is_given_out_again_and_its_late_word_not_heard(
    webhook, happen
):
    hook = webhook(events=["project.created"])
    happen("project.created")
    (lost,) = give_out(hook)
    assert give_out(hook) == [lost]
    rested(hook)
    (again,) = give_out(hook)
    assert again["job_id"] != lost["job_id"]
    assert attempt(lost, status=200) is None
    assert attempt(again, status=200) == "delivered"
    assert len(rows(hook)[0]["attempts"]) == 1


def test_attempts_follow_the_schedule_to_its_end(webhook, happen, team):
    hook = webhook(events=["project.created"])
    happen("project.created")
    for number in range(len(SCHEDULE) + 1):
        (row,) = give_out(hook)
        state = attempt(row, status=500)
        (row,) = rows(hook)
        assert (row["tries"], row["job_id"]) == (number + 1, None)
        if number < len(SCHEDULE):
            waits = (row["next_at"] - datetime.now(UTC)).total_seconds()
            assert SCHEDULE[number] - 1 < waits < SCHEDULE[number] * 1.1 + 1
            assert state == row["state"] == "pending"
            assert give_out(hook) == []
            rested(hook)
    assert state == row["state"] == "failed"
    assert give_out(hook) == []
    shown = team.owner.get(f"{hook['path']}/deliveries/{row['event_id']}").get_json()
    assert len(shown["attempts"]) == 10
    assert shown["finished_at"]


def test_a_receiver_may_put_us_off_for_a_day_and_no_shorter_than_the_schedule():
    assert 120 <= outcomes.delay(0, 120) <= 132
    assert 5 <= outcomes.delay(0, 1) <= 5.5
    assert 5 <= outcomes.delay(0, -100) <= 5.5
    assert outcomes.delay(0, 10**9) <= 86_400 * 1.1
    assert 300 <= outcomes.delay(1, None) <= 330


def test_disabling_gives_up_what_waits_and_what_is_under_way_comes_to_its_end(
    webhook, happen, team
):
    hook = webhook(events=["project.created"])
    happen(*["project.created"] * 6)
    held = give_out(hook)
    assert team.owner.patch(hook["path"], {"enabled": False}).status_code == 200
    assert [row["state"] for row in rows(hook)] == ["pending"] * 4 + ["failed"] * 2
    assert attempt(held[0], status=200) is None
    assert rows(hook)[0]["state"] == "failed"
    for path in ("/ping", f"/deliveries/{held[0]['event_id']}/redeliver"):
        assert team.owner.post(hook["path"] + path).status_code == 409
    assert give_out(hook) == held[1:]


def test_one_under_way_can_not_be_begun_anew_and_one_that_waits_can(webhook, happen, team):
    hook = webhook(events=["project.created"])
    happen("project.created")
    (row,) = give_out(hook)
    path = f"{hook['path']}/deliveries/{row['event_id']}/redeliver"
    assert team.owner.post(path).status_code == 409
    attempt(row, status=500)
    assert give_out(hook) == []
    assert team.owner.post(path).status_code == 202
    assert len(give_out(hook)) == 1


def test_those_that_failed_in_a_time_are_begun_anew_together(webhook, happen, team):
    hook = webhook(events=["project.created"])
    happen(*["project.created"] * 4)
    ids = [row["event_id"] for row in rows(hook)]
    today = datetime.now(UTC)
    with postgres.connection() as conn:
        for days, event_id in zip((9, 5, 3, 1), ids, strict=True):
            conn.execute(
                "UPDATE webhook_deliveries SET event_id = %s, state = 'failed', tries = 10"
                " WHERE event_id = %s",
                [UUID(int=first_at(today - timedelta(days=days)).int + days), event_id],
            )
    since, until = ((today - timedelta(days=days)).isoformat() for days in (6, 2))
    begun = team.owner.post(f"{hook['path']}/redeliver", {"since": since, "until": until})
    assert (begun.status_code, begun.get_json()) == (202, {"redelivered": 2, "more": False})
    assert [(row["state"], row["tries"]) for row in rows(hook)] == [
        ("failed", 10), ("pending", 0), ("pending", 0), ("failed", 10),
    ]  # fmt: skip
    again = team.owner.post(f"{hook['path']}/redeliver", {"since": since, "until": until})
    assert again.get_json() == {"redelivered": 0, "more": False}


def test_the_log_is_listed_by_state_type_and_time_page_by_page(webhook, happen, team):
    hook = webhook(events=["project.*", "job.failed"])
    happen("project.created", "job.failed", "project.updated", "project.created", "project.deleted")
    for row in give_out(hook)[:2]:
        attempt(row, status=200)

    def listed(query=""):
        answer = team.owner.get(f"{hook['path']}/deliveries?{query}")
        assert answer.status_code == 200, answer.text
        return [item["type"] for item in answer.get_json()["items"]]

    newest_first = ["project.deleted", "project.created", "project.updated", "job.failed",
                    "project.created"]  # fmt: skip
    assert listed() == newest_first
    assert listed("state=delivered") == ["job.failed", "project.created"]
    assert listed("state=failed") == []
    assert listed("type=project.") == [t for t in newest_first if t != "job.failed"]
    assert listed("type=project.created") == ["project.created"] * 2
    assert listed("since=2026-01-01T00:00:00Z") == newest_first
    assert listed("until=2026-01-01T00:00:00Z") == []
    path, seen = f"{hook['path']}/deliveries?limit=2&type=project.", []
    while path:
        answer = team.owner.get(path)
        seen += [item["type"] for item in answer.get_json()["items"]]
        path = answer.headers.get("Link", "").partition(">")[0].removeprefix("<")
    assert seen == [t for t in newest_first if t != "job.failed"]


def test_old_deliveries_and_ended_secrets_are_pruned_and_nothing_else(webhook, happen, api, team):
    hook = webhook(events=["project.created"])
    happen(*["project.created"] * 3)
    team.owner.post(f"{hook['path']}/secrets", {"keep_for": 100})
    old = rows(hook)[:2]
    with postgres.connection() as conn:
        conn.execute(
            "UPDATE webhook_deliveries SET created_at = now() - make_interval(days => %s)"
            " WHERE event_id = ANY(%s)",
            [deliveries.KEPT_DAYS + 1, [row["event_id"] for row in old]],
        )
        conn.execute(
            "UPDATE webhook_secrets SET expires_at = now() - interval '1s' WHERE id = %s",
            [hook["secrets"][0]["id"]],
        )
    headers = {"Authorization": f"Bearer {settings().cron_secret}"}
    done = api.get("/api/cron/prune_records", headers=headers).get_json()["done"]
    assert done["deliveries"] >= 2
    assert done["secrets"] >= 1
    assert len(rows(hook)) == 1
    with postgres.connection() as conn:
        left = conn.execute(
            "SELECT 1 FROM webhook_secrets WHERE endpoint_id = %s", [hook["id"]]
        ).fetchall()
    assert len(left) == 1


def test_of_many_attempts_the_last_thirty_are_kept(webhook, happen, team):
    hook = webhook(events=["project.created"])
    happen("project.created")
    for number in range(33):
        (row,) = give_out(hook)
        attempt(row, status=200, ms=number)
        path = f"{hook['path']}/deliveries/{row['event_id']}/redeliver"
        with postgres.connection() as conn:
            conn.execute(
                "UPDATE webhook_deliveries SET state = 'pending', next_at = now()"
                " WHERE endpoint_id = %s",
                [hook["id"]],
            )
    assert [each["ms"] for each in rows(hook)[0]["attempts"]] == list(range(3, 33))
    assert team.owner.post(path).status_code == 202


def test_an_id_that_no_event_has_is_no_delivery(webhook, team):
    hook = webhook(events=["project.created"])
    path = f"{hook['path']}/deliveries/{new_id()}"
    assert team.owner.get(path).status_code == 404
    assert team.owner.post(f"{path}/redeliver").status_code == 404

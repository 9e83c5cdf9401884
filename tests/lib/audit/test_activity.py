"""The activity of a project: everybody in it reads what happened, at once and without addresses."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote
from uuid import uuid4

import pytest

from lib.access.caller import Origin
from lib.audit import delivery, events, queries
from lib.audit.events import Event
from lib.stores import postgres


@pytest.fixture
def activity(team):
    return f"/projects/{team.project['id']}/activity"


@pytest.fixture
def deliver(stack):
    """Move everything that has happened so far to MongoDB."""

    def move():
        with postgres.connection() as conn:
            while queries.waiting(conn):
                delivery.move()

    return move


def items(answer):
    assert answer.status_code == 200, answer.text
    return answer.get_json()["items"]


def actions(answer):
    return [event["action"] for event in items(answer)]


def test_what_happened_is_there_with_the_next_request_delivered_or_not(team, activity, deliver):
    assert actions(team.viewer.get(activity)) == ["file.created", "project.created"]
    deliver()
    assert actions(team.viewer.get(activity)) == ["file.created", "project.created"]
    assert team.owner.patch(f"/projects/{team.project['id']}", {"name": "x"}).status_code == 200
    expected = ["project.updated", "file.created", "project.created"]
    assert actions(team.viewer.get(activity)) == expected


def test_an_event_in_both_stores_is_shown_once(team, activity, deliver):
    deliver()
    assert team.owner.patch(f"/projects/{team.project['id']}", {"name": "x"}).status_code == 200
    batch = delivery.number()
    assert batch is not None
    delivery._copy(batch)
    with postgres.connection() as conn:
        assert queries.waiting(conn) == len(batch.rows)
    assert len(items(team.viewer.get(activity))) == 3
    assert len(items(team.viewer.get(f"{activity}?limit=1"))) == 1


def test_it_tells_who_did_what_and_no_address_client_or_request(team, activity, deliver):
    where = {"workspace_id": team.workspace["id"], "project_id": team.project["id"]}
    where["origin"] = Origin("canary-request", "192.0.2.77", "canary-agent")
    added = {"email": "canary@example.com", "role": "viewer"}
    began = {"kind": "test", "attempt": 1, "worker": "canary-host"}
    with postgres.transaction() as conn:
        events.record_all(
            conn,
            [
                Event("job.started", None, ("job", uuid4()), **where, details=began),
                Event("project-member.added", None, ("account", uuid4()), **where, details=added),
            ],
        )
    for moved in (False, True):
        if moved:
            deliver()
        answer = team.viewer.get(activity)
        newest, started, created, _ = items(answer)
        assert set(newest) == {"id", "at", "action", "actor", "target", "details"}
        assert newest["details"] == {"role": "viewer"}
        assert started["details"] == {"kind": "test", "attempt": 1}
        assert created["actor"] == {"id": team.owner.id, "name": "Olga"}
        for secret in ("canary", "192.0.2.77", "127.0.0.1", "@example.com"):
            assert secret not in answer.text


def test_members_and_guests_read_it_and_strangers_do_not(team, activity):
    assert team.stranger.get(activity).status_code == 404
    guest = {"email": team.stranger.email, "role": "viewer"}
    members = f"/projects/{team.project['id']}/members"
    assert team.owner.post(members, guest).status_code == 201
    for who in (team.owner, team.collaborator, team.viewer, team.stranger):
        assert actions(who.get(activity))[0] == "project-member.added"


def test_it_holds_nothing_of_other_projects_or_of_the_workspace(team, activity, deliver):
    path = f"/workspaces/{team.workspace['id']}/projects"
    other = team.owner.post(path, {"name": "Other"}).get_json()
    for moved in (False, True):
        if moved:
            deliver()
        assert actions(team.owner.get(activity)) == ["file.created", "project.created"]
        assert actions(team.owner.get(f"/projects/{other['id']}/activity")) == ["project.created"]


@pytest.mark.parametrize("moved", [False, True])
def test_filters_by_action_and_time(team, activity, deliver, moved):
    if moved:
        deliver()
    before = quote((datetime.now(UTC) - timedelta(hours=1)).isoformat())
    after = quote((datetime.now(UTC) + timedelta(hours=1)).isoformat())
    assert actions(team.viewer.get(f"{activity}?action=file.")) == ["file.created"]
    assert actions(team.viewer.get(f"{activity}?action=project.created")) == ["project.created"]
    assert actions(team.viewer.get(f"{activity}?action=project.creat")) == []
    assert actions(team.viewer.get(f"{activity}?action=f.")) == []
    assert len(actions(team.viewer.get(f"{activity}?since={before}&until={after}"))) == 2
    assert actions(team.viewer.get(f"{activity}?since={after}")) == []
    assert actions(team.viewer.get(f"{activity}?until={before}")) == []


def test_pages_join_across_what_is_delivered_and_what_is_not(team, activity, deliver):
    project = f"/projects/{team.project['id']}"
    for n in range(5):
        assert team.owner.patch(project, {"name": f"name {n}"}).status_code == 200
        if n == 2:
            deliver()
    whole = [event["id"] for event in items(team.viewer.get(activity))]
    assert len(whole) == 7
    seen, path = [], f"{activity}?limit=2"
    while path:
        answer = team.viewer.get(path)
        seen += [event["id"] for event in items(answer)]
        path = answer.headers.get("Link", "").partition(">")[0].lstrip("<")
    assert seen == whole


@pytest.mark.parametrize(
    "filters",
    ["?action=.*", "?action[$regex]=x", "?since=yesterday", "?cursor=%7B%7D", "?limit=0", "?x=1",
     "?actor_id=0190aaaa-0000-7000-8000-000000000000"],
)  # fmt: skip
def test_what_is_no_filter_is_refused(team, activity, filters):
    assert team.owner.get(activity + filters).status_code == 422


def test_without_mongodb_it_is_unavailable(team, activity, stack):
    stack.mongo.stop()
    try:
        answer = team.owner.get(activity)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    finally:
        stack.mongo.start()
    assert team.owner.get(activity).status_code == 200

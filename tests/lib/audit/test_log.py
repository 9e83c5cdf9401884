"""Reading the log: filters, order, pages, and who may."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from lib.audit import delivery, queries
from lib.stores import postgres


@pytest.fixture
def log(team):
    """The path of the workspace's log; everything that happened so far is in it."""

    def path(filters=""):
        with postgres.connection() as conn:
            while queries.waiting(conn):
                delivery.move()
        return f"/workspaces/{team.workspace['id']}/audit{filters}"

    return path


def items(answer):
    assert answer.status_code == 200, answer.text
    return answer.get_json()["items"]


def actions(answer):
    return [event["action"] for event in items(answer)]


def test_the_owner_reads_what_happened_newest_first(team, log):
    assert actions(team.owner.get(log())) == [
        "file.created", "project.created", "member.added", "member.added", "workspace.created",
    ]  # fmt: skip
    event = items(team.owner.get(log()))[1]
    assert event["actor"] == {"id": team.owner.id, "name": "Olga", "email": team.owner.email}
    assert event["target"] == {"type": "project", "id": team.project["id"]}
    assert event["project_id"] == team.project["id"]
    assert set(event["context"]) == {"request_id", "address", "user_agent", "token_id"}
    assert event["context"]["request_id"]
    assert event["details"] == {"name": "Launch"}


def test_nobody_but_owners_reads_it(team, log):
    assert team.collaborator.get(log()).status_code == 403
    assert team.viewer.get(log()).status_code == 403
    assert team.stranger.get(log()).status_code == 404


def test_pages_join_without_gap_or_repetition_and_keep_their_filters(team, log):
    everything = [event["id"] for event in items(team.owner.get(log()))]
    seen, path = [], log("?limit=2")
    while path:
        answer = team.owner.get(path)
        seen += [event["id"] for event in items(answer)]
        path = answer.headers.get("Link", "").partition(">")[0].lstrip("<")
    assert seen == everything
    first = team.owner.get(log("?limit=1&action=member."))
    path = first.headers["Link"].partition(">")[0].lstrip("<")
    assert actions(team.owner.get(path)) == ["member.added"]


def test_filters_by_action_actor_and_time(team, log):
    before = quote((datetime.now(UTC) - timedelta(hours=1)).isoformat())
    after = quote((datetime.now(UTC) + timedelta(hours=1)).isoformat())
    path = f"/files/{team.file['id']}/content"
    assert team.collaborator.put(path, {"content": "x"}).status_code == 200
    assert actions(team.owner.get(log("?action=file."))) == ["file.edited", "file.created"]
    assert actions(team.owner.get(log("?action=file.edited"))) == ["file.edited"]
    assert actions(team.owner.get(log("?action=file.edit"))) == []
    by = f"?actor_id={team.collaborator.id}"
    assert actions(team.owner.get(log(by))) == ["file.edited"]
    assert len(actions(team.owner.get(log(f"?since={before}&until={after}")))) == 6
    assert actions(team.owner.get(log(f"?since={after}"))) == []
    assert actions(team.owner.get(log(f"?until={before}"))) == []


def test_a_time_between_two_events_parts_them(team, log):
    newest, *_, oldest = items(team.owner.get(log()))
    parted = quote(newest["at"])
    assert newest["id"] in {e["id"] for e in items(team.owner.get(log(f"?since={parted}")))}
    assert newest["id"] not in {e["id"] for e in items(team.owner.get(log(f"?until={parted}")))}
    assert oldest["id"] in {e["id"] for e in items(team.owner.get(log(f"?until={parted}")))}


@pytest.mark.parametrize(
    "filters",
    [
        "?actor_id[$ne]=x", "?actor_id=%7B%22$ne%22:1%7D", "?action[$regex]=.*", "?action=.*",
        "?action=$where", "?since=yesterday", "?cursor=%7B%7D", "?limit=0", "?workspace_id=x&x=1",
        "?action=job.started&action=job.failed",
    ],
)  # fmt: skip
def test_what_is_no_filter_is_refused(team, log, filters):
    assert team.owner.get(log(filters)).status_code == 422


def test_a_foreign_cursor_shows_nothing_foreign(team, log, person):
    other = person("Else")
    workspace = other.post("/workspaces", {"name": "Mine"}).get_json()
    other.post(f"/workspaces/{workspace['id']}/projects", {"name": "One"})
    log()
    page = other.get(f"/workspaces/{workspace['id']}/audit?limit=1").get_json()
    mine = items(team.owner.get(log(f"?cursor={page['next_cursor']}")))
    assert {event["actor"]["id"] for event in mine} <= {team.owner.id}


def test_everybody_reads_what_they_did_themselves_log_ins_included(team, log):
    log()
    mine = items(team.viewer.get("/me/activity"))
    assert [event["action"] for event in mine] == ["session.started"]
    assert {event["actor"]["id"] for event in mine} == {team.viewer.id}
    theirs = actions(team.owner.get("/me/activity"))
    assert theirs[-1] == "session.started"
    assert theirs[0] == "file.created"
    assert actions(team.owner.get("/me/activity?action=session.")) == ["session.started"]
    assert team.owner.get("/me/activity?actor_id=x").status_code == 422


def test_without_mongodb_the_log_is_unavailable_and_the_rest_works(team, log, stack):
    path = log()
    stack.mongo.stop()
    try:
        answer = team.owner.get(path)
        assert answer.status_code == 503
        assert answer.headers["Retry-After"]
        assert team.owner.get(f"/projects/{team.project['id']}").status_code == 200
        renamed = team.owner.patch(f"/projects/{team.project['id']}", {"name": "Later"})
        assert renamed.status_code == 200
    finally:
        stack.mongo.start()
    assert actions(team.owner.get(log()))[0] == "project.updated"


def test_no_password_or_token_is_ever_in_it(team, api, log):
    account = {"email": team.owner.email, "password": "correct horse battery staple"}
    tokens = api.post("/auth/login", account).get_json()
    assert api.post("/auth/login", account | {"password": "canary-in-the-mine"}).status_code == 401
    log()
    text = team.owner.get("/me/activity").text
    assert "session.started" in text
    for secret in (account["password"], "canary", tokens["refresh_token"], tokens["access_token"]):
        assert secret not in text

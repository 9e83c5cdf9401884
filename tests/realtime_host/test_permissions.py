"""Every event by every role, from the registry and the table; a refusal leaves nothing behind."""

from __future__ import annotations

import pytest

from lib.access.permissions import PERMISSIONS, allows
from lib.stores import postgres
from realtime_host.events import all_events


def _valid(event, team, token=""):
    return {
        "cursor-update": {"file_id": team.file["id"], "anchor": 0, "head": 0},
        "file-change": {"file_id": team.file["id"], "base": 0, "delta": [{"insert": "x"}]},
        "authenticate": {"token": token},
        "ping": {},
    }[event]


def test_every_event_names_a_permission_of_the_table():
    assert all_events()
    assert all(event.permission in PERMISSIONS for event in all_events().values())


@pytest.fixture
def somebody(team):
    """Somebody with a role, held on the workspace or, by a guest, on the project alone."""

    def get(role, kind):
        if kind == "member":
            return team.by_role()[role]
        guest = {"email": team.stranger.email, "role": role}
        answer = team.owner.post(f"/projects/{team.project['id']}/members", guest)
        assert answer.status_code == 201
        return team.stranger

    return get


@pytest.mark.parametrize("kind", ["member", "guest"])
@pytest.mark.parametrize("role", ["owner", "collaborator", "viewer"])
@pytest.mark.parametrize("name", sorted(all_events()))
def test_each_role_may_send_what_the_table_says(connect, team, somebody, kind, role, name):
    person = somebody(role, kind)
    client = connect(person, team.project["id"])
    watcher = connect(team.owner, team.project["id"])
    answer = client.ask(name, _valid(name, team, person.token))
    allowed = allows(all_events()[name].permission, role)
    assert answer["event"] == ("ack" if allowed else "error"), answer
    if not allowed:
        assert answer["data"]["status"] == 403
        assert answer["data"]["type"] == "/problems/forbidden"
        assert watcher.heard(name) == []


def test_a_viewers_edit_is_refused_by_name_stored_nowhere_and_shown_to_nobody(connect, team):
    watcher = connect(team.owner, team.project["id"])
    viewer = connect(team.viewer, team.project["id"])
    refused = viewer.ask("file-change", _valid("file-change", team))
    assert refused["data"]["required_role"] == "collaborator"
    viewer.send("file-change", _valid("file-change", team))
    assert viewer.expect("error")["data"]["status"] == 403
    assert watcher.heard("file-change") == []
    with postgres.connection() as conn:
        statement = "SELECT count(*) AS n FROM file_updates WHERE file_id = %s"
        assert conn.execute(statement, [team.file["id"]]).fetchone()["n"] == 0
    assert team.owner.get(f"/files/{team.file['id']}").get_json()["seq"] == 0

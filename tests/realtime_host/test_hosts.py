"""Several hosts and one Redis: presence and events cross, once; a dead host leaves no ghosts."""

from __future__ import annotations

import pytest

from lib.bridge import presence


@pytest.fixture(scope="module")
def second(start_host):
    """Another host beside the shared one."""
    return start_host()


def test_members_of_two_hosts_see_each_other_once(connect, second, team):
    here = connect(team.owner, team.project["id"])
    there = connect(team.viewer, team.project["id"], on=second)
    names = {person["user"]["name"] for person in there.welcome["data"]["people"]}
    assert "Vera" in names
    if "Olga" not in names:  # she came in so shortly before that her host had not said so yet
        assert there.expect("user-joined")["data"]["user"]["name"] == "Olga"
    assert here.expect("user-joined")["data"]["user"]["name"] == "Vera"
    connect(team.viewer, team.project["id"])  # the same person, now on both hosts
    assert here.heard("user-joined") == []
    assert there.heard("user-joined") == []


def _hosts_with(person, project_id):
    states = presence.read([project_id])[project_id].values()
    return sum(person.id in [each["user"]["id"] for each in state.people] for state in states)


def test_a_person_on_two_hosts_leaves_with_the_last_connection(connect, second, team, eventually):
    here = connect(team.owner, team.project["id"])
    one = connect(team.viewer, team.project["id"])
    two = connect(team.viewer, team.project["id"], on=second)
    here.expect("user-joined")
    eventually(lambda: _hosts_with(team.viewer, team.project["id"]) == 2, what="both hosts say so")
    one.close()
    assert two.ask("ping")["event"] == "ack"
    assert here.heard("user-left") == []
    two.close()
    assert here.expect("user-left")["data"]["user"]["name"] == "Vera"
    assert here.heard("user-left") == []


def test_cursors_and_edits_cross_hosts_once(connect, second, team):
    here = connect(team.collaborator, team.project["id"])
    there = connect(team.viewer, team.project["id"], on=second)
    here.expect("user-joined")
    there.send("cursor-update", {"file_id": team.file["id"], "anchor": 1, "head": 2})
    assert here.expect("cursor-update")["data"]["user"]["name"] == "Vera"
    edit = {"file_id": team.file["id"], "base": 0, "delta": [{"insert": "oh, "}]}
    assert here.ask("file-change", edit)["data"]["seq"] == 1
    assert there.expect("file-change")["data"]["delta"] == edit["delta"]
    assert there.heard("file-change") == []
    assert here.heard("file-change") == []
    assert there.heard("cursor-update") == []


def test_presence_over_rest_covers_all_hosts(connect, second, team, eventually):
    connect(team.owner, team.project["id"])
    connect(team.viewer, team.project["id"], on=second)
    path = f"/projects/{team.project['id']}/presence"

    def names():
        return [p["user"]["name"] for p in team.viewer.get(path).get_json()["people"]]

    eventually(lambda: names() == ["Olga", "Vera"], what="both are present")
    assert team.stranger.get(path).status_code == 404


def test_a_killed_hosts_people_leave(start_host, connect, team):
    short = {"PRESENCE_TTL": 2, "PRESENCE_BEAT": 0.5}
    survivor, victim = start_host(**short), start_host(**short)
    here = connect(team.owner, team.project["id"], on=survivor)
    connect(team.viewer, team.project["id"], on=victim)
    here.expect("user-joined")
    victim.kill()
    assert here.expect("user-left", within=5)["data"]["user"]["name"] == "Vera"
    assert here.heard("user-left") == []


def test_a_host_that_stops_sends_its_clients_away_and_leaves_at_once(start_host, connect, team):
    survivor, leaver = start_host(), start_host()
    here = connect(team.owner, team.project["id"], on=survivor)
    away = [connect(team.viewer, team.project["id"], on=leaver) for _ in range(5)]
    here.expect("user-joined")
    leaver.process.terminate()
    delays = set()
    for client in away:
        assert client.closed() == 1012
        hint = next(frame for frame in client.unread if frame["event"] == "reconnect")
        delays.add(hint["data"]["after_ms"])
    assert len(delays) > 1  # they do not all come back in the same instant
    assert here.expect("user-left", within=3)["data"]["user"]["name"] == "Vera"
    assert leaver.process.wait(15) == 0
    assert any(line["action"] == "host.drained" for line in leaver.lines())

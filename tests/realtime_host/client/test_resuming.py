"""The client goes on where it left off: what it missed comes once and in order, or a clear no."""

from __future__ import annotations

from itertools import pairwise


def _edit(team, text="oh, ", base=0):
    return team.file["id"], base, [{"insert": text}]


def _write(team, *contents):
    for content in contents:
        answer = team.owner.put(f"/files/{team.file['id']}/content", {"content": content})
        assert answer.status_code == 200


def _away(client, host):
    client.forget()
    host.kill()
    client.event("state", state="waiting")


def _changes(client):
    return [change["seq"] for change in client.heard("file-change")]


def test_what_was_missed_comes_once_and_in_order(join, revive, room_host, team):
    client = join(team.viewer, team.project["id"])
    _write(team, "one")
    client.event("file-change", seq=1)
    _away(client, room_host)
    _write(team, "two", "three")
    team.owner.patch(f"/projects/{team.project['id']}", {"name": "Lift-off"})
    revive()
    assert client.event("welcome")["log"]["resumed"] is True
    _write(team, "four")
    client.event("file-change", seq=4)
    assert _changes(client) == [2, 3, 4]
    assert [change["name"] for change in client.heard("project-updated")] == ["Lift-off"]
    numbers = [line["received"]["seq"] for line in client.told if "seq" in line.get("received", {})]
    assert all(later == earlier + 1 for earlier, later in pairwise(numbers))


def test_three_deaths_of_a_host_lose_and_double_nothing(join, revive, room_host, team):
    client, host = join(team.viewer, team.project["id"]), room_host
    for number in range(1, 4):
        host.kill()
        _write(team, f"text {number}")
        host = revive()
        client.event("file-change", within=60, seq=number)  # the pauses grow with every death
    assert _changes(client) == [1, 2, 3]
    assert client.heard("resync-required") == []


def test_an_acknowledged_edit_does_not_come_back(join, revive, room_host, team):
    client = join(team.collaborator, team.project["id"])
    assert client.call("edit", *_edit(team))["value"]["seq"] == 1
    _away(client, room_host)
    _write(team, "of others")
    revive()
    assert client.event("welcome")["log"]["resumed"] is True
    client.event("file-change", seq=2)
    assert _changes(client) == [2]


def test_an_edit_whose_answer_was_lost_comes_back_and_is_not_made_again(
    join, revive, room_host, team, eventually
):
    client = join(team.collaborator, team.project["id"], timeout=30_000)
    client.order("deaf", deaf=True)
    edit = client.start("edit", *_edit(team))
    client.wait(lambda line: line.get("received", {}).get("event") == "ack")  # and is not heard
    room_host.kill()
    error = client.answer(edit)["error"]
    assert (error["code"], error["sent"]) == ("unanswered", True)
    client.order("deaf", deaf=False)
    revive()
    assert client.event("file-change", seq=1)["author"]["id"] == team.collaborator.id
    assert _changes(client) == [1]
    assert len(client.sent("file-change")) == 1
    assert team.viewer.get(f"/files/{team.file['id']}").get_json()["content"] == "oh, hello"


def test_too_much_to_replay_asks_for_a_fresh_look_and_tells_no_part_of_it(
    join, revive, room_host, team
):
    client = join(team.viewer, team.project["id"])
    _away(client, room_host)
    _write(team, "one", "two", "three")
    revive(REPLAY_EVENTS=2)
    assert client.event("resync-required") == {"reason": "too-old"}
    assert client.event("welcome")["log"]["resumed"] is False
    _write(team, "four")
    client.event("file-change", seq=4)
    assert _changes(client) == [4]

"""The client comes back: after kills, restarts and lost rights, with nothing done twice."""

from __future__ import annotations

import os
import signal


def _edit(team, text="oh, ", base=0):
    return team.file["id"], base, [{"insert": text}]


def _file(team):
    return team.viewer.get(f"/files/{team.file['id']}").get_json()


def test_it_comes_back_when_its_host_was_killed_and_is_there_again(join, revive, room_host, team):
    client = join(team.collaborator, team.project["id"])
    first = client.event("welcome")["connection_id"]
    client.forget()
    room_host.kill()
    assert client.event("state", state="waiting")["code"] == 1006
    revive()
    assert client.event("welcome")["connection_id"] != first
    tickets = [line["address"] for line in client.told if "address" in line]
    assert len(tickets) == len(set(tickets))  # a ticket opens one connection
    assert "value" in client.call("edit", *_edit(team))


def test_what_was_asked_for_meanwhile_is_done_once(join, revive, room_host, team):
    client = join(team.collaborator, team.project["id"], timeout=30_000)
    room_host.kill()
    client.event("state", state="waiting")
    edit, ping = client.start("edit", *_edit(team)), client.start("ping")
    client.start("cursor", {"anchor": 7})
    revive()
    assert client.answer(edit)["value"]["seq"] == 1
    assert "value" in client.answer(ping)
    assert _file(team)["content"] == "oh, hello"
    assert [cursor["anchor"] for cursor in client.sent("cursor-update")] == [7]


def test_an_edit_without_an_answer_is_never_sent_again(join, revive, room_host, team):
    client = join(team.collaborator, team.project["id"], timeout=30_000)
    os.killpg(room_host.process.pid, signal.SIGSTOP)
    edit, ping = client.start("edit", *_edit(team)), client.start("ping")
    client.wait(lambda line: line.get("sent", {}).get("event") == "ping")
    room_host.kill()
    error = client.answer(edit)["error"]
    assert (error["code"], error["sent"]) == ("unanswered", True)
    revive()
    assert "value" in client.answer(ping)  # this one is harmless twice
    assert client.call("edit", *_edit(team, "well, "))["value"]["seq"] == 1
    assert len(client.sent("file-change")) == 2
    assert _file(team)["content"] == "well, hello"


def test_it_waits_as_long_as_a_restarting_host_says(join, revive, room_host, team):
    client = join(team.viewer, team.project["id"])
    assert room_host.stop() == 0
    told = client.event("reconnect")["after_ms"]
    waiting = client.event("state", state="waiting")
    assert (waiting["code"], waiting["after"]) == (1012, told)
    client.told.clear()
    revive()
    client.event("welcome")


def test_without_access_it_is_over(join, room_host, team):
    client = join(team.viewer, team.project["id"])
    team.owner.delete(f"/workspaces/{team.workspace['id']}/members/{team.viewer.id}")
    assert client.event("state", state="waiting")["code"] == 4403
    assert client.event("state", state="closed")["code"] == 4403


def test_after_the_session_a_new_token_is_needed(join, room_host, team, api):
    login = {"email": team.viewer.email, "password": "correct horse battery staple"}
    other = api.post("/auth/login", login).get_json()["access_token"]
    lasting, ending = (join(team.viewer, team.project["id"]) for _ in range(2))
    for client in (lasting, ending):
        client.forget()
    lasting.order("token", token=other)
    assert team.viewer.post("/auth/logout").status_code == 204
    for client in (lasting, ending):
        assert client.event("state", state="waiting")["code"] == 4401
    assert ending.event("state", state="closed")["code"] == 4401
    assert lasting.event("welcome")["user"]["name"] == "Vera"


def test_whoever_leaves_while_the_host_is_away_stays_away(join, revive, room_host, team):
    client = join(team.viewer, team.project["id"])
    client.order("closeWhenLost")
    assert "value" in client.call("ping")
    room_host.kill()
    client.event("state", state="closed")
    client.told.clear()
    revive()
    assert client.call("ping")["error"]["code"] == "closed"
    assert not [line for line in client.told if "address" in line]

"""The client in a room: who is here, acks, refusals, cursors."""

from __future__ import annotations

import os
import signal


def _edit(team, text="oh, ", base=0):
    return team.file["id"], base, [{"insert": text}]


def test_it_connects_with_a_ticket_and_knows_who_is_here(join, room_host, connect, team):
    client = join(team.owner, team.project["id"])
    address = client.wait(lambda line: "address" in line)["address"]
    assert address.startswith(room_host.url(team.project["id"]) + "?ticket=")
    here = client.event("people")
    assert here[team.owner.id] == {"user": {"id": team.owner.id, "name": "Olga"}, "role": "owner",
                                   "cursor": None}  # fmt: skip
    vera = connect(team.viewer, team.project["id"], on=room_host)
    assert client.event("user-joined")["user"]["name"] == "Vera"
    assert client.heard("people")[-1].keys() == {team.owner.id, team.viewer.id}
    second = connect(team.viewer, team.project["id"], on=room_host)
    vera.send("cursor-update", {"file_id": team.file["id"], "anchor": 2, "head": 4})
    shown = client.event("cursor-update")
    assert client.heard("people")[-1][team.viewer.id]["cursor"] == {
        name: shown[name] for name in ("file_id", "anchor", "head")
    }
    vera.close()
    assert second.ask("ping")["event"] == "ack"
    assert client.heard("people")[-1].keys() == {team.owner.id, team.viewer.id}
    second.close()
    client.event("user-left")
    assert client.heard("people")[-1].keys() == {team.owner.id}


def test_an_edit_is_answered_and_reaches_the_others(join, room_host, team):
    writer = join(team.collaborator, team.project["id"])
    reader = join(team.viewer, team.project["id"])
    stored = writer.call("edit", *_edit(team))["value"]
    assert stored == {"file_id": team.file["id"], "seq": 1, "delta": [{"insert": "oh, "}]}
    assert reader.event("file-change") == stored | {
        "author": {"id": team.collaborator.id, "name": "Carl"}
    }
    assert writer.heard("file-change") == []


def test_a_refusal_says_why_and_that_nothing_was_done(join, room_host, team):
    client = join(team.viewer, team.project["id"])
    error = client.call("edit", *_edit(team))["error"]
    assert (error["code"], error["sent"], error["problem"]["status"]) == ("refused", False, 403)


def test_of_many_cursors_the_others_see_few_and_the_last(join, room_host, team):
    mover = join(team.viewer, team.project["id"])
    watcher = join(team.owner, team.project["id"])
    for place in range(200):
        mover.start("cursor", {"file_id": team.file["id"], "anchor": place, "head": place})
    assert watcher.event("cursor-update", anchor=199)["user"]["name"] == "Vera"
    assert len(watcher.heard("cursor-update")) < 50


def test_a_new_role_is_known_at_once(join, room_host, team):
    client = join(team.viewer, team.project["id"])
    assert client.event("people")[team.viewer.id]["role"] == "viewer"
    path = f"/workspaces/{team.workspace['id']}/members/{team.viewer.id}"
    assert team.owner.patch(path, {"role": "collaborator"}).status_code == 200
    client.event("member-updated")
    assert client.heard("people")[-1][team.viewer.id]["role"] == "collaborator"
    assert "value" in client.call("edit", *_edit(team))


def test_without_an_answer_in_time_an_edit_may_have_been_made(join, room_host, team, eventually):
    client = join(team.collaborator, team.project["id"], timeout=500)
    os.killpg(room_host.process.pid, signal.SIGSTOP)
    error = client.call("edit", *_edit(team))["error"]
    os.killpg(room_host.process.pid, signal.SIGCONT)
    assert (error["code"], error["sent"]) == ("timeout", True)
    path = f"/files/{team.file['id']}"
    eventually(lambda: team.viewer.get(path).get_json()["seq"] == 1, what="here it was made")


def test_more_than_a_host_would_take_is_refused_here(join, room_host, team):
    client = join(team.collaborator, team.project["id"])
    os.killpg(room_host.process.pid, signal.SIGSTOP)
    calls = [client.start("ping") for _ in range(51)]
    error = client.answer(calls[-1])["error"]
    os.killpg(room_host.process.pid, signal.SIGCONT)
    assert (error["code"], error["sent"]) == ("too-many", False)
    assert all("value" in client.answer(call) for call in calls[:-1])


def test_whoever_leaves_does_not_come_back(join, room_host, connect, team):
    watcher = connect(team.owner, team.project["id"], on=room_host)
    client = join(team.viewer, team.project["id"])
    watcher.expect("user-joined")
    client.start("close")
    assert client.event("state", state="closed")["code"] == 1000
    assert watcher.expect("user-left")["data"]["user"]["name"] == "Vera"
    error = client.call("edit", *_edit(team))["error"]
    assert (error["code"], error["sent"]) == ("closed", False)
    states = [line["data"]["state"] for line in client.told if line.get("event") == "state"]
    assert states == ["connecting", "open", "closed"]

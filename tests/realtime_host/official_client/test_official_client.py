"""The official Socket.IO client, from npm, as its users have it: in the rooms of all others."""

from __future__ import annotations

import re
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

README = Path(__file__).resolve().parents[3] / "realtime_host" / "README.md"


@pytest.fixture(scope="module")
def second(start_host):
    """Another host beside the shared one."""
    return start_host()


def _edit(team, text="x"):
    return {"file_id": team.file["id"], "base": 0, "delta": [{"insert": text}]}


def _ticket(person, project_id):
    return person.post(f"/projects/{project_id}/ticket").get_json()["ticket"]


def test_two_official_clients_and_a_plain_one_share_a_room_on_two_hosts(
    official, connect, host, second, team
):
    room = team.project["id"]
    plain = connect(team.owner, room)
    near = official(host, room, token=team.collaborator.token)
    joined = near.told("welcome")[0]
    assert joined["role"] == "collaborator"
    assert plain.expect("user-joined")["data"]["user"]["name"] == "Carl"
    far = official(second, room, ticket=_ticket(team.viewer, room))
    people = [person["user"]["name"] for person in far.told("welcome")[0]["people"]]
    assert sorted(people) == ["Carl", "Olga", "Vera"]
    assert plain.expect("user-joined")["data"]["user"]["name"] == "Vera"
    assert near.told("user-joined")[0]["role"] == "viewer"
    assert near.expect("connect") == [joined["connection_id"]]

    answer, seq = near.ask("file-change", _edit(team, "oh, "))
    assert answer["delta"] == [{"insert": "oh, "}]
    frame = plain.expect("file-change")
    assert far.told("file-change") == (frame["data"], frame["seq"]) == (frame["data"], seq)
    cursor = {"file_id": team.file["id"], "anchor": 1, "head": 2}
    assert far.ask("cursor-update", cursor) == [{}]
    assert near.told("cursor-update")[0] == plain.expect("cursor-update")["data"]
    assert plain.ask("file-change", _edit(team))["seq"] == seq + 1
    assert [each.told("file-change")[1] for each in (near, far)] == [seq + 1, seq + 1]

    refused = far.ask("file-change", _edit(team))
    assert refused[0]["error"]["type"] == "/problems/forbidden"
    assert near.ask("ping", promise=True) == [{}]
    near.do(emit="no-such", data={})
    assert near.told("error")[0]["errors"][0]["pointer"] == "/event"
    assert far.heard("file-change") == []

    far.do()  # socket.disconnect()
    assert far.expect("disconnect")[0] == "io client disconnect"
    for client in (near.told("user-left")[0], plain.expect("user-left")["data"]):
        assert client["user"]["name"] == "Vera"


def test_after_kill_9_it_comes_back_by_itself_and_hears_what_it_missed_once(
    official, connect, start_host, host, team
):
    room = team.project["id"]
    doomed = start_host()
    client = official(doomed, room, token=team.viewer.token)
    own = official(doomed, room, token=team.collaborator.token)
    first = client.told("welcome")[0]["log"]
    own.told("welcome")
    writer = connect(team.owner, room)
    seen = [own.ask("file-change", _edit(team))[1], client.told("file-change")[1]]
    assert seen[0] == seen[1] == first["seq"] + 1
    doomed.kill()
    assert client.expect("disconnect")[0] == "transport close"
    missed = [writer.ask("file-change", _edit(team))["seq"] for _ in range(5)]
    start_host(port=doomed.port)
    for back in (client, own):
        assert back.told("welcome")[0]["log"] == {
            "epoch": first["epoch"],
            "seq": seen[0],
            "resumed": True,
        }
    missed.append(writer.ask("file-change", _edit(team))["seq"])
    for back in (client, own):
        assert [back.told("file-change")[1] for _ in missed] == missed
        assert back.heard("file-change") == []
    assert all(after - before == 1 for before, after in pairwise([seen[0], *missed]))


def test_a_writer_whose_host_is_killed_in_mid_edit_misses_nothing_and_hears_nothing_twice(
    official, start_host, team
):
    doomed, room = start_host(), team.project["id"]
    writer = official(doomed, room, token=team.collaborator.token)
    start = writer.told("welcome")[0]["log"]["seq"]
    for n in range(90):
        writer.do(emit="file-change", data=_edit(team, str(n)), identity=1000 + n)
    first = writer.expect("ack", 1000)[0][1]
    doomed.kill()
    writer.expect("disconnect")
    start_host(port=doomed.port)
    assert writer.told("welcome")[0]["log"]["resumed"] is True
    last = writer.ask("file-change", _edit(team, "end"))[1]
    acked = [line[2][1] for line in writer.unread if line[0] == "ack"]
    told = [line[3] for line in writer.unread if line[:2] == ["event", "file-change"]]
    assert len(acked) < 89  # it was killed in mid-edit
    assert sorted([first, *acked, *told, last]) == list(range(start + 1, last + 1))


def test_a_host_that_stops_is_left_and_another_in_its_place_is_found(official, start_host, team):
    leaver = start_host()
    client = official(leaver, team.project["id"], token=team.viewer.token)
    client.told("welcome")
    leaver.process.terminate()
    assert client.told("reconnect")[0]["after_ms"] >= 0
    assert client.told("closing")[0]["code"] == 1012
    assert client.expect("disconnect") == ["transport close", 1012, True]
    assert leaver.process.wait(20) == 0
    start_host(port=leaver.port)
    assert client.told("welcome")[0]["log"]["resumed"] is True


def test_a_revoked_one_is_told_why_and_does_not_come_back(official, host, team):
    client = official(host, team.project["id"], token=team.viewer.token)
    client.told("welcome")
    assert team.viewer.post("/auth/logout").status_code == 204
    assert client.told("closing")[0]["code"] == 4401
    assert client.expect("disconnect") == ["io server disconnect", None, False]


def test_whoever_may_not_come_in_gets_the_problem_as_connect_error(official, host, team):
    room = team.project["id"]
    refused = official(host, room, token=team.stranger.token)
    message, problem, active = refused.expect("connect_error")
    assert (message, problem["status"], active) == ("not-found", 404, False)
    again = official(host, room, token="forged")
    assert again.expect("connect_error")[0] == "unauthenticated"
    broken = official(host, room, token=team.owner.token, seq=-1)
    assert broken.expect("connect_error")[1]["errors"][0]["pointer"] == "/auth/seq"


def test_while_postgres_is_away_it_tries_again_by_itself(official, host, team, freeze):
    thaw = freeze("postgres")
    client = official(host, team.project["id"], token=team.owner.token)
    assert client.expect("disconnect", within=15) == ["transport close", 1013, True]
    thaw()
    assert client.told("welcome", within=15)[0]["role"] == "owner"


def test_long_polling_is_refused_and_its_client_can_go_on_to_a_websocket(official, host, team):
    options = {"transports": ["polling"], "reconnection": False}
    poller = official(host, team.project["id"], options, token=team.owner.token)
    assert poller.expect("connect_error")[0] == "xhr poll error"
    options = {"transports": ["polling", "websocket"], "tryAllTransports": True}
    switcher = official(host, team.project["id"], options, token=team.owner.token)
    assert switcher.told("welcome")[0]["role"] == "owner"


def test_the_official_client_answers_the_hosts_pings(official, start_host, team):
    brisk = start_host(PING_EVERY=0.6, PONG_WITHIN=0.6)
    client = official(brisk, team.project["id"], token=team.owner.token)
    client.told("welcome")
    for _ in range(4):
        client.expect("ping", within=3)
    assert client.ask("ping") == [{}]
    assert client.unread == [line for line in client.unread if line[0] in ("ping", "connect")]


def test_the_snippet_of_the_readme_works_as_written(node_folder, host, team):
    section = README.read_text().split("## With Socket.IO")[1]
    snippet = re.search(r"```sh\n(.*?)```", section, re.DOTALL)[1]
    snippet = snippet.replace("npm install socket.io-client@4\n", "").replace(
        ":5001", f":{host.port}"
    )
    values = {"PROJECT": team.project["id"], "TOKEN": team.owner.token, "FILE": team.file["id"]}
    lines = "".join(f"{name}={value}\n" for name, value in values.items())
    command = ["bash", "-euc", lines + snippet]
    done = subprocess.run(
        command, cwd=node_folder, capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "welcome" in done.stdout
    assert "insert" in done.stdout
    content = team.owner.get(f"/files/{team.file['id']}").get_json()["content"]
    assert content.startswith("Hello from Socket.IO. ")

"""Members of a room: the welcome, who comes and goes, cursors, and edits."""

from __future__ import annotations


def test_the_welcome_says_who_i_am_who_is_here_and_what_is_allowed(connect, team):
    first = connect(team.owner, team.project["id"])
    welcome = connect(team.viewer, team.project["id"]).welcome["data"]
    assert welcome["user"] == {"id": team.viewer.id, "name": "Vera"}
    assert welcome["role"] == "viewer"
    assert welcome["project"] == {"id": team.project["id"], "name": "Launch"}
    assert welcome["connection_id"] != first.welcome["data"]["connection_id"]
    people = {person["user"]["name"]: person["role"] for person in welcome["people"]}
    assert people == {"Olga": "owner", "Vera": "viewer"}
    assert welcome["limits"]["frame_bytes"] == 65536
    assert welcome["limits"]["messages_per_second"] == 50


def test_two_tabs_of_one_person_join_and_leave_once(connect, team):
    watcher = connect(team.owner, team.project["id"])
    one = connect(team.viewer, team.project["id"])
    joined = watcher.expect("user-joined")
    assert joined["data"] == {"user": {"id": team.viewer.id, "name": "Vera"}, "role": "viewer"}
    two = connect(team.viewer, team.project["id"])
    assert len(two.welcome["data"]["people"]) == 2
    assert watcher.heard("user-joined") == []
    one.close()
    assert two.ask("ping")["event"] == "ack"
    assert watcher.heard("user-left") == []
    two.close()
    left = watcher.expect("user-left")
    assert left["data"] == {"user": {"id": team.viewer.id, "name": "Vera"}}
    assert watcher.heard("user-left") == []


def test_a_second_tab_is_not_announced_to_the_first(connect, team):
    one = connect(team.viewer, team.project["id"])
    connect(team.viewer, team.project["id"])
    assert one.heard("user-joined") == []


def test_a_cursor_reaches_the_others_and_not_its_sender(connect, team):
    sender = connect(team.viewer, team.project["id"])
    other = connect(team.owner, team.project["id"])
    cursor = {"file_id": team.file["id"], "anchor": 3, "head": 5}
    assert sender.ask("cursor-update", cursor)["data"] == {}
    shown = other.expect("cursor-update")
    assert shown["data"] == {"user": {"id": team.viewer.id, "name": "Vera"}} | cursor
    assert shown.keys() == {"event", "data"}
    assert sender.heard("cursor-update") == []


def test_an_edit_is_acknowledged_to_its_sender_and_shown_to_everyone_else(connect, team):
    sender = connect(team.collaborator, team.project["id"])
    second_tab = connect(team.collaborator, team.project["id"])
    viewer = connect(team.viewer, team.project["id"])
    edit = {"file_id": team.file["id"], "base": 0, "delta": [{"retain": 5}, {"insert": " world"}]}
    ack = sender.ask("file-change", edit)
    assert ack["event"] == "ack", ack
    assert ack["data"] == {"file_id": team.file["id"], "seq": 1, "delta": edit["delta"]}
    for reader in (viewer, second_tab):
        shown = reader.expect("file-change")["data"]
        assert shown["author"] == {"id": team.collaborator.id, "name": "Carl"}
        assert (shown["seq"], shown["delta"]) == (1, edit["delta"])
    assert sender.heard("file-change") == []
    content = team.viewer.get(f"/files/{team.file['id']}").get_json()
    assert content["content"] == "hello world"


def test_an_edit_without_an_id_comes_back_as_the_event_in_its_place(connect, team):
    sender, reader = (connect(who, team.project["id"]) for who in (team.owner, team.viewer))
    edit = {"file_id": team.file["id"], "base": 0, "delta": [{"insert": "x"}]}
    sender.send("file-change", edit)
    sender.send("file-change", edit, id=7)
    echo, ack = sender.expect("file-change"), sender.expect("ack")
    start = sender.welcome["data"]["log"]["seq"]
    assert [echo["seq"], ack["seq"]] == [start + 1, start + 2]
    assert echo["data"]["author"]["id"] == team.owner.id
    assert reader.expect("file-change") == echo
    assert sender.heard("file-change") == []
    back = connect(
        team.owner,
        team.project["id"],
        query=f"?epoch={sender.welcome['data']['log']['epoch']}&seq={echo['seq']}",
    )
    assert back.expect("file-change")["seq"] == ack["seq"]
    assert back.heard("file-change") == []


def test_what_is_not_in_the_room_is_not_found(connect, team, person):
    elsewhere = team.owner.post(
        f"/workspaces/{team.workspace['id']}/projects", {"name": "Other"}
    ).get_json()
    client = connect(team.owner, elsewhere["id"])
    edit = {"file_id": team.file["id"], "base": 0, "delta": [{"insert": "x"}]}
    assert client.ask("file-change", edit)["data"]["status"] == 404


def test_rest_edits_and_project_changes_reach_the_room(connect, team):
    viewer = connect(team.viewer, team.project["id"])
    file = f"/files/{team.file['id']}/content"
    assert team.owner.put(file, {"content": "hello there"}).status_code == 200
    assert viewer.expect("file-change")["data"]["seq"] == 1
    team.owner.patch(f"/projects/{team.project['id']}", {"name": "Lift-off"})
    assert viewer.expect("project-updated")["data"]["name"] == "Lift-off"

"""A project's room in figures, for its owners: over REST, whichever host people are on."""


def statistics(account, project_id):
    return account.get(f"/projects/{project_id}/room")


def test_owners_see_how_busy_a_room_is(connect, team, eventually):
    project_id = team.project["id"]
    before = statistics(team.owner, project_id).get_json()
    assert (before["people"], before["hosts"]) == (0, 0)
    tabs = [connect(team.viewer, project_id) for _ in range(2)]
    writer = connect(team.collaborator, project_id)
    edit = {"file_id": team.file["id"], "base": 0, "delta": [{"insert": "x"}]}
    assert writer.ask("file-change", edit)["event"] == "ack"

    def shown():
        return statistics(team.owner, project_id).get_json()

    eventually(lambda: (shown()["people"], shown()["hosts"]) == (2, 1))
    now = shown()
    assert now["seq"] == before["seq"] + 1
    assert now["events"]["file-change"] == 1 + before["events"].get("file-change", 0)
    assert sum(now["events"].values()) == now["seq"]
    assert now["hours"] == 24
    for tab in (*tabs, writer):
        tab.close()
    eventually(lambda: (shown()["people"], shown()["hosts"]) == (0, 0))


def test_nobody_but_owners_sees_them(team):
    project_id = team.project["id"]
    assert statistics(team.collaborator, project_id).status_code == 403
    assert statistics(team.viewer, project_id).status_code == 403
    assert statistics(team.stranger, project_id).status_code == 404

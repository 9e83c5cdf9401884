"""Projects and workspaces: what is in them, who sees them, and how they end."""


def test_a_workspace_lists_its_projects_and_a_person_their_workspaces(team, person):
    workspace = f"/workspaces/{team.workspace['id']}"
    team.collaborator.post(f"{workspace}/projects", {"name": "Second", "description": "More"})
    listed = team.viewer.get(f"{workspace}/projects").get_json()["items"]
    assert [(p["name"], p["role"]) for p in listed] == [("Launch", "viewer"), ("Second", "viewer")]
    assert [w["name"] for w in team.viewer.get("/workspaces").get_json()["items"]] == ["Studio"]
    assert team.stranger.get("/workspaces").get_json()["items"] == []


def test_a_change_touches_only_what_it_names(team):
    path = f"/projects/{team.project['id']}"
    team.owner.patch(path, {"description": "Soon"})
    changed = team.owner.patch(path, {"name": "Lift-off"}).get_json()
    assert (changed["name"], changed["description"]) == ("Lift-off", "Soon")
    assert team.owner.patch(path, {}).status_code == 422


def test_a_deleted_project_is_gone_with_its_files(team):
    assert team.owner.delete(f"/projects/{team.project['id']}").status_code == 204
    assert team.owner.get(f"/projects/{team.project['id']}").status_code == 404
    assert team.owner.get(f"/files/{team.file['id']}").status_code == 404


def test_a_deleted_workspace_is_gone_with_all_that_was_in_it(team):
    assert team.owner.delete(f"/workspaces/{team.workspace['id']}").status_code == 204
    for path in (f"/workspaces/{team.workspace['id']}", f"/projects/{team.project['id']}"):
        assert team.owner.get(path).status_code == 404


def test_a_path_is_taken_once_in_a_project(team):
    files = f"/projects/{team.project['id']}/files"
    assert team.collaborator.post(files, {"path": "notes.md"}).status_code == 409
    for wrong in ("/etc/passwd", "../up", "a//b", "a/", "./a", "a/../b", "a\\b", ""):
        answer = team.collaborator.post(files, {"path": wrong})
        assert answer.status_code == 422, wrong
        assert answer.get_json()["errors"][0]["pointer"] == "/path"
    for fine in ("a/b/c.txt", ".env", "...", "ünï/ code.md"):
        assert team.collaborator.post(files, {"path": fine}).status_code == 201, fine

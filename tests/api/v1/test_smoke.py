"""One pass through the REST routes, as a team would use them."""


def test_a_team_shares_a_project_and_a_file(team):
    project = f"/projects/{team.project['id']}"
    assert team.viewer.get(project).get_json()["role"] == "viewer"
    assert team.collaborator.patch(project, {"name": "Lift-off"}).get_json()["name"] == "Lift-off"
    content = f"/files/{team.file['id']}/content"
    answer = team.collaborator.put(content, {"content": "hello world", "base": 0})
    assert answer.get_json()["content"] == "hello world"
    merged = team.owner.put(content, {"content": "oh, hello", "base": 0})
    assert merged.get_json()["content"] == "oh, hello world"
    assert merged.get_json()["seq"] == 2
    assert team.stranger.get(project).status_code == 404
    assert team.viewer.put(content, {"content": "x"}).status_code == 403
    assert team.owner.post(f"{project}/ticket").status_code == 201

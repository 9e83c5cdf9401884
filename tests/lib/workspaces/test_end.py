"""The end of a workspace, in the middle of everybody's work."""

from itertools import count


def test_a_workspace_that_ends_while_people_write_in_it_ends_for_all_of_them(team, at_once):
    """Every write holds on to the workspace first, so that none waits in a circle with its end."""
    workspace, project = f"/workspaces/{team.workspace['id']}", f"/projects/{team.project['id']}"
    content, number = f"/files/{team.file['id']}/content", count()

    def act(which):
        statuses = set()
        while 404 not in statuses and next(number) < 3000:
            answers = [
                team.collaborator.put(content, {"content": f"text {which}"}),
                team.collaborator.post(f"{project}/files", {"path": f"{which}-{next(number)}.md"}),
                team.collaborator.patch(project, {"description": f"{which}"}),
                team.collaborator.post(f"{workspace}/projects", {"name": "Another"}),
            ]
            if which == 0:
                answers.append(team.owner.delete(workspace))
            statuses |= {answer.status_code for answer in answers}
        return statuses

    statuses = set().union(*at_once(8, act))
    assert {200, 201, 404} <= statuses
    assert statuses <= {200, 201, 204, 404}
    assert team.owner.get(workspace).status_code == 404


def test_it_may_take_longer_than_other_requests_to_delete_all_that_is_in_a_workspace(
    team, slow_deletion
):
    assert team.owner.delete(f"/workspaces/{team.workspace['id']}").status_code == 204

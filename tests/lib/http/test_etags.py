"""ETags: a reader learns that nothing has changed, a writer that something has."""

import pytest


@pytest.fixture
def resources(team):
    """What has a version: where it is read, and a write that means one version of it."""
    workspace, project, file = team.workspace["id"], team.project["id"], team.file["id"]
    member = f"/workspaces/{workspace}/members/{team.collaborator.id}"
    return [
        (f"/workspaces/{workspace}", ("PATCH", f"/workspaces/{workspace}", {"name": "New"})),
        (f"/projects/{project}", ("PATCH", f"/projects/{project}", {"name": "New"})),
        (f"/files/{file}", ("PUT", f"/files/{file}/content", {"content": "new"})),
        (member, ("PATCH", member, {"role": "viewer"})),
    ]


def test_what_a_reader_has_already_is_not_sent_again(resources, team):
    for path, _ in resources:
        first = team.owner.get(path)
        again = team.owner.get(path, headers={"If-None-Match": first.headers["ETag"]})
        weak = team.owner.get(path, headers={"If-None-Match": f'"x", W/{first.headers["ETag"]}'})
        other = team.owner.get(path, headers={"If-None-Match": '"something-else"'})
        assert first.headers["ETag"].startswith('"')
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]
        assert weak.status_code == 304
        assert other.get_json() == first.get_json()


def test_a_write_that_means_the_version_that_is_there_is_done(resources, team):
    for path, (method, target, body) in resources:
        before = team.owner.get(path).headers["ETag"]
        written = team.owner.send(method, target, body, headers={"If-Match": before})
        assert written.status_code == 200, written.text
        assert written.headers["ETag"] == team.owner.get(path).headers["ETag"] != before


def test_a_write_that_means_a_version_of_the_past_changes_nothing(resources, team):
    for path, (method, target, body) in resources:
        before = team.owner.get(path)
        for stale in ('"something-else"', f"W/{before.headers['ETag']}"):
            refused = team.owner.send(method, target, body, headers={"If-Match": stale})
            assert refused.status_code == 412, refused.text
            assert refused.get_json()["type"] == "/problems/precondition-failed"
        assert team.owner.get(path).get_json() == before.get_json()


def test_a_deletion_too_may_mean_one_version(team):
    path = f"/projects/{team.project['id']}"
    before = team.owner.get(path).headers["ETag"]
    assert team.owner.patch(path, {"name": "Changed"}).status_code == 200
    assert team.owner.delete(path, headers={"If-Match": before}).status_code == 412
    assert team.owner.get(path).status_code == 200
    now = team.owner.get(path).headers["ETag"]
    assert team.owner.delete(path, headers={"If-Match": now}).status_code == 204


def test_a_star_means_whatever_version_is_there(team):
    path = f"/projects/{team.project['id']}"
    assert team.owner.patch(path, {"name": "New"}, headers={"If-Match": "*"}).status_code == 200


def test_of_two_writers_who_mean_the_same_version_one_wins(team, at_once):
    path = f"/projects/{team.project['id']}"
    version = team.owner.get(path).headers["ETag"]
    statuses = at_once(
        16,
        lambda n: (
            (
                team.owner.patch(path, {"name": f"Writer {n}"}, headers={"If-Match": version})
            ).status_code
        ),
    )
    assert sorted(statuses) == [200] + [412] * 15

"""A right that is taken away under load: nothing that needed it commits after that did."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from lib.stores import postgres

WRITERS = 4
EDITS = 50  # before the right is taken away


def edits(team):
    """How many edits of the collaborator there are."""
    with postgres.connection() as conn:
        row = conn.execute(
            "SELECT count(*) AS n FROM file_updates WHERE author_id = %s", [team.collaborator.id]
        ).fetchone()
    return row["n"]


@pytest.mark.parametrize("how", ["demoted", "removed", "logged out"])
def test_no_edit_commits_after_its_author_lost_the_right(team, eventually, how):
    path = f"/files/{team.file['id']}/content"
    member = f"/workspaces/{team.workspace['id']}/members/{team.collaborator.id}"
    stop, statuses = Event(), []

    def write(number):
        turn = 0
        while not stop.is_set():
            turn += 1
            answer = team.collaborator.put(path, {"content": f"{number} {turn}"})
            statuses.append(answer.status_code)

    with ThreadPoolExecutor(WRITERS) as pool:
        for number in range(WRITERS):
            pool.submit(write, number)
        try:
            eventually(lambda: statuses.count(200) > EDITS, 30)
            if how == "demoted":
                taken = team.owner.patch(member, {"role": "viewer"})
            elif how == "removed":
                taken = team.owner.delete(member)
            else:
                taken = team.collaborator.post("/auth/logout")
            then = edits(team)
            refused = {"demoted": 403, "removed": 404, "logged out": 401}[how]
            eventually(lambda: statuses.count(refused) > EDITS, 30)
        finally:
            stop.set()
    assert taken.status_code in (200, 204)
    assert set(statuses) == {200, refused}
    assert edits(team) == then > 0

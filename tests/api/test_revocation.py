"""A right that is taken away under load: nothing that needed it commits after that did."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import pytest

from lib.access import links
from lib.accounts.links import RESET_PASSWORD
from lib.stores import postgres
from tests.conftest import PASSWORD

WRITERS = 4
EDITS = 50  # before the right is taken away


def edits(team):
    """How many edits of the collaborator there are."""
    with postgres.connection() as conn:
        row = conn.execute(
            "SELECT count(*) AS n FROM file_updates WHERE author_id = %s", [team.collaborator.id]
        ).fetchone()
    return row["n"]


@pytest.fixture
def writer(team):
    """The collaborator as a script, with a personal access token in place of the session."""
    made = team.collaborator.post("/me/tokens", {"name": "Script", "scopes": ["read", "write"]})
    return made.get_json()


def member(team):
    return f"/workspaces/{team.workspace['id']}/members/{team.collaborator.id}"


def elsewhere(team):
    """The collaborator, logged in a second time; and the first session."""
    body = {"email": team.collaborator.email, "password": PASSWORD}
    fresh = team.collaborator.post("/auth/login", body).get_json()["access_token"]
    items = team.collaborator.get("/auth/sessions").get_json()["items"]
    first = next(item["id"] for item in items if item["current"])
    return {"Authorization": f"Bearer {fresh}"}, first


def log_out_elsewhere(team, _token):
    headers, first = elsewhere(team)
    return team.collaborator.delete(f"/auth/sessions/{first}", headers=headers)


def reset(team, _token):
    team.collaborator.post("/auth/password/forgot", {"email": team.collaborator.email})
    with postgres.connection() as conn:
        link = conn.execute(
            "SELECT id FROM account_links WHERE user_id = %s AND purpose = %s",
            [team.collaborator.id, RESET_PASSWORD],
        ).fetchone()
    body = {"token": links.token(RESET_PASSWORD, link["id"]), "password": "quite another one"}
    return team.collaborator.post("/auth/password/reset", body)


HOW = {
    "demoted": (403, lambda team, _: team.owner.patch(member(team), {"role": "viewer"})),
    "removed": (404, lambda team, _: team.owner.delete(member(team))),
    "logged out": (401, lambda team, _: team.collaborator.post("/auth/logout")),
    "logged out elsewhere": (401, log_out_elsewhere),
    "password reset": (401, reset),
    "token revoked": (401, lambda t, token: t.collaborator.delete(f"/me/tokens/{token['id']}")),
}


@contextmanager
def writing(team, headers=None):
    """Let busy writers edit as the collaborator; yields the statuses of their edits so far."""
    path = f"/files/{team.file['id']}/content"
    stop, statuses = Event(), []

    def write(number):
        turn = 0
        while not stop.is_set():
            turn += 1
            content = {"content": f"{number} {turn}"}
            statuses.append(team.collaborator.put(path, content, headers=headers or {}).status_code)

    with ThreadPoolExecutor(WRITERS) as pool:
        for number in range(WRITERS):
            pool.submit(write, number)
        try:
            yield statuses
        finally:
            stop.set()


@pytest.mark.parametrize("how", HOW)
def test_no_edit_commits_after_its_author_lost_the_right(team, writer, eventually, how):
    refused, take = HOW[how]
    headers = {"Authorization": f"Bearer {writer['token']}"} if how == "token revoked" else {}
    with writing(team, headers) as statuses:
        eventually(lambda: statuses.count(200) > EDITS, 30)
        taken = take(team, writer)
        then = edits(team)
        eventually(lambda: statuses.count(refused) > EDITS, 30)
    assert taken.status_code in (200, 204)
    assert set(statuses) == {200, refused}
    assert edits(team) == then > 0


def test_a_session_is_renewed_although_it_is_busy(team, eventually):
    with writing(team) as statuses:
        eventually(lambda: statuses.count(200) > EDITS, 30)
        body = {"refresh_token": team.collaborator.refresh_token}
        answer = team.collaborator.post("/auth/refresh", body)
    assert answer.status_code == 200
    assert set(statuses) == {200}

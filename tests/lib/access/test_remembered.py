"""Remembered look-ups: a write that begins by memory ends as the look-up of this moment says."""

from __future__ import annotations

from math import inf
from uuid import UUID

import pytest

from lib.access import remembered
from lib.stores import connection, postgres
from lib.stores.connection import Connection


@pytest.fixture
def trips(monkeypatch):
    """How often something was awaited of Postgres, whatever it was."""
    seen = []
    real = Connection._ask

    def ask(self, send):
        seen.append(send)
        return real(self, send)

    monkeypatch.setattr(Connection, "_ask", ask)
    monkeypatch.setattr(Connection, "prepares", False)  # which is asked for once in a while
    monkeypatch.setattr(connection, "IDLE_BEFORE_CHECK", inf)  # or some would begin with a ping
    monkeypatch.setattr(connection, "_suspect_since", -inf)
    return seen


@pytest.fixture
def create(team):
    """Create a project as a member who has done so before, so that it begins by memory."""

    def post(person=None, name="Next"):
        return (person or team.collaborator).post(
            f"/workspaces/{team.workspace['id']}/projects", {"name": name}
        )

    assert post().status_code == 201
    return post


def change(statement, *values):
    """Change a row as another process would, whose memory is not ours."""
    with postgres.transaction() as conn:
        assert conn.execute(statement, values).rowcount == 1


def names(team):
    page = team.owner.get(f"/workspaces/{team.workspace['id']}/projects").get_json()
    return {project["name"] for project in page["items"]}


def test_a_write_by_memory_costs_a_round_trip_less(team, create, trips):
    create()
    by_memory = len(trips)
    remembered._found.clear()
    trips.clear()
    create()
    assert len(trips) == by_memory + 1


def test_a_role_that_was_lowered_elsewhere_is_the_one_that_counts(team, create):
    change(
        "UPDATE workspace_members SET role = 'viewer' WHERE workspace_id = %s AND user_id = %s",
        UUID(team.workspace["id"]),
        UUID(team.collaborator.id),
    )
    assert create(name="Too late").status_code == 403
    assert "Too late" not in names(team)


def test_a_role_that_was_raised_elsewhere_is_the_one_that_counts(team):
    place, body = f"/projects/{team.project['id']}/files", {"path": "new.md", "content": ""}
    assert team.viewer.post(place, body).status_code == 403
    change(
        "UPDATE workspace_members SET role = 'collaborator'"
        " WHERE workspace_id = %s AND user_id = %s",
        UUID(team.workspace["id"]),
        UUID(team.viewer.id),
    )
    assert team.viewer.post(place, body).status_code == 201


def test_a_removed_member_finds_nothing(team, create):
    change(
        "DELETE FROM workspace_members WHERE workspace_id = %s AND user_id = %s",
        UUID(team.workspace["id"]),
        UUID(team.collaborator.id),
    )
    assert create(name="Too late").status_code == 404
    assert "Too late" not in names(team)


def test_a_session_that_was_revoked_elsewhere_is_over(team, create):
    change("UPDATE sessions SET revoked_at = now() WHERE user_id = %s", UUID(team.collaborator.id))
    assert create(name="Too late").status_code == 401
    assert "Too late" not in names(team)


def test_a_workspace_that_was_archived_elsewhere_takes_no_write(team, create):
    change("UPDATE workspaces SET archived_at = now() WHERE id = %s", UUID(team.workspace["id"]))
    assert create(name="Too late").status_code == 409
    assert "Too late" not in names(team)


def test_a_person_is_called_in_the_log_as_they_are_called_now(team, create):
    change("UPDATE users SET name = 'Renamed' WHERE id = %s", UUID(team.collaborator.id))
    made = create().get_json()
    with postgres.connection() as conn:
        found = conn.execute(
            "SELECT event ->> 'actor_name' AS name FROM audit_outbox"
            " WHERE event ->> 'target_id' = %s",
            [made["id"]],
        ).fetchone()
    assert found == {"name": "Renamed"}


def test_a_conflict_in_a_write_by_memory_is_told_and_leaves_nothing(team, create):
    place = f"/projects/{team.project['id']}/files"
    body = {"path": "same.md", "content": ""}
    assert team.collaborator.post(place, body).status_code == 201
    assert team.collaborator.post(place, body).status_code == 409
    paths = [file["path"] for file in team.owner.get(place).get_json()["items"]]
    assert sorted(paths) == ["notes.md", "same.md"]


def test_no_more_look_ups_are_remembered_than_are_allowed(team, create, monkeypatch):
    monkeypatch.setattr(remembered, "MAX_REMEMBERED", 2)
    for person in (team.owner, team.collaborator, team.owner, team.collaborator):
        assert create(person).status_code == 201
    for number in range(3):
        workspace = team.owner.post("/workspaces", {"name": f"Room {number}"}).get_json()
        team.owner.post(f"/workspaces/{workspace['id']}/projects", {"name": "One"})
    assert len(remembered._found) <= 2

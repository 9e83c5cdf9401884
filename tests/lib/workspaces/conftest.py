"""Invitations as tests make them, and the mails that they send."""

from uuid import UUID

import pytest

from lib.access import links
from lib.config import settings
from lib.stores import postgres


@pytest.fixture
def invitations(team):
    """The path of the team's invitations."""
    return f"/workspaces/{team.workspace['id']}/invitations"


@pytest.fixture
def invite(team, invitations):
    """Invite, as the owner unless somebody else is named; return the answer's JSON."""

    def make(by=None, **body):
        answer = (by or team.owner).post(invitations, {"role": "viewer"} | body)
        assert answer.status_code == 201, answer.text
        return answer.get_json()

    return make


@pytest.fixture
def mails(stack):
    """What mails to an address hold, oldest first: the worker sends them as these jobs say."""

    def find(address):
        with postgres.connection() as conn:
            rows = conn.execute(
                "SELECT payload FROM jobs WHERE kind = 'email.send' AND payload ->> 'to' = %s"
                " ORDER BY id",
                [address],
            )
            return [row["payload"] for row in rows]

    return find


@pytest.fixture
def mailed_token(mails):
    """The token in the last mail to an address."""

    def find(address):
        link = mails(address)[-1]["link"]
        return links.token(link["purpose"], UUID(link["id"]))

    return find


@pytest.fixture
def unlimited(stack, monkeypatch):
    """Nobody is told that they do too much."""
    monkeypatch.setenv("RATE_LIMITS", "off")
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
def age():
    """Make an invitation as if so much time had passed since its end."""

    def make(invitation, interval="1 second"):
        with postgres.connection() as conn:
            conn.execute(
                "UPDATE invitations SET expires_at = now() - %s::interval WHERE id = %s",
                [interval, invitation["id"]],
            )

    return make


@pytest.fixture
def recorded(team):
    """The events of the team's workspace with one action, as they wait in the outbox."""

    def find(action):
        with postgres.connection() as conn:
            rows = conn.execute(
                "SELECT event FROM audit_outbox WHERE event ->> 'workspace_id' = %s"
                " AND event ->> 'action' = %s ORDER BY id",
                [team.workspace["id"], action],
            )
            return [row["event"] for row in rows]

    return find

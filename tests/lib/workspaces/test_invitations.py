"""Invitations as owners see them: by mail or as a link, listed, sent again, taken back."""

from uuid import uuid4

import pytest

from lib.access.throttles import count
from lib.config import settings
from lib.stores import postgres
from lib.workspaces.invitations import INVITING, RESENDING


@pytest.fixture
def address():
    return f"{uuid4().hex}@example.com"


def test_an_invitation_by_mail_goes_to_the_address_and_its_token_to_nobody_else(
    team, invitations, invite, mails, address
):
    made = invite(email=address, role="collaborator")
    assert (made["email"], made["role"], made["state"]) == (address, "collaborator", "pending")
    assert made["invited_by"] == {"id": team.owner.id, "name": "Olga"}
    assert (made["token"], made["link"]) == (None, None)
    (mail,) = mails(address)
    assert mail["template"] == "invitation"
    assert mail["values"] == {"inviter": "Olga", "workspace": "Studio", "role": "collaborator"}
    assert mail["link"] == {"purpose": "invitation", "id": made["id"]}


def test_a_link_shows_its_token_once(team, invitations, invite):
    made = invite(max_uses=3)
    assert len(made["token"]) == 64
    read = team.owner.get(f"{invitations}/{made['id']}")
    assert read.status_code == 200
    assert made["token"] not in read.text
    assert made["token"] not in team.owner.get(invitations).text
    with postgres.connection() as conn:
        stored = conn.execute("SELECT * FROM invitations WHERE id = %s", [made["id"]]).fetchone()
        events = conn.execute("SELECT event::text AS text FROM audit_outbox").fetchall()
    assert made["token"] not in str(stored) + str(events)


def test_a_link_names_the_page_of_the_front_end(invite, monkeypatch):
    assert invite()["link"] is None
    with monkeypatch.context() as environment:
        environment.setenv("APP_URL", "https://app.example.com")
        settings.cache_clear()
        made = invite()
    settings.cache_clear()
    assert made["link"] == f"https://app.example.com/invitation?token={made['token']}"


def test_the_same_request_sent_again_gets_the_same_token(team, invitations):
    key = {"Idempotency-Key": str(uuid4())}
    first, again = (
        team.owner.post(invitations, {"role": "viewer"}, headers=key).get_json() for _ in "12"
    )
    assert first == again
    assert len(team.owner.get(invitations).get_json()["items"]) == 1


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"role": "owner"}, "/role"),  # by link
        ({"role": "admin"}, "/role"),
        ({"role": "viewer", "email": "a@example.com", "max_uses": 2}, "/max_uses"),
        ({"role": "viewer", "max_uses": 0}, "/max_uses"),
        ({"role": "viewer", "max_uses": 1001}, "/max_uses"),
        ({"role": "viewer", "expires_in": 299}, "/expires_in"),
        ({"role": "viewer", "expires_in": 30 * 24 * 3600 + 1}, "/expires_in"),
        ({"role": "viewer", "email": "nobody"}, "/email"),
        ({"role": "viewer", "email": None}, "/email"),
        ({}, "/role"),
    ],
)
def test_what_can_not_be_an_invitation_is_refused(team, invitations, body, pointer):
    answer = team.owner.post(invitations, body)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.get_json()["errors"]] == [pointer]
    assert team.owner.get(f"{invitations}?state=all").get_json()["items"] == []


def test_a_member_is_not_invited_and_an_address_only_once_at_a_time(
    team, invitations, invite, age, mails, address
):
    member = {"role": "owner", "email": team.viewer.email}
    assert team.owner.post(invitations, member).status_code == 409
    first = invite(email=address)
    assert team.owner.post(invitations, {"role": "viewer", "email": address}).status_code == 409
    assert len(mails(address)) == 1
    age(first)
    second = invite(email=address.upper())
    assert second["email"] == address
    assert team.owner.get(f"{invitations}/{first['id']}").get_json()["state"] == "revoked"


def test_an_address_invited_by_many_requests_at_once_gets_one_mail(
    team, invitations, mails, address, at_once
):
    body = {"role": "viewer", "email": address}
    answers = at_once(16, lambda _: team.owner.post(invitations, body).status_code)
    assert sorted(answers) == [201] + [409] * 15
    assert len(mails(address)) == 1


def test_invitations_are_listed_by_their_state(team, invitations, invite, age, person):
    pending, revoked, expired, used = (invite() for _ in range(4))
    assert team.owner.delete(f"{invitations}/{revoked['id']}").status_code == 204
    age(expired)
    accepted = person("New").post("/invitations/accept", {"token": used["token"]})
    assert accepted.status_code == 200

    def listed(query=""):
        items = team.owner.get(f"{invitations}{query}").get_json()["items"]
        return [(item["id"], item["state"]) for item in items]

    assert listed() == listed("?state=pending") == [(pending["id"], "pending")]
    assert listed("?state=revoked") == [(revoked["id"], "revoked")]
    assert listed("?state=expired") == [(expired["id"], "expired")]
    assert listed("?state=used") == [(used["id"], "used")]
    assert len(listed("?state=all")) == 4
    page = team.owner.get(f"{invitations}?state=all&limit=3").get_json()
    rest = team.owner.get(f"{invitations}?state=all&cursor={page['next_cursor']}").get_json()
    assert [item["id"] for item in rest["items"]] == [used["id"]]
    assert team.owner.get(f"{invitations}?state=other").status_code == 422


def test_an_invitation_of_another_workspace_is_not_found(team, invitations, invite):
    made = invite()
    other = team.owner.post("/workspaces", {"name": "Other"}).get_json()
    elsewhere = f"/workspaces/{other['id']}/invitations/{made['id']}"
    assert team.owner.get(f"{invitations}/{made['id']}").status_code == 200
    assert team.owner.get(elsewhere).status_code == 404
    assert team.owner.delete(elsewhere).status_code == 404
    assert team.owner.post(f"{elsewhere}/resend").status_code == 404


def test_an_invitation_is_taken_back_once(team, invitations, invite, recorded):
    path = f"{invitations}/{invite()['id']}"
    version = {"If-Match": team.owner.get(path).headers["ETag"]}
    assert team.owner.delete(path, headers={"If-Match": '"other"'}).status_code == 412
    assert team.owner.delete(path, headers=version).status_code == 204
    assert team.owner.get(path).get_json()["state"] == "revoked"
    assert team.owner.delete(path).status_code == 204
    assert len(recorded("invitation.revoked")) == 1


def test_a_mail_is_sent_again_and_the_invitation_lasts_as_long_as_a_new_one(
    team, invitations, invite, age, mails, recorded, address
):
    made = invite(email=address, expires_in=3600)
    age(made, "20 days")
    again = team.owner.post(f"{invitations}/{made['id']}/resend")
    assert (again.status_code, again.get_json()["state"]) == (200, "pending")
    assert again.get_json()["expires_at"] > made["expires_at"]
    first, second = mails(address)
    assert first == second
    assert len(recorded("invitation.resent")) == 1


def test_whoever_sends_an_invitation_again_answers_for_it(
    team, invitations, invite, mails, address
):
    made = invite(email=address)
    members = f"/workspaces/{team.workspace['id']}/members"
    team.owner.patch(f"{members}/{team.viewer.id}", {"role": "owner"})
    again = team.viewer.post(f"{invitations}/{made['id']}/resend").get_json()
    assert again["invited_by"]["id"] == team.viewer.id
    assert mails(address)[-1]["values"]["inviter"] == "Vera"


def test_what_is_over_or_was_never_mailed_is_not_sent_again(team, invitations, invite, address):
    link = invite()
    assert team.owner.post(f"{invitations}/{link['id']}/resend").status_code == 409
    made = invite(email=address)
    team.owner.delete(f"{invitations}/{made['id']}")
    answer = team.owner.post(f"{invitations}/{made['id']}/resend")
    assert (answer.status_code, answer.get_json()["type"]) == (410, "/problems/invitation-revoked")


@pytest.mark.parametrize("limit", [INVITING, RESENDING])
def test_nobody_sends_mails_without_end(team, invitations, invite, mails, address, limit):
    made = invite(email=address)
    while count(limit, team.owner.id).left > 0:
        pass
    path = invitations if limit is INVITING else f"{invitations}/{made['id']}/resend"
    body = {"role": "viewer", "email": f"{uuid4().hex}@example.com"}
    answer = team.owner.post(path, body if limit is INVITING else None)
    assert answer.status_code == 429
    assert answer.headers["Retry-After"]
    assert len(mails(address)) == 1


def test_nobody_is_invited_into_an_archived_workspace(team, invitations, invite, address):
    made, mailed = invite(), invite(email=address)
    assert team.owner.post(f"/workspaces/{team.workspace['id']}/archive").status_code == 200
    for path in (invitations, f"{invitations}/{mailed['id']}/resend"):
        body = {"role": "viewer"} if path == invitations else None
        assert team.owner.post(path, body).get_json()["type"] == "/problems/archived"
    assert team.owner.delete(f"{invitations}/{made['id']}").status_code == 204


@pytest.mark.parametrize("how", ["demoted", "removed", "left", "transferred"])
def test_an_invitation_ends_when_its_inviter_is_an_owner_no_more(
    team, invitations, invite, person, recorded, how
):
    """What somebody may not do any more must not go on in their name."""
    members = f"/workspaces/{team.workspace['id']}/members"
    team.owner.patch(f"{members}/{team.viewer.id}", {"role": "owner"})
    theirs, mine = invite(by=team.viewer), invite()
    if how == "demoted":
        team.owner.patch(f"{members}/{team.viewer.id}", {"role": "collaborator"})
    elif how == "removed":
        team.owner.delete(f"{members}/{team.viewer.id}")
    elif how == "left":
        team.viewer.delete(f"{members}/me")
    else:
        team.viewer.post(f"/workspaces/{team.workspace['id']}/transfer", {"user_id": team.owner.id})
    somebody = person("New")
    refused = somebody.post("/invitations/accept", {"token": theirs["token"]})
    assert (refused.status_code, refused.get_json()["type"]) == (
        410,
        "/problems/invitation-revoked",
    )
    assert team.owner.get(f"{invitations}/{theirs['id']}").get_json()["state"] == "revoked"
    assert [event["target_id"] for event in recorded("invitation.revoked")] == [theirs["id"]]
    assert somebody.post("/invitations/accept", {"token": mine["token"]}).status_code == 200


def test_a_role_that_changes_to_owner_ends_no_invitation(team, invitations, invite):
    made = invite()
    members = f"/workspaces/{team.workspace['id']}/members"
    team.owner.patch(f"{members}/{team.viewer.id}", {"role": "owner"})
    team.viewer.patch(f"{members}/{team.owner.id}", {"role": "owner"})
    assert team.owner.get(f"{invitations}/{made['id']}").get_json()["state"] == "pending"


def test_the_log_tells_of_invitations(team, invite, recorded, address):
    invite(email=address, role="collaborator")
    (event,) = recorded("invitation.created")
    assert (event["actor_id"], event["target_type"]) == (team.owner.id, "invitation")
    assert event["details"] == {"email": address, "role": "collaborator", "max_uses": 1}

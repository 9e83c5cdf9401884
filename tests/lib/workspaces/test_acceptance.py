"""Accepting an invitation: who may, as what, how often, and never when it is over."""

import json
from uuid import uuid4

import pytest

from lib.access import links
from lib.bridge import keys
from lib.ids import new_id
from lib.stores import postgres, redis_tcp

NEW = {"name": "Nora", "password": "a long enough password"}


pytestmark = pytest.mark.usefixtures("unlimited")  # all of them come from one address


@pytest.fixture
def workspace(team):
    return f"/workspaces/{team.workspace['id']}"


@pytest.fixture
def address():
    return f"{uuid4().hex}@example.com"


def accept(who, token):
    return who.post("/invitations/accept", {"token": token})


def members(team):
    listed = team.owner.get(f"/workspaces/{team.workspace['id']}/members?limit=200")
    return {m["user_id"]: m["role"] for m in listed.get_json()["items"]}


def test_a_preview_says_what_it_is_to_and_nothing_of_the_address(
    api, invite, mailed_token, address, person
):
    known = person("Known")
    for email in (address, known.email):
        invite(email=email, role="collaborator")
        answer = api.post("/invitations/preview", {"token": mailed_token(email)})
        assert answer.status_code == 200
        shown = answer.get_json()
        expires_at = shown.pop("expires_at")
        assert expires_at > "2000"
        assert shown == {
            "workspace_name": "Studio",
            "invited_by": "Olga",
            "role": "collaborator",
            "personal": True,
        }
        assert email not in answer.text
    link = api.post("/invitations/preview", {"token": invite()["token"]}).get_json()
    assert link["personal"] is False


def test_an_invited_person_becomes_a_member_with_the_role(
    team, workspace, invite, mailed_token, person, recorded
):
    new = person("New")
    invite(email=new.email, role="collaborator")
    assert new.get(workspace).status_code == 404
    answer = accept(new, mailed_token(new.email))
    assert answer.status_code == 200
    assert answer.get_json() == new.get(workspace).get_json()
    assert answer.get_json()["role"] == "collaborator"
    (event,) = recorded("invitation.accepted")
    assert event["actor_id"] == new.id
    assert event["details"] == {"role": "collaborator", "invited_by": team.owner.id}


def test_an_invitation_by_mail_is_for_the_account_with_that_address_only(
    team, workspace, invite, mailed_token, person
):
    new, thief = person("New"), person("Thief")
    invite(email=new.email)
    token = mailed_token(new.email)
    refused = accept(thief, token)
    assert refused.status_code == 403
    assert refused.get_json()["type"] == "/problems/invitation-for-another"
    assert new.email not in refused.text
    assert thief.get(workspace).status_code == 404
    assert accept(new, token).status_code == 200


@pytest.mark.parametrize("role", ["viewer", "collaborator", "owner"])
def test_a_member_who_accepts_keeps_the_role_and_uses_nothing_up(
    team, workspace, invitations, invite, role
):
    made = invite(role="collaborator")
    answer = accept(team.by_role()[role], made["token"])
    assert (answer.status_code, answer.get_json()["role"]) == (200, role)
    assert members(team)[team.by_role()[role].id] == role
    after = team.owner.get(f"{invitations}/{made['id']}").get_json()
    assert (after["uses"], after["state"]) == (0, "pending")


def test_accepting_twice_is_accepting_once(team, invitations, invite, person):
    new, made = person("New"), invite()
    first, again = accept(new, made["token"]), accept(new, made["token"])
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.get_json() == again.get_json()
    assert team.owner.get(f"{invitations}/{made['id']}").get_json()["uses"] == 1


def test_what_is_over_is_gone_in_a_type_of_its_own(
    team, workspace, invitations, invite, age, person, api
):
    revoked, expired, used = invite(), invite(), invite()
    assert team.owner.delete(f"{invitations}/{revoked['id']}").status_code == 204
    age(expired)
    assert accept(person("First"), used["token"]).status_code == 200
    late = person("Late")
    for made, slug in ((revoked, "revoked"), (expired, "expired"), (used, "used-up")):
        for answer in (
            accept(late, made["token"]),
            api.post("/invitations/preview", {"token": made["token"]}),
            api.post("/invitations/register", NEW | {"token": made["token"]}),
        ):
            assert answer.status_code == 410
            assert answer.get_json()["type"] == f"/problems/invitation-{slug}"
    assert late.get(workspace).status_code == 404


def test_a_token_that_is_not_ours_is_not_found(team, invite, person, api):
    token, new = invite()["token"], person("New")
    forged = token[:-1] + ("A" if token[-1] != "A" else "B")
    other = links.token("reset-password", new_id())
    nothing = links.token("invitation", new_id())
    for wrong in (forged, other, nothing, "x", "é" * 10, "../" * 20):
        assert accept(new, wrong).status_code == 404
        assert api.post("/invitations/preview", {"token": wrong}).status_code == 404
        answer = api.post("/invitations/register", NEW | {"token": wrong})
        assert answer.status_code == 404
    assert accept(new, token).status_code == 200


def test_nobody_joins_an_archived_workspace(
    team, workspace, invite, mailed_token, person, api, address
):
    made, new = invite(), person("New")
    invite(email=address)
    team.owner.post(f"{workspace}/archive")
    assert accept(new, made["token"]).get_json()["type"] == "/problems/archived"
    body = NEW | {"token": mailed_token(address)}
    assert api.post("/invitations/register", body).get_json()["type"] == "/problems/archived"
    team.owner.post(f"{workspace}/unarchive")
    assert accept(new, made["token"]).status_code == 200
    assert api.post("/invitations/register", body).status_code == 201


def test_a_new_person_gets_an_account_and_the_membership_in_one(
    team, workspace, invite, mailed_token, api, address, recorded
):
    invite(email=address, role="collaborator")
    answer = api.post("/invitations/register", NEW | {"token": mailed_token(address)})
    assert answer.status_code == 201
    made = answer.get_json()
    assert made == {
        "user_id": made["user_id"],
        "email": address,
        "name": "Nora",
        "workspace_id": team.workspace["id"],
        "role": "collaborator",
    }
    login = api.post("/auth/login", {"email": address, "password": NEW["password"]}).get_json()
    api.token = login["access_token"]
    assert api.get(workspace).get_json()["role"] == "collaborator"
    (event,) = recorded("invitation.accepted")
    assert (event["actor_id"], event["actor_email"]) == (made["user_id"], address)
    assert event["request_id"]


def test_the_address_can_not_be_chosen(api, invite, mailed_token, address):
    invite(email=address)
    body = NEW | {"token": mailed_token(address), "email": "other@example.com"}
    answer = api.post("/invitations/register", body)
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["pointer"] == "/email"


def test_an_address_with_an_account_logs_in_instead(
    team, workspace, invite, mailed_token, person, api
):
    known = person("Known")
    invite(email=known.email)
    token = mailed_token(known.email)
    answer = api.post("/invitations/register", NEW | {"token": token})
    assert answer.status_code == 409
    assert "log in" in answer.get_json()["detail"]
    assert known.get(workspace).status_code == 404
    assert accept(known, token).status_code == 200


def test_a_link_makes_no_account(team, invite, api):
    answer = api.post("/invitations/register", NEW | {"token": invite()["token"]})
    assert answer.status_code == 409
    assert "register with your own address" in answer.get_json()["detail"]


def test_sixteen_registrations_at_once_make_one_account(
    team, invite, mailed_token, api, address, at_once
):
    invite(email=address)
    body = NEW | {"token": mailed_token(address)}
    before = members(team)
    answers = at_once(16, lambda _: api.post("/invitations/register", body).status_code)
    assert answers.count(201) == 1
    assert set(answers) <= {201, 409, 410}
    assert len(members(team)) == len(before) + 1


def test_sixty_four_acceptances_by_one_person_at_once_make_one_member(
    team, invitations, invite, person, at_once
):
    new, made = person("New"), invite(max_uses=64)
    answers = at_once(64, lambda _: accept(new, made["token"]))
    assert {answer.status_code for answer in answers} == {200}
    assert members(team)[new.id] == "viewer"
    assert team.owner.get(f"{invitations}/{made['id']}").get_json()["uses"] == 1


def test_of_sixty_four_people_at_once_as_many_become_members_as_the_link_allows(
    team, invitations, invite, person, at_once
):
    made, crowd = invite(max_uses=5), [person(f"New {number}") for number in range(64)]
    before = members(team)
    answers = at_once(64, lambda number: accept(crowd[number], made["token"]).status_code)
    assert sorted(answers) == [200] * 5 + [410] * 59
    joined = {who.id for who, status in zip(crowd, answers, strict=True) if status == 200}
    assert members(team).keys() - before.keys() == joined
    after = team.owner.get(f"{invitations}/{made['id']}").get_json()
    assert (after["uses"], after["state"]) == (5, "used")


def test_nobody_joins_once_an_invitation_was_taken_back(team, invitations, invite, person, at_once):
    made, crowd = invite(max_uses=64), [person(f"New {number}") for number in range(16)]

    def act(number):
        if number == 8:
            return team.owner.delete(f"{invitations}/{made['id']}").status_code
        return accept(crowd[number], made["token"]).status_code

    before = members(team)
    answers = at_once(16, act)
    assert answers.pop(8) == 204
    assert set(answers) <= {200, 410}
    joined = len(members(team)) - len(before)
    assert joined == answers.count(200)
    assert team.owner.get(f"{invitations}/{made['id']}").get_json()["uses"] == joined
    assert accept(person("Late"), made["token"]).status_code == 410


def test_hosts_and_rooms_hear_of_a_new_member(team, invite, person, eventually):
    new, made = person("New"), invite(role="collaborator")
    listener = redis_tcp.client().pubsub(ignore_subscribe_messages=True)
    listener.subscribe(keys.access(new.id), keys.room(team.project["id"]))
    eventually(lambda: listener.subscribed)
    assert accept(new, made["token"]).status_code == 200
    told = [json.loads(eventually(lambda: listener.get_message(timeout=0.1))["data"]) for _ in "12"]
    listener.close()
    assert {message["type"]: message["data"] for message in told} == {
        "access-changed": {},
        "member-updated": {"user_id": new.id, "role": "collaborator"},
    }


def test_a_guest_of_a_project_becomes_a_member_and_the_higher_role_counts(team, invite):
    with postgres.connection() as conn:
        conn.execute(
            "INSERT INTO project_members (project_id, user_id, role) VALUES (%s, %s, 'owner')",
            [team.project["id"], team.stranger.id],
        )
    assert accept(team.stranger, invite()["token"]).get_json()["role"] == "viewer"
    project = team.stranger.get(f"/projects/{team.project['id']}").get_json()
    assert project["role"] == "owner"

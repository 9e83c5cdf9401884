"""Members: by e-mail, with one role each; a workspace always keeps an owner."""

import json
import threading

import pytest

from lib.bridge import keys
from lib.stores import redis_tcp


@pytest.fixture
def members(team):
    return f"/workspaces/{team.workspace['id']}/members"


def test_members_are_listed_with_their_roles_to_everybody_in_the_workspace(team, members):
    listed = team.viewer.get(members).get_json()["items"]
    assert {m["name"]: m["role"] for m in listed} == {
        "Olga": "owner",
        "Carl": "collaborator",
        "Vera": "viewer",
    }
    one = team.viewer.get(f"{members}/{team.owner.id}").get_json()
    assert one == next(m for m in listed if m["name"] == "Olga")


def test_an_unknown_address_is_refused_with_a_pointer(team, members):
    answer = team.owner.post(members, {"email": "nobody@example.com", "role": "viewer"})
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["pointer"] == "/email"


def test_a_member_can_not_be_added_twice_nor_have_the_role_changed_that_way(team, members):
    answer = team.owner.post(members, {"email": team.viewer.email, "role": "owner"})
    assert answer.status_code == 409
    assert team.viewer.get(f"/workspaces/{team.workspace['id']}").get_json()["role"] == "viewer"


def test_a_new_role_counts_on_the_next_request(team, members):
    project = f"/projects/{team.project['id']}"
    assert team.viewer.patch(project, {"name": "Mine"}).status_code == 403
    assert (
        team.owner.patch(f"{members}/{team.viewer.id}", {"role": "collaborator"}).status_code == 200
    )
    assert team.viewer.patch(project, {"name": "Mine"}).status_code == 200


def test_the_last_owner_can_neither_step_down_nor_go(team, members):
    me = f"{members}/{team.owner.id}"
    assert team.owner.patch(me, {"role": "viewer"}).status_code == 409
    assert team.owner.delete(me).status_code == 409
    assert team.owner.patch(f"{members}/{team.viewer.id}", {"role": "owner"}).status_code == 200
    assert team.owner.patch(me, {"role": "viewer"}).status_code == 200


def test_somebody_who_is_no_member_is_not_found(team, members):
    assert team.owner.patch(f"{members}/{team.stranger.id}", {"role": "viewer"}).status_code == 404
    assert team.owner.delete(f"{members}/{team.stranger.id}").status_code == 404


@pytest.mark.parametrize("how", ["demote", "remove"])
def test_two_owners_who_turn_on_each_other_at_once_leave_one(team, members, how):
    for _ in range(10):
        team.owner.patch(f"{members}/{team.collaborator.id}", {"role": "owner"})
        statuses = []

        def strike(who, other, statuses=statuses):
            path = f"{members}/{other.id}"
            demoting = how == "demote"
            answer = who.patch(path, {"role": "viewer"}) if demoting else who.delete(path)
            statuses.append(answer.status_code)

        pair = [(team.owner, team.collaborator), (team.collaborator, team.owner)]
        threads = [threading.Thread(target=strike, args=each) for each in pair]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        left = next(
            who for who in (team.owner, team.collaborator)
            if who.get(members).get_json().get("items")
            and who.get(f"/workspaces/{team.workspace['id']}").get_json()["role"] == "owner"
        )  # fmt: skip
        other = team.collaborator if left is team.owner else team.owner
        owners = [m for m in left.get(members).get_json()["items"] if m["role"] == "owner"]
        assert [owner["user_id"] for owner in owners] == [left.id]
        assert 503 not in statuses
        if how == "remove":
            left.post(members, {"email": other.email, "role": "owner"})
        left.patch(f"{members}/{other.id}", {"role": "owner"})
        if left is not team.owner:
            left.patch(f"{members}/{team.owner.id}", {"role": "owner"})


def test_hosts_and_rooms_are_told_of_a_change(team, members, eventually):
    listener = redis_tcp.client().pubsub(ignore_subscribe_messages=True)
    listener.subscribe(keys.access(team.viewer.id), keys.room(team.project["id"]))
    eventually(lambda: listener.subscribed)
    team.owner.delete(f"{members}/{team.viewer.id}")
    told = [json.loads(eventually(lambda: listener.get_message(timeout=0.1))["data"]) for _ in "12"]
    listener.close()
    by_type = {message["type"]: message["data"] for message in told}
    assert by_type == {
        "access-changed": {},
        "member-updated": {"user_id": team.viewer.id, "role": None},
    }

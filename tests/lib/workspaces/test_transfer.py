"""Handing a workspace over, and leaving it: there is an owner at every moment, whatever happens."""

import json
import random
from uuid import uuid4

import pytest

from lib.bridge import keys
from lib.stores import postgres, redis_tcp


@pytest.fixture
def workspace(team):
    return f"/workspaces/{team.workspace['id']}"


def role(who, workspace):
    answer = who.get(workspace)
    return answer.get_json()["role"] if answer.status_code == 200 else None


def set_owners(team, *people):
    with postgres.transaction() as conn:
        conn.execute(
            "DELETE FROM workspace_members WHERE workspace_id = %s", [team.workspace["id"]]
        )
        for person in people:
            conn.execute(
                "INSERT INTO workspace_members (workspace_id, user_id, role)"
                " VALUES (%s, %s, 'owner')",
                [team.workspace["id"], person.id],
            )


def owners(team):
    with postgres.connection() as conn:
        return conn.execute(
            "SELECT count(*) AS n FROM workspace_members"
            " WHERE workspace_id = %s AND role = 'owner'",
            [team.workspace["id"]],
        ).fetchone()["n"]


@pytest.mark.parametrize(
    ("given", "kept"), [({}, "collaborator"), ({"keep_role": "viewer"}, "viewer")]
)
def test_a_workspace_is_handed_over_and_the_caller_steps_down(
    team, workspace, recorded, given, kept
):
    answer = team.owner.post(f"{workspace}/transfer", {"user_id": team.viewer.id} | given)
    assert (answer.status_code, answer.get_json()["role"]) == (200, kept)
    assert (role(team.owner, workspace), role(team.viewer, workspace)) == (kept, "owner")
    (event,) = recorded("workspace.transferred")
    assert event["target_id"] == team.viewer.id
    assert event["details"] == {"was": "viewer", "keeps": kept}


def test_a_workspace_goes_to_a_member_only_and_not_to_oneself(team, workspace):
    for user_id in (team.stranger.id, team.owner.id, str(uuid4())):
        answer = team.owner.post(f"{workspace}/transfer", {"user_id": user_id})
        assert answer.status_code == 422, user_id
        assert answer.get_json()["errors"][0]["pointer"] == "/user_id"
    kept = team.owner.post(
        f"{workspace}/transfer", {"user_id": team.viewer.id, "keep_role": "owner"}
    )
    assert kept.get_json()["errors"][0]["pointer"] == "/keep_role"
    assert (role(team.owner, workspace), role(team.viewer, workspace)) == ("owner", "viewer")


def test_only_owners_hand_a_workspace_over(team, workspace):
    for who, status in ((team.collaborator, 403), (team.viewer, 403), (team.stranger, 404)):
        answer = who.post(f"{workspace}/transfer", {"user_id": team.collaborator.id})
        assert answer.status_code == status


def test_an_owner_beside_the_caller_may_be_the_one_who_stays(team, workspace):
    set_owners(team, team.owner, team.collaborator)
    answer = team.owner.post(f"{workspace}/transfer", {"user_id": team.collaborator.id})
    assert answer.status_code == 200
    assert owners(team) == 1


@pytest.mark.parametrize("who", ["viewer", "collaborator"])
def test_a_member_leaves_and_is_a_stranger_at_once(team, workspace, recorded, who):
    person = team.by_role()[who]
    assert person.delete(f"{workspace}/members/me").status_code == 204
    assert person.get(workspace).status_code == 404
    assert person.delete(f"{workspace}/members/me").status_code == 404
    (event,) = recorded("member.left")
    assert (event["actor_id"], event["details"]) == (person.id, {"was": who})


def test_the_last_owner_can_not_leave_and_is_told_what_to_do(team, workspace):
    answer = team.owner.delete(f"{workspace}/members/me")
    assert answer.status_code == 409
    assert "make somebody else one first" in answer.get_json()["detail"]
    assert team.owner.post(f"{workspace}/transfer", {"user_id": team.viewer.id}).status_code == 200
    assert team.owner.delete(f"{workspace}/members/me").status_code == 204
    assert team.stranger.delete(f"{workspace}/members/me").status_code == 404


def test_a_member_leaves_an_archived_workspace_and_nobody_hands_it_over(team, workspace):
    assert team.owner.post(f"{workspace}/archive").status_code == 200
    answer = team.owner.post(f"{workspace}/transfer", {"user_id": team.viewer.id})
    assert answer.get_json()["type"] == "/problems/archived"
    assert team.viewer.delete(f"{workspace}/members/me").status_code == 204


def test_hosts_and_rooms_hear_of_both_sides_of_a_transfer(team, workspace, eventually):
    listener = redis_tcp.client().pubsub(ignore_subscribe_messages=True)
    people = (team.owner, team.viewer)
    listener.subscribe(keys.room(team.project["id"]), *(keys.access(who.id) for who in people))
    eventually(lambda: listener.subscribed)
    team.owner.post(f"{workspace}/transfer", {"user_id": team.viewer.id})
    told = [
        json.loads(eventually(lambda: listener.get_message(timeout=0.1))["data"]) for _ in "1234"
    ]
    listener.close()
    assert (
        sorted(message["type"] for message in told)
        == ["access-changed"] * 2 + ["member-updated"] * 2
    )
    roles = {m["data"]["user_id"]: m["data"]["role"] for m in told if m["data"]}
    assert roles == {team.viewer.id: "owner", team.owner.id: "collaborator"}


def attacks(workspace, me, other):
    """What one owner may do to the other, or to themselves."""
    member = f"{workspace}/members/{other.id}"
    return [
        lambda: me.patch(member, {"role": "viewer"}),
        lambda: me.delete(member),
        lambda: me.delete(f"{workspace}/members/me"),
        lambda: me.patch(f"{workspace}/members/{me.id}", {"role": "viewer"}),
        lambda: me.post(f"{workspace}/transfer", {"user_id": other.id}),
    ]


def test_five_hundred_pairs_of_mutual_demotions_each_leave_one_owner(team, workspace, at_once):
    pair = (team.owner, team.collaborator)
    for _ in range(500):
        set_owners(team, *pair)
        answers = at_once(2, lambda n: attacks(workspace, pair[n], pair[1 - n])[0]())
        assert sorted(answer.status_code for answer in answers) == [200, 403]
        assert owners(team) == 1


@pytest.mark.parametrize("seed", range(8))
def test_sixty_four_changes_of_two_owners_at_once_leave_an_owner(team, workspace, at_once, seed):
    pair, chance = (team.owner, team.collaborator), random.Random(seed)
    set_owners(team, *pair)
    acts = [
        chance.choice(attacks(workspace, *(pair if number % 2 else pair[::-1])))
        for number in range(64)
    ]
    answers = at_once(64, lambda number: acts[number]())
    assert {answer.status_code for answer in answers} <= {200, 204, 403, 404, 409, 422}
    assert any(answer.status_code < 300 for answer in answers)
    assert owners(team) >= 1

"""Limited routes: the answer tells how much is left, and beyond the limit it is 429."""

import pytest

from lib.access import throttles
from lib.access.throttles import CREATION, Limit, TooMany


@pytest.fixture
def used_up(team):
    """The owner has created as much as one may, but for one thing."""
    while throttles.count(CREATION, team.owner.id).left > 1:
        pass
    return team


def test_every_creation_tells_what_is_left(team):
    first, second = (team.owner.post("/workspaces", {"name": "W"}).headers for _ in range(2))
    assert first["RateLimit-Limit"] == str(CREATION.most)
    assert int(second["RateLimit-Remaining"]) == int(first["RateLimit-Remaining"]) - 1
    assert 0 < int(second["RateLimit-Reset"]) <= CREATION.seconds
    assert first["RateLimit-Policy"] == f"{CREATION.most};w={CREATION.seconds}"
    assert "RateLimit-Limit" not in team.owner.get("/workspaces").headers


def test_beyond_the_limit_nothing_is_created_and_the_answer_says_when_to_try_again(used_up):
    before = len(used_up.owner.get("/workspaces").get_json()["items"])
    assert used_up.owner.post("/workspaces", {"name": "Last"}).status_code == 201
    refused = used_up.owner.post("/workspaces", {"name": "Too many"})
    assert refused.status_code == 429
    assert refused.get_json()["type"] == "/problems/too-many-requests"
    assert 0 < int(refused.headers["Retry-After"]) <= CREATION.seconds
    assert refused.headers["RateLimit-Remaining"] == "0"
    assert len(used_up.owner.get("/workspaces").get_json()["items"]) == before + 1
    assert used_up.viewer.post("/workspaces", {"name": "Another's"}).status_code == 201


def test_a_window_ends_and_a_new_one_begins(stack, eventually):
    limit = Limit("test-window", 2, 1)
    assert throttles.take(limit, "somebody").left == 1
    assert throttles.take(limit, "somebody").left == 0
    with pytest.raises(TooMany):
        throttles.take(limit, "somebody")
    eventually(lambda: throttles.count(limit, "somebody").left == 1)


def test_many_at_once_are_all_counted(stack, at_once):
    limit = Limit("test-many", 10, 60)
    lefts = at_once(32, lambda _: throttles.count(limit, "crowd").left)
    assert sorted(lefts) == sorted(range(9, 9 - 32, -1))


def test_forgiven_attempts_count_no_more(stack):
    limit = Limit("test-forgiven", 1, 60)
    throttles.take(limit, "somebody")
    throttles.forgive(limit, "somebody")
    assert throttles.take(limit, "somebody").left == 0

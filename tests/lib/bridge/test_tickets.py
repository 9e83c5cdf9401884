"""Tickets: good once, for half a minute, and only as a digest in Redis."""

from uuid import UUID

from lib.bridge import keys, tickets
from lib.config import settings
from lib.stores import redis_tcp


def test_a_ticket_is_redeemed_once(team):
    answer = team.viewer.post(f"/projects/{team.project['id']}/ticket")
    issued = answer.get_json()
    assert answer.status_code == 201
    assert issued["url"].startswith(f"{settings().realtime_url}/ws/projects/{team.project['id']}?")
    redeemed = tickets.redeem(issued["ticket"])
    assert redeemed.user_id == UUID(team.viewer.id)
    assert redeemed.project_id == UUID(team.project["id"])
    assert tickets.redeem(issued["ticket"]) is None


def test_a_ticket_expires_and_is_stored_only_as_a_digest(team):
    issued = team.viewer.post(f"/projects/{team.project['id']}/ticket").get_json()
    found = list(redis_tcp.client().scan_iter(keys.ticket("*")))
    assert found
    assert not any(issued["ticket"] in key for key in found)
    assert all(0 < redis_tcp.client().ttl(key) <= issued["expires_in"] == 30 for key in found)


def test_what_is_no_ticket_redeems_nothing(stack):
    for text in ("", "x", "*", "é" * 100, "a" * 5000):
        assert tickets.redeem(text) is None

"""Presence in Redis: written per host, read as one, over HTTP and TCP alike."""

from __future__ import annotations

from uuid import uuid4

import pytest

from lib.bridge import keys, presence
from lib.stores import redis, redis_tcp

OLGA = {"user": {"id": "1", "name": "Olga"}, "role": "owner"}
VERA = {"user": {"id": "2", "name": "Vera"}, "role": "viewer"}


@pytest.fixture(params=["http", "tcp"])
def transport(request, stack, monkeypatch):
    """Reach Redis as a function does, then as the host does."""
    made = redis_tcp.TcpTransport() if request.param == "tcp" else redis._http()
    monkeypatch.setattr(redis, "_transport", made)


@pytest.mark.usefixtures("transport")
def test_people_of_several_hosts_are_one_list_each_person_once():
    room, other = uuid4(), uuid4()
    presence.write("host-a", 1, {str(room): [VERA], str(other): [OLGA]})
    presence.write("host-b", 1, {str(room): [OLGA, VERA]})
    assert presence.people(room) == [OLGA, VERA]
    assert presence.people(other) == [OLGA]
    assert presence.people(uuid4()) == []


@pytest.mark.usefixtures("transport")
def test_a_host_that_holds_nobody_any_more_says_so():
    room = str(uuid4())
    presence.write("host-a", 1, {room: [VERA]})
    presence.write("host-a", 2, {room: []})
    assert presence.read([room]) == {room: {"host-a": presence.HostState(2, [])}}


@pytest.mark.usefixtures("stack")
def test_a_dead_hosts_people_expire_and_so_does_all_else(eventually):
    room = uuid4()
    presence.write("host-a", 1, {str(room): [VERA]}, ttl=1)
    assert presence.people(room) == [VERA]
    eventually(lambda: presence.people(room) == [], within=3)
    eventually(lambda: not redis_tcp.client().exists(keys.presence(room)), within=4)


@pytest.mark.usefixtures("transport")
def test_nothing_to_write_or_read_asks_nothing_of_redis():
    presence.write("host-a", 1, {})
    assert presence.read([]) == {}

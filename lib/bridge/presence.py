"""Who is in which room: each host writes its own people, with expiry; everyone reads them all.

A host's state carries a beat that rises with every write, so that readers tell a live host from a
dead one by their own clocks, also while Redis is away or has been emptied.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from lib.bridge import keys
from lib.stores import redis

TTL = 20  # seconds; a host writes anew every quarter of it

PRESENCE_CHANGED = "presence-changed"  # on the room's channel: read this room's presence again

Person = dict[str, Any]  # {"user": {"id", "name"}, "role"}


@dataclass(frozen=True, slots=True)
class HostState:
    """The people whom one host holds in one room, and how often it has said so."""

    beat: int
    people: list[Person]


def write(host_id: str, beat: int, rooms: Mapping[str, list[Person]], ttl: int = TTL) -> None:
    """Write whom this host holds in each of `rooms`, by project id; nobody means that it has left.

    Raises Unavailable when Redis does not answer.
    """
    commands: list[redis.Command] = []
    for project_id, people in rooms.items():
        state = json.dumps([beat, people], ensure_ascii=False, separators=(",", ":"))
        commands.append(["SET", keys.presence_of_host(project_id, host_id), state, "EX", ttl])
        commands.append(["SADD", keys.presence(project_id), host_id])
        commands.append(["EXPIRE", keys.presence(project_id), 2 * ttl])
    if commands:
        redis.pipeline(commands)


def read(project_ids: Iterable[str]) -> dict[str, dict[str, HostState]]:
    """Return, for each room, the state of every host that holds or has just held people in it.

    Raises Unavailable when Redis does not answer.
    """
    rooms = list(project_ids)
    if not rooms:
        return {}
    hosts = redis.pipeline([["SMEMBERS", keys.presence(room)] for room in rooms])
    pairs = [(room, str(host)) for room, ids in zip(rooms, hosts, strict=True) for host in ids]
    found: dict[str, dict[str, HostState]] = {room: {} for room in rooms}
    if pairs:
        texts = redis.execute("MGET", *(keys.presence_of_host(*pair) for pair in pairs))
        for (room, host), text in zip(pairs, texts, strict=True):
            if text is not None:
                found[room][host] = HostState(*json.loads(text))
    return found


def people(project_id: UUID) -> list[Person]:
    """Return everyone in a room, on whichever host, once, by name.

    Raises Unavailable when Redis does not answer.
    """
    room = str(project_id)
    states = read([room])[room].values()
    union = {person["user"]["id"]: person for state in states for person in state.people}
    return sorted(union.values(), key=lambda person: (person["user"]["name"], person["user"]["id"]))


def forget(project_id: str, host_ids: Iterable[str]) -> None:
    """Take hosts that have died out of a room's set; raises Unavailable."""
    redis.execute("SREM", keys.presence(project_id), *host_ids)

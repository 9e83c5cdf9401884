"""A storm: everybody of a host that has died comes to another one at the same moment."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

import pytest

from lib.access import tokens
from lib.bridge import rooms
from lib.ids import new_id
from lib.stores import postgres

ROOT = Path(__file__).resolve().parents[2]
BIG, SMALL_ROOMS, SMALL = 1_000, 100, 10  # people in one room, and in each of many more
MISSED = 3  # events of each room while nobody was there
WITHIN = 30.0  # seconds in which all are back
SEEN_FOR = 2.0  # seconds of measuring before the storm
FACTOR = 50  # how many times as long others may wait meanwhile, as the median and the 99th of 100
FLOORS = 0.25, 1.0  # seconds that are no harm, however fast it was before


class Crowd:
    """The process with the clients."""

    def __init__(self, members):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.realtime_host.crowd"],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.ask(do="gather", members=members)

    def say(self, **command):
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()

    def answer(self):
        return json.loads(self._process.stdout.readline())

    def ask(self, **command):
        self.say(**command)
        return self.answer()

    def end(self):
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


@pytest.fixture
def crowd(team):
    """2,000 people of one workspace: half in one room, the others in a hundred."""
    names = [(new_id(), new_id()) for _ in range(BIG + SMALL_ROOMS * SMALL)]
    projects = [new_id() for _ in range(1 + SMALL_ROOMS)]
    people, sessions = ([str(pair[each]) for pair in names] for each in (0, 1))
    with postgres.transaction() as conn:
        conn.execute(
            """
            INSERT INTO users (id, email, name, password_hash)
            SELECT id, id || '@example.com', 'Somebody', '-' FROM unnest(%s::uuid[]) id
            """,
            [people],
        )
        conn.execute(
            """
            INSERT INTO sessions (id, user_id, user_agent, address, expires_at)
            SELECT id, user_id, '', '', now() + interval '1 hour'
            FROM unnest(%s::uuid[], %s::uuid[]) given (id, user_id)
            """,
            [sessions, people],
        )
        conn.execute(
            """
            INSERT INTO workspace_members (workspace_id, user_id, role)
            SELECT %s, id, 'viewer' FROM unnest(%s::uuid[]) id
            """,
            [team.workspace["id"], people],
        )
        conn.execute(
            """
            INSERT INTO projects (id, workspace_id, name, description)
            SELECT id, %s, 'Storm', '' FROM unnest(%s::uuid[]) id
            """,
            [team.workspace["id"], [str(each) for each in projects]],
        )
    places = [projects[0]] * BIG + projects[1:] * SMALL
    mine = Crowd(
        [(str(room), tokens.issue(*pair)) for room, pair in zip(places, names, strict=True)]
    )
    mine.rooms = projects
    yield mine
    mine.end()


def _tell(crowd, times):
    """Have something persistent happen in each room."""
    for _ in range(times):
        for room in crowd.rooms:
            with postgres.transaction() as conn:
                rooms.announce(
                    conn, room, rooms.MEMBER_UPDATED, {"user_id": str(room), "role": None}
                )


class Probe:
    """Somebody in another room, and somebody who reads over REST: what each of them waits for."""

    def __init__(self, client, person, project):
        self._client, self._person, self._project = client, person, project
        self.socket, self.rest = [], []
        self._over = False
        self._wrong: list[BaseException] = []
        self._thread = Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over = True
        self._thread.join(20)
        assert not self._wrong, self._wrong

    def _run(self):
        try:
            self._measure()
        except BaseException as error:  # noqa: BLE001 - told by the test, not by the thread
            self._wrong.append(error)

    def _measure(self):
        while not self._over:
            began = time.monotonic()
            assert self._client.ask("ping")["event"] == "ack"
            asked = time.monotonic()
            assert self._person.get(f"/projects/{self._project}").status_code == 200
            self.socket.append(asked - began)
            self.rest.append(time.monotonic() - asked)
            time.sleep(0.02)  # a pace, not a wait


def _figures(seconds):
    """Return the median and the 99th percentile."""
    ordered = sorted(seconds)
    return statistics.median(ordered), ordered[int(len(ordered) * 0.99)]


def _look(crowd):
    """Return what each client was told, as soon as all of them have heard everything."""
    deadline = time.monotonic() + WITHIN
    while True:
        found = crowd.ask(do="look")
        if all(len(member["told"]) > MISSED for member in found):
            return found
        assert time.monotonic() < deadline, "somebody has missed something"
        time.sleep(0.2)


@pytest.mark.timeout(180)
def test_2000_who_come_back_at_once_miss_nothing_and_hold_nobody_up(
    crowd, start_host, connect, team
):
    roomy = {"CONNECTIONS_PER_ADDRESS": 10_000, "CONNECTIONS_PER_ROOM": BIG + 1}
    doomed, other = start_host(**roomy), start_host(**roomy)
    crowd.ask(do="come", port=doomed.port)
    assert all(member["resumed"] is None for member in crowd.ask(do="look"))
    witness = connect(team.owner, team.project["id"], on=other)
    with Probe(witness, team.owner, team.project["id"]) as before:
        time.sleep(SEEN_FOR)
    crowd.ask(do="leave")
    doomed.kill()
    _tell(crowd, MISSED)

    with Probe(witness, team.owner, team.project["id"]) as during:
        crowd.ask(do="come", port=other.port)
    _tell(crowd, 1)
    back = _look(crowd)
    assert len(back) == BIG + SMALL_ROOMS * SMALL
    assert all(member["resumed"] for member in back)
    assert {tuple(member["told"]) for member in back} == {tuple(range(1, MISSED + 2))}
    assert max(member["took"] for member in back) < WITHIN
    assert len(connect(team.owner, crowd.rooms[0], on=other).welcome["data"]["people"]) == BIG + 1

    assert len(before.socket) > 20
    assert len(during.socket) > 10
    for was, became in ((before.socket, during.socket), (before.rest, during.rest)):
        for usual, now, floor in zip(_figures(was), _figures(became), FLOORS, strict=True):
            assert now < max(FACTOR * usual, floor), (_figures(was), _figures(became))

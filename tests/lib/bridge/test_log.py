"""The logs of rooms: numbers follow the commits, without gaps, and appending never gets stuck."""

from __future__ import annotations

import random
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from lib.bridge import log, rooms
from lib.bridge.messages import Message, decode
from lib.config import settings
from lib.errors import Unavailable
from lib.ids import new_id
from lib.stores import postgres


@pytest.fixture
def published(monkeypatch):
    """What is published, in the order in which it is."""
    found: list[tuple[str, Message]] = []
    monkeypatch.setattr(
        rooms, "_publisher", lambda project, message: found.append((project, message))
    )
    return found


def _standing(project_id):
    with postgres.connection() as conn:
        return log.standings(conn, [project_id])[str(project_id)]


def _events(project_id, after=0):
    with postgres.connection() as conn:
        return log.page(conn, project_id, after)


def _announce(project_id, **data):
    with postgres.transaction() as conn:
        told = {"project_id": str(project_id), "deleted": False} | data
        rooms.announce(conn, project_id, rooms.PROJECT_UPDATED, told)


def test_an_event_gets_the_next_number_and_is_published_with_it(team, published):
    before = _standing(team.project["id"])
    _announce(team.project["id"], n=1)
    _announce(team.project["id"], n=2)
    assert [m.seq for _, m in published] == [before.seq + 1, before.seq + 2]
    assert {m.epoch for _, m in published} == {before.epoch}
    assert _standing(team.project["id"]).seq == before.seq + 2
    logged = _events(team.project["id"], before.seq)
    assert [(m.seq, m.data, m.id, m.at) for m in logged] == [
        (m.seq, m.data, m.id, m.at) for _, m in published
    ]


def test_a_project_has_a_log_from_the_start_and_an_epoch_of_its_own(team):
    other = team.owner.post(
        f"/workspaces/{team.workspace['id']}/projects", {"name": "Other"}
    ).get_json()
    one, two = _standing(team.project["id"]), _standing(other["id"])
    assert two.seq == two.pruned == 0
    assert one.epoch != two.epoch


def test_several_events_of_one_transaction_keep_their_order(team, published):
    start = _standing(team.project["id"]).seq
    with postgres.transaction() as conn:
        for n in range(20):
            rooms.announce(conn, team.project["id"], rooms.PROJECT_UPDATED, {"n": n})
    assert [(m.seq - start, m.data["n"]) for _, m in published] == [(n + 1, n) for n in range(20)]


def test_what_is_rolled_back_leaves_no_gap_and_is_not_published(team, published):
    start = _standing(team.project["id"]).seq

    def fail():
        with postgres.transaction() as conn:
            rooms.announce(conn, team.project["id"], rooms.PROJECT_UPDATED, {})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    _announce(team.project["id"])
    assert [m.seq for _, m in published] == [start + 1]


def test_what_is_merely_shown_is_not_in_the_log(team, published):
    start = _standing(team.project["id"]).seq
    with postgres.transaction() as conn:
        rooms.show(conn, team.project["id"], rooms.JOB_UPDATED, {"progress": 5})
    assert [m.seq for _, m in published] == [0]
    assert _standing(team.project["id"]).seq == start


def test_a_project_that_is_gone_is_told_nothing(team, published):
    with postgres.transaction() as conn:
        rooms.announce(conn, new_id(), rooms.PROJECT_UPDATED, {})
        rooms.announce(conn, team.project["id"], rooms.PROJECT_UPDATED, {})
    assert [project for project, _ in published] == [team.project["id"]]


def test_a_commit_that_fails_undoes_all_and_leaves_the_connection_usable(team, published):
    start = _standing(team.project["id"]).seq
    name = team.project["name"]

    def change(conn):
        conn.execute("SET LOCAL lock_timeout = '100ms'")
        conn.execute("UPDATE projects SET name = 'changed' WHERE id = %s", [team.project["id"]])
        rooms.announce(conn, team.project["id"], rooms.PROJECT_UPDATED, {})

    with postgres.transaction() as holder:
        holder.execute(
            "SELECT 1 FROM room_logs WHERE project_id = %s FOR UPDATE", [team.project["id"]]
        )
        for _ in range(3):
            with pytest.raises(Unavailable), postgres.transaction() as conn:
                change(conn)
    assert team.owner.get(f"/projects/{team.project['id']}").get_json()["name"] == name
    assert published == []
    with postgres.transaction() as conn:
        change(conn)
    assert [m.seq for _, m in published] == [start + 1]


def test_many_writers_in_many_projects_never_deadlock_and_number_without_gaps(team, published):
    path = f"/workspaces/{team.workspace['id']}/projects"
    ids = [team.owner.post(path, {"name": str(n)}).get_json()["id"] for n in range(4)]
    lock = threading.Lock()

    def write(number):
        rng = random.Random(number)
        for n in range(30):
            chosen = rng.sample(ids, 3)  # in any order
            with postgres.transaction() as conn:
                for project_id in chosen:
                    rooms.announce(conn, project_id, rooms.PROJECT_UPDATED, {"by": [number, n]})
        with lock:
            return True

    postgres.close()
    postgres.pool_size(8)
    try:
        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(write, range(8)))
    finally:
        postgres.close()
        postgres.pool_size(postgres.POOL_MAX)
    total = 0
    for project_id in ids:
        numbers = sorted(m.seq for project, m in published if project == project_id)
        assert numbers == list(range(1, len(numbers) + 1))
        logged, after = [], 0
        while page := _events(project_id, after):
            logged += page
            after = page[-1].seq
        assert [m.seq for m in logged] == numbers
        for number in range(8):  # and each writer's own events are in the order of their commits
            own = [m.data["by"][1] for m in logged if m.data["by"][0] == number]
            assert own == sorted(own)
        total += len(numbers)
    assert total == 8 * 30 * 3


def test_the_order_of_numbers_is_the_order_of_commits(team, published):
    start = _standing(team.project["id"]).seq
    with postgres.transaction() as first:
        rooms.announce(first, team.project["id"], rooms.PROJECT_UPDATED, {"n": "began first"})
        _announce(team.project["id"], n="committed first")
    assert [(m.seq - start, m.data["n"]) for m in _events(team.project["id"], start)] == [
        (1, "committed first"),
        (2, "began first"),
    ]


def test_a_page_is_bounded_in_number_and_bytes_but_never_empty(team):
    start = _standing(team.project["id"]).seq
    told = {"project_id": team.project["id"], "deleted": False}
    long = told | {"name": "x" * 300_000, "description": ""}
    with postgres.transaction() as conn:
        for change in [told] * 250 + [long] * 3:
            rooms.announce(conn, team.project["id"], rooms.PROJECT_UPDATED, change)
    sizes, after = [], start
    while page := _events(team.project["id"], after):
        assert [m.seq for m in page] == list(range(after + 1, after + len(page) + 1))
        sizes.append(len(page))
        after = page[-1].seq
    assert sizes == [200, 50, 1, 1, 1]


class Trips:
    """A relay to Postgres that counts how often the client speaks after the server has."""

    def __init__(self, host, port):
        self.count, self._answered = 0, True
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, args=(host, port), daemon=True).start()

    def close(self):
        self._listening.close()

    def _accept(self, host, port):
        while True:
            try:
                client = self._listening.accept()[0]
            except OSError:
                return
            server = socket.create_connection((host, port))
            for ends in ((client, server, True), (server, client, False)):
                threading.Thread(target=self._relay, args=ends, daemon=True).start()

    def _relay(self, source, target, asking):
        with source, target:
            while data := source.recv(65536):
                if asking and self._answered:
                    self.count += 1
                self._answered = not asking
                target.sendall(data)


@pytest.fixture
def trips(stack, monkeypatch):
    """What this process says to Postgres, counted."""
    url = urlsplit(settings().database_url)
    relay = Trips(url.hostname, url.port)
    through = url.netloc.replace(f":{url.port}", f":{relay.port}")
    monkeypatch.setenv("DATABASE_URL", url._replace(netloc=through).geturl())
    settings.cache_clear()
    postgres.close()
    yield relay
    monkeypatch.undo()
    settings.cache_clear()
    postgres.close()
    relay.close()


def test_appending_adds_no_round_trip_it_travels_with_the_commit(team, published, trips):
    def cost(*events):
        before = trips.count
        with postgres.transaction() as conn:
            conn.execute("SELECT 1")
            for event in events:
                rooms.announce(conn, team.project["id"], event, {})
        return trips.count - before

    for events in ((), (rooms.PROJECT_UPDATED,), (rooms.PROJECT_UPDATED,) * 5) * 4:
        cost(*events)  # the connection is made, and every statement prepared
    assert cost() == 2  # SELECT, with BEGIN ahead of it; COMMIT
    assert cost(rooms.PROJECT_UPDATED) == 2
    assert cost(*[rooms.PROJECT_UPDATED] * 5) == 2
    assert len(published) == 5 * (1 + 5)


def _prune(project_id):
    with postgres.connection() as conn:
        return log.prune(conn, project_id)


def _make(project_id, count, **data):
    with postgres.transaction() as conn:
        for n in range(count):
            rooms.announce(conn, project_id, rooms.PROJECT_UPDATED, {"n": n} | data)


def _age(project_id, up_to, hours):
    with postgres.connection() as conn:
        conn.execute(
            "UPDATE room_events SET at = at - make_interval(hours => %s)"
            " WHERE project_id = %s AND seq <= %s",
            [hours, project_id, up_to],
        )


def test_events_of_the_last_day_are_kept_and_older_ones_go(team, published):
    project_id, start = team.project["id"], _standing(team.project["id"]).seq
    _make(project_id, 10)
    _age(project_id, start + 6, 25)
    _age(project_id, start + 3, -2)  # clocks jump: what is young stays, whatever is behind it
    assert _prune(project_id) == 0
    _age(project_id, start + 3, 2)
    assert _prune(project_id) == start + 6
    assert _standing(project_id).pruned == start + 6
    assert [m.seq - start for m in _events(project_id, start + 6)] == [7, 8, 9, 10]
    assert _prune(project_id) == 0


def test_at_most_so_many_events_are_kept_and_they_go_in_bounded_steps(team, published, monkeypatch):
    monkeypatch.setattr(log, "KEPT_EVENTS", 5)
    monkeypatch.setattr(log, "PRUNED_AT_ONCE", 4)
    project_id, start = team.project["id"], _standing(team.project["id"]).seq
    _make(project_id, 16 - start)
    assert [_prune(project_id) for _ in range(4)] == [4, 4, 3, 0]
    assert [m.seq for m in _events(project_id, 11)] == [12, 13, 14, 15, 16]
    assert _standing(project_id).seq == 16


def test_a_log_that_is_old_altogether_is_emptied_and_counts_on(team, published):
    project_id = team.project["id"]
    _make(project_id, 3)
    end = _standing(project_id).seq
    _age(project_id, end, 30)
    _prune(project_id)
    standing = _standing(project_id)
    assert standing.pruned == standing.seq == end
    _announce(project_id)
    assert [m.seq for m in _events(project_id, end)] == [end + 1]


def test_the_cron_prunes_what_is_due_and_leaves_the_rest(team, api, published):
    project_id = team.project["id"]
    _make(project_id, 4)
    end = _standing(project_id).seq
    _age(project_id, end - 1, 25)
    headers = {"Authorization": f"Bearer {settings().cron_secret}"}
    assert api.get("/api/cron/prune_rooms", headers=headers).get_json()["done"]["pruned"] >= end - 1
    assert [m.seq for m in _events(project_id)] == [end]
    assert api.get("/api/cron/prune_rooms", headers=headers).get_json()["done"] == {"pruned": 0}


def test_pruning_while_others_write_loses_nothing_that_is_young(team, published):
    project_id, stop = team.project["id"], threading.Event()
    _make(project_id, 200)
    _age(project_id, 100, 25)

    def write():
        while not stop.is_set():
            _announce(project_id)

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        for _ in range(20):
            _prune(project_id)
        stop.set()
        writing.result()
    standing, left, after = _standing(project_id), [], 100
    while page := _events(project_id, after):
        left += [m.seq for m in page]
        after = left[-1]
    assert standing.pruned == 100
    assert left == list(range(101, standing.seq + 1))


def test_a_project_deleted_for_good_takes_its_log_along(team):
    project_id = team.project["id"]
    _announce(project_id)
    assert team.owner.delete(f"/projects/{project_id}").status_code == 204
    assert team.owner.post(f"/projects/{project_id}/purge").status_code in (200, 204, 404)
    with postgres.connection() as conn:
        conn.execute("DELETE FROM projects WHERE id = %s", [project_id])
        for table in ("room_logs", "room_events"):
            query = f"SELECT count(*) AS n FROM {table} WHERE project_id = %s"  # noqa: S608
            assert conn.execute(query, [project_id]).fetchone() == {"n": 0}


def test_a_message_survives_its_encoding_number_and_all():
    message = Message.new("file-change", {"é": 1}, origin="h", sender="c", epoch="e", seq=7)
    assert decode(message.encode()) == message
    assert decode(message.encode().replace('"seq":7', '"seq":"x"')) is None
    assert decode(Message.new("ping", {}).encode()).seq == 0

"""A room's log on one host: by number, each once, whichever way events come, and whoever joins."""

from __future__ import annotations

import json
import random
import socket
import struct
import threading
import time
from uuid import UUID

import pytest

from lib.access.caller import Caller, Origin
from lib.access.tokens import Claims
from lib.bridge import log
from lib.bridge.log import Entry
from lib.bridge.messages import Message
from lib.stores import postgres
from realtime_host import limits
from realtime_host.catch_up import CatchUp
from realtime_host.connection import Connection
from realtime_host.door import Visitor
from realtime_host.hub import Hub
from realtime_host.lobby import Lobby
from realtime_host.presence import Presence
from realtime_host.publisher import Publisher
from realtime_host.resuming import Asked
from realtime_host.subscriber import Subscriber
from realtime_host.work import Work

WITHIN = 10.0  # seconds


class Peer:
    """The other end of a connection: reads frames, as slowly as a test wants."""

    def __init__(self, connection, sock):
        self.connection, self._sock, self._rest = connection, sock, b""
        sock.settimeout(WITHIN)

    def read(self):
        """The next frame; the close code when it is a close frame."""
        head = self._take(2)
        length = head[1]
        if length == 126:
            (length,) = struct.unpack("!H", self._take(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", self._take(8))
        payload = self._take(length)
        return int.from_bytes(payload[:2], "big") if head[0] == 0x88 else json.loads(payload)

    def until(self, fits):
        """All frames up to the first that fits, which is the last of them."""
        frames = [self.read()]
        while not fits(frames[-1]):
            frames.append(self.read())
        return frames

    def numbers(self, last):
        """The numbers of all frames up to the one of this number."""
        return [f["seq"] for f in self.until(lambda f: f.get("seq") == last) if "seq" in f]

    def _take(self, size):
        while len(self._rest) < size:
            piece = self._sock.recv(65536)
            assert piece, "the connection ended"
            self._rest += piece
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken


class Desk:
    """Hub, lobby and worker threads of a host, without a door, and without Redis."""

    def __init__(self, project_id):
        self.project_id = project_id
        self._peers = []
        self.hub = Hub(self)
        self.work = Work(self.hub)
        presence = Presence("desk", Publisher("desk"), lambda *_: None)
        self._subscriber = subscriber = Subscriber(lambda *_: None, lambda *_: None)
        subscriber.up = True  # nothing is missed: what a test does not deliver is lost
        self.lobby = Lobby(self.hub, presence, subscriber, CatchUp(self.work))
        self.hub.start()

    said = heard = staticmethod(lambda *_: None)

    def left(self, connection, code):
        self.lobby.leave(connection, code)

    def drained(self, connection):
        self.lobby.drained(connection)

    def ticked(self, now):
        self.lobby.ticked(now)

    def flush(self):
        self.lobby.flush()

    def stop(self):
        self.work.stop()
        self.hub.stop()
        bells = [
            end for part in (self.hub.loop, self._subscriber) for end in (part._bell, part._rung_at)
        ]
        for sock in (*bells, *self._peers):
            sock.close()

    def standing(self):
        with postgres.connection() as conn:
            return log.standings(conn, [self.project_id])[self.project_id]

    def join(self, name="Ann", seq=None, epoch=None, buffer=None):
        """Bring somebody in, who may have left off at `seq`; return their end, welcome read."""
        ours, theirs = _pair(buffer)
        self._peers.append(theirs)
        user, standing = UUID(int=hash(name) % 2**64), self.standing()
        caller = Caller(user, None, "a@example.com", name, Origin("test", "127.0.0.1", "test"))
        project = {"id": UUID(self.project_id), "name": "Launch"}
        asked = None if seq is None else Asked(epoch or standing.epoch, seq)
        visitor = Visitor(Claims(user, None), caller, "viewer", project, None, standing, asked)
        connection = Connection(ours, visitor)
        if buffer:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
        self.hub.call(self._enter, connection)
        peer = Peer(connection, theirs)
        peer.welcome = peer.read()["data"]["log"]
        return peer

    def _enter(self, connection):
        self.hub.attach(connection)
        self.lobby.enter(connection, {}, time.monotonic())

    def append(self, event="project-updated", sender="", **data):
        """Commit an event, and return the message that would be published."""
        entry = Entry(self.project_id, Message.new(event, data, sender=sender))
        with postgres.transaction() as conn:
            conn.with_commit(log.append, entry)
        return entry.message

    def deliver(self, *messages):
        for message in messages:
            self.hub.call(self.lobby.deliver, self.project_id, message)

    def settle(self):
        """Wait until the hub has done all that it was asked for."""
        done = threading.Event()
        self.hub.call(done.set)
        assert done.wait(WITHIN)

    def log(self):
        return self.lobby.logs[self.project_id]


def _pair(buffer):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        theirs = socket.socket()
        if buffer:
            theirs.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        theirs.connect(listening.getsockname())
        return listening.accept()[0], theirs


@pytest.fixture
def desk(team, monkeypatch):
    """A desk for the team's project, which does not look at its log without a reason."""
    monkeypatch.setattr(limits, "LOOK_EVERY", 1e9)
    desk = Desk(team.project["id"])
    yield desk
    desk.stop()


def test_events_are_told_in_the_order_of_their_numbers_each_once(desk):
    peer, start = desk.join(), desk.standing().seq
    one, two, three, four = (desk.append(n=n) for n in range(4))
    desk.deliver(three, two, three, one, two, one, four, four)
    assert peer.numbers(start + 4) == [start + n for n in (1, 2, 3, 4)]
    desk.deliver(one, two, three, four, desk.append())
    assert peer.numbers(start + 5) == [start + 5]


def test_what_never_arrives_is_read_from_postgres_before_going_on(desk):
    peer, start = desk.join(), desk.standing().seq
    lost, seen = desk.append(n="lost"), desk.append(n="seen")
    began = time.monotonic()
    desk.deliver(seen)
    frames = peer.until(lambda f: f.get("seq") == seen.seq)
    assert [(f["seq"], f["data"]["n"]) for f in frames] == [
        (start + 1, "lost"),
        (start + 2, "seen"),
    ]
    assert [f["id"] for f in frames] == [lost.id, seen.id]
    assert 0.2 < time.monotonic() - began < 2  # it was given the time to arrive, and no more


def test_an_event_that_nobody_has_spoken_of_is_found_all_the_same(desk, monkeypatch):
    monkeypatch.setattr(limits, "LOOK_EVERY", 0.5)
    peer = desk.join()
    silent = desk.append()
    assert peer.numbers(silent.seq) == [silent.seq]


def test_what_comes_too_early_is_kept_up_to_a_bound_and_nothing_is_missing(desk):
    peer, start = desk.join(), desk.standing().seq
    messages = [desk.append(n=n) for n in range(450)]
    desk.deliver(*messages[:0:-1])  # all but the first, the last one first
    assert peer.numbers(start + 450) == list(range(start + 1, start + 451))
    assert len(desk.log()._early) <= limits.EARLY_EVENTS


def test_a_newcomer_is_told_what_comes_after_the_number_in_the_welcome(desk):
    desk.join("Ann")
    desk.append()  # this host has not heard of it yet
    peer = desk.join("Bob")
    later = desk.append()
    desk.deliver(later)
    assert peer.numbers(later.seq) == list(range(peer.welcome["seq"] + 1, later.seq + 1))
    assert peer.welcome["resumed"] is None


def test_who_comes_back_gets_what_they_missed_and_then_goes_along(desk):
    start = desk.standing().seq
    missed = [desk.append(n=n) for n in range(7)]
    desk.join("Ann")
    peer = desk.join("Bob", seq=start)
    assert (peer.welcome["seq"], peer.welcome["resumed"]) == (start, True)
    desk.deliver(desk.append(n=7))
    frames = peer.until(lambda f: f.get("seq") == start + 8)
    told = [(f["seq"], f["data"]["n"]) for f in frames if "seq" in f]
    assert told == [(start + 1 + n, n) for n in range(8)]
    assert [f["id"] for f in frames if "seq" in f][:7] == [m.id for m in missed]


def test_who_has_seen_more_elsewhere_is_told_nothing_twice(desk):
    here, start = desk.join("Ann"), desk.standing().seq
    messages = [desk.append(n=n) for n in range(5)]
    peer = desk.join("Bob", seq=start + 3)
    assert peer.welcome["resumed"] is True
    assert peer.welcome["seq"] == start + 3
    desk.deliver(*messages)
    assert peer.numbers(start + 5) == [start + 4, start + 5]
    assert here.numbers(start + 5) == [start + n for n in (1, 2, 3, 4, 5)]


def test_the_sender_gets_an_ack_in_the_place_of_the_event(desk):
    sender, other, start = desk.join("Ann"), desk.join("Bob"), desk.standing().seq
    before = desk.append()
    own = desk.append(sender=sender.connection.id)
    after = desk.append()
    desk.hub.call(desk.lobby.answer, sender.connection, own, _ack(own))
    desk.deliver(after, before)
    frames = [f for f in sender.until(lambda f: f.get("seq") == after.seq) if "seq" in f]
    assert [(f["event"], f["seq"] - start) for f in frames] == [
        ("project-updated", 1), ("ack", 2), ("project-updated", 3)
    ]  # fmt: skip
    assert other.numbers(after.seq) == [before.seq, own.seq, after.seq]


def test_an_ack_comes_in_its_place_also_when_postgres_is_faster_than_the_answer(desk):
    sender, other = desk.join("Ann"), desk.join("Bob")
    sender.connection.working = True  # its event is being handled
    own = desk.append(sender=sender.connection.id)
    after = desk.append()
    desk.deliver(own, after)  # as read from Postgres
    assert other.numbers(after.seq) == [own.seq, after.seq]
    desk.hub.call(desk.lobby.answer, sender.connection, own, _ack(own))
    frames = [f for f in sender.until(lambda f: f.get("seq") == after.seq) if "seq" in f]
    assert [f["event"] for f in frames] == ["ack", "project-updated"]


def test_an_own_event_comes_as_any_other_when_its_commit_seemed_to_fail(desk):
    sender = desk.join("Ann")
    sender.connection.working = True
    own = desk.append(sender=sender.connection.id)
    after = desk.append()
    desk.deliver(own, after)
    desk.hub.call(desk.lobby.answer, sender.connection, None, _frame("error", None))
    frames = sender.until(lambda f: f.get("seq") == after.seq)
    frames = [f["event"] for f in frames if f["event"] != "user-joined"]
    assert frames == ["error", "project-updated", "project-updated"]


def _ack(message):
    return _frame("ack", message.seq)


def _frame(name, seq):
    from realtime_host import frames

    return frames.answer(name, "1", {}, seq)


def test_a_message_about_what_does_not_exist_holds_nothing_up(desk):
    peer, start = desk.join(), desk.standing().seq
    real = desk.append()
    desk.deliver(real._replace(seq=start + 900), real._replace(epoch="another", seq=start + 1))
    desk.deliver(real._replace(seq=start + 901, type="forged"))
    assert peer.numbers(real.seq) == [real.seq]
    later = desk.append()
    desk.deliver(later)
    assert peer.numbers(later.seq) == [later.seq]
    assert desk.log().head in (later.seq, start + 901)


def _begin_anew(project_id):
    with postgres.transaction() as conn:
        conn.execute("DELETE FROM room_events WHERE project_id = %s", [project_id])
        conn.execute(
            "UPDATE room_logs SET epoch = gen_random_uuid(), seq = 0, pruned = 0"
            " WHERE project_id = %s",
            [project_id],
        )


def test_members_of_a_log_that_begins_anew_are_sent_away_to_ask_again(desk):
    desk.append()
    peers = [desk.join("Ann"), desk.join("Bob")]
    _begin_anew(desk.project_id)
    desk.deliver(desk.append())
    for peer in peers:
        assert peer.until(lambda f: f == 1012)
    again = desk.join("Ann", seq=peers[0].welcome["seq"], epoch=peers[0].welcome["epoch"])
    assert again.welcome["resumed"] is False
    assert again.read()["data"] == {"reason": "epoch-changed"}


def test_members_of_a_room_that_missed_what_has_been_pruned_are_sent_away(desk):
    peer = desk.join()
    lost, seen = desk.append(), desk.append()
    with postgres.connection() as conn:
        conn.execute(
            "UPDATE room_logs SET pruned = %s WHERE project_id = %s", [lost.seq, desk.project_id]
        )
        conn.execute(
            "DELETE FROM room_events WHERE project_id = %s AND seq <= %s",
            [desk.project_id, lost.seq],
        )
    desk.deliver(seen)
    assert peer.until(lambda f: f == 1012) == [1012]


def _fill(desk, count, size):
    with postgres.transaction() as conn:
        for n in range(count):
            data = {"n": n, "text": "x" * size}
            conn.with_commit(
                log.append, Entry(desk.project_id, Message.new("project-updated", data))
            )
    return desk.standing().seq


def test_a_long_replay_to_a_slow_reader_is_bounded_and_complete(desk, eventually):
    start = desk.standing().seq
    end = _fill(desk, 900, 20_000)  # 18 MB
    desk.join("Ann")
    slow = desk.join("Bob", seq=start, buffer=8192)
    most, seen = 0, []
    stop = threading.Event()

    def watch():
        nonlocal most
        while not stop.is_set():
            most = max(most, slow.connection.outbox.waiting)
            time.sleep(0.001)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        eventually(lambda: slow.connection.outbox.waiting > 0, what="it is slow indeed")
        desk.deliver(desk.append())
        while not seen or seen[-1] != end + 1:
            frame = slow.read()
            if "seq" in frame:
                seen.append(frame["seq"])
    finally:
        stop.set()
        watcher.join()
    assert seen == list(range(start + 1, end + 2))
    assert 0 < most < limits.QUEUE_BYTES


@pytest.mark.parametrize("kept", [0, 1])
def test_a_reader_whose_next_event_is_pruned_meanwhile_is_sent_away_not_given_a_part(
    desk, eventually, kept
):
    start = desk.standing().seq
    end = _fill(desk, 900, 20_000)
    desk.join("Ann")
    slow = desk.join("Bob", seq=start, buffer=8192)
    eventually(lambda: slow.connection.outbox.waiting > 0)
    with postgres.connection() as conn:
        conn.execute(
            "DELETE FROM room_events WHERE project_id = %s AND seq <= %s",
            [desk.project_id, end - kept],
        )
    frames = slow.until(lambda f: f == 1012)
    seen = [f["seq"] for f in frames if isinstance(f, dict) and "seq" in f]
    assert seen == list(range(start + 1, start + 1 + len(seen)))
    assert len(seen) < 900


def test_the_end_of_a_job_takes_the_place_of_its_progress_for_a_slow_reader(desk, eventually):
    peer = desk.join(buffer=8192)
    desk.deliver(*[desk.append(text="x" * 20_000) for _ in range(30)])
    eventually(lambda: peer.connection.outbox.waiting > 0)
    progress = [Message.new("job-updated", {"job_id": "j", "progress": n}) for n in range(90)]
    desk.deliver(*progress, Message.new("job-updated", {"job_id": "k", "progress": 7}))
    ended = desk.append("job-updated", job_id="j", state="succeeded")
    desk.deliver(ended)
    desk.settle()  # before anybody reads on
    told = [
        frame["data"]
        for frame in peer.until(lambda f: f.get("data", {}).get("job_id") == "k")
        if frame["event"] == "job-updated"
    ]
    assert told == [{"job_id": "j", "state": "succeeded"}, {"job_id": "k", "progress": 7}]


def test_a_slow_reader_gets_the_latest_that_a_job_has_logged(desk, eventually):
    peer = desk.join(buffer=8192)
    desk.deliver(*[desk.append(text="x" * 20_000) for _ in range(30)])
    eventually(lambda: peer.connection.outbox.waiting > 0)
    said = [
        Message.new("job-log", {"job_id": "j", "lines": [{"message": str(n)}]}) for n in range(90)
    ]
    desk.deliver(*said, Message.new("job-log", {"job_id": "k", "lines": []}))
    desk.settle()  # before anybody reads on
    told = [
        frame["data"]
        for frame in peer.until(lambda f: f.get("data", {}).get("job_id") == "k")
        if frame["event"] == "job-log"
    ]
    assert told == [said[-1].data, {"job_id": "k", "lines": []}]


class Rush:
    """Writers at full speed, deliveries late, swapped, doubled and lost, and peers in and out."""

    def __init__(self, desk):
        self._desk = desk
        self._over = threading.Event()
        self.errors = []
        self.resumed = 0

    def run(self, seconds):
        writers = [threading.Thread(target=self._write, args=(n,)) for n in range(2)]
        peers = [threading.Thread(target=self._try, args=(n,)) for n in range(4)]
        for thread in writers + peers:
            thread.start()
        self._over.wait(seconds)
        self._over.set()
        for thread in peers + writers:
            thread.join(2 * WITHIN)

    def _write(self, seed):
        rng = random.Random(seed)
        while not self._over.is_set():
            message = self._desk.append(n=seed)
            fate = rng.random()
            if fate < 0.9:  # the others are lost
                self._desk.deliver(*[message] * (2 if fate < 0.1 else 1))

    def _try(self, seed):
        try:
            self._come_and_go(random.Random(seed), f"peer-{seed}")
        except Exception as error:  # noqa: BLE001 - told by the test, not by the thread
            self.errors.append(error)
            self._over.set()

    def _come_and_go(self, rng, name):
        seq = None
        while not self._over.is_set():
            peer = self._desk.join(name, seq=seq)
            if seq is not None:
                assert (peer.welcome["resumed"], peer.welcome["seq"]) == (True, seq)
                self.resumed += 1
            seq = self._follow(peer, rng.randrange(1, 40))
            self._desk.hub.call(self._desk.hub._lose, peer.connection, 1006)

    def _follow(self, peer, frames):
        seq = peer.welcome["seq"]
        for _ in range(frames):
            if self._over.is_set():
                break
            frame = peer.read()
            if "seq" in frame:
                assert frame["seq"] == seq + 1
                seq += 1
        return seq


def test_nobody_misses_or_repeats_an_event_while_joining_and_resuming_at_full_speed(
    desk, monkeypatch
):
    monkeypatch.setattr(limits, "REPLAY_EVENTS", 1_000_000)  # they read less than is written
    desk.join("Keeper")
    before, rush = desk.standing().seq, Rush(desk)
    rush.run(seconds=6)
    assert not rush.errors
    assert rush.resumed > 20  # they did come back
    assert desk.standing().seq - before > 300

"""What the log withstands: movers killed at any step, and MongoDB gone at any moment."""

import multiprocessing
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from uuid import uuid4

import pytest

from lib.audit import delivery
from lib.audit.verification import verify
from lib.errors import Unavailable
from lib.stores import mongo, postgres

ROOT = Path(__file__).resolve().parents[3]
KILLS = 10
MOVER = """
import time
from lib.audit import delivery
from lib.errors import Unavailable

print("moving", flush=True)
while True:
    try:
        delivery.catch_up()
    except Unavailable:
        pass
    time.sleep(0.01)
"""

# Where a mover dies: the function of a module, and whether it is before its call or after it.
STEPS = {
    "before it has its turn": ("chain_queries", "take_turn", "before"),
    "before it writes the ends": ("chain_queries", "advance", "before"),
    "before the numbers are committed": ("chain_queries", "insert_batch", "after"),
    "once they are": ("chain_queries", "hold_batch", "before"),
    "before the copy": ("chain_queries", "hold_batch", "after"),
    "with a part of the copy there": (None, "_insert", "after"),
    "after the copy": ("chain_queries", "delete_batch", "before"),
    "before the removal is committed": ("chain_queries", "delete_batch", "after"),
}


def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)


def move_and_die(step):
    module, name, moment = STEPS[step]
    place = getattr(delivery, module) if module else delivery
    real = getattr(place, name)

    def dies(*args):
        if moment == "after":
            real(*args)
        die()

    setattr(place, name, dies)
    delivery.move()


def intact(of, events):
    report = verify(of, limit=100_000)
    assert report.broken is None
    assert (report.upto, report.waiting, report.complete) == (events, 0, True)
    return True


@pytest.mark.parametrize("step", STEPS)
def test_a_mover_killed_at_any_step_loses_nothing_and_renumbers_nothing(
    step, record, workspace_id, on_chain, move_all
):
    move_all()
    record(20)
    record(20, "job.started")
    postgres.close()
    mongo.close()
    mover = multiprocessing.get_context("fork").Process(target=move_and_die, args=[step])
    mover.start()
    mover.join(30)
    assert mover.exitcode == -signal.SIGKILL
    copied = on_chain(workspace_id)
    with postgres.connection() as conn:
        links = conn.execute("SELECT event_id, seq, hash FROM audit_links").fetchall()
    numbered = {str(link["event_id"]): (link["seq"], link["hash"]) for link in links}
    if "copy" in step:
        assert len(numbered) == 40
    record(5)
    move_all()
    found = on_chain(workspace_id)
    assert [document["seq"] for document in found] == list(range(1, 46))
    assert found[: len(copied)] == copied or "part" in step
    places = {document["_id"]: (document["seq"], document["hash"]) for document in found}
    assert {event_id: places[event_id] for event_id in numbered} == numbered
    assert intact(workspace_id, 45)


@pytest.fixture
def mover(stack):
    """Start movers, each a process of its own; those that are left are killed at the end."""
    started = []

    def start():
        process = subprocess.Popen(
            [sys.executable, "-c", MOVER], cwd=ROOT, env=os.environ, stdout=subprocess.PIPE
        )
        started.append(process)
        assert process.stdout.readline() == b"moving\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def writer(record):
    """Record 5 events in each of four workspaces, again and again, until told to stop."""
    chains, stop = [uuid4() for _ in range(4)], threading.Event()
    count = 0

    def write():
        nonlocal count
        while not stop.is_set():
            for chain in chains:
                record(5, of=chain)
            count += 5
            time.sleep(0.02)

    def end():
        stop.set()
        thread.join()
        return chains, count

    thread = threading.Thread(target=write)
    thread.start()
    yield end
    end()


def test_movers_killed_at_random_moments_leave_every_chain_whole(mover, writer, move_all):
    accidents = random.Random(3)
    for _ in range(KILLS):
        running = mover()
        time.sleep(accidents.uniform(0.0, 0.3))
        running.kill()
        running.wait()
    chains, events = writer()
    assert events >= 5 * KILLS
    move_all()
    assert all(intact(chain, events) for chain in chains)


def test_mongodb_killed_at_random_moments_leaves_every_chain_whole(mover, writer, stack, move_all):
    accidents = random.Random(4)
    mover()
    mover()
    for _ in range(4):
        time.sleep(accidents.uniform(0.1, 0.4))
        stack.mongo.kill()
        time.sleep(0.1)
        stack.mongo.start()
    chains, events = writer()
    move_all()
    assert all(intact(chain, events) for chain in chains)


def test_without_mongodb_the_outbox_grows_memory_does_not_and_then_all_arrives(
    stack, record, workspace_id, move_all, waiting, monkeypatch
):
    move_all()
    stack.mongo.stop()
    try:
        for _ in range(3):
            record(1000)
            with pytest.raises(Unavailable):
                delivery.catch_up()
        for _ in range(delivery.MOST_BATCHES):
            delivery.number(10)
        assert delivery.number(10) is None
        assert waiting() == 3000
        lag = delivery.lag()
        monkeypatch.setattr(delivery, "MOST_COUNTED", 500)
        assert delivery.lag()["waiting"] == 500
    finally:
        stack.mongo.start()
    assert lag["waiting"] == 3000
    assert lag["age"] > 0
    delivery.catch_up()
    assert waiting() == 0
    assert intact(workspace_id, 3000)
    assert delivery.lag() == {"waiting": 0, "age": 0.0}

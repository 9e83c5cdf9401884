"""The way of events from Postgres to MongoDB: all of them, each once, whatever breaks."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from lib.audit import delivery, events, indexes
from lib.audit.actions import AUTH_LOGS, COLLECTIONS, JOB_EVENTS, PROJECT_ACTIONS
from lib.config import settings
from lib.errors import Unavailable
from lib.stores import mongo, postgres


def test_each_event_goes_to_its_collection_and_leaves_the_outbox(record, delivered, move_all):
    for action in ("project.created", "session.started", "account.registered", "job.started"):
        record(1, action)
    move_all()
    actions = {c: sorted(d["action"] for d in delivered(c)) for c in COLLECTIONS}
    assert actions == {
        PROJECT_ACTIONS: ["project.created"],
        AUTH_LOGS: ["account.registered", "session.started"],
        JOB_EVENTS: ["job.started"],
    }


def test_what_arrives_has_a_text_id_and_a_real_date(record, delivered, move_all):
    record(1)
    move_all()
    (document,) = delivered()
    assert document["_id"] == document["event_id"]
    assert isinstance(document["at"], datetime)
    assert abs((datetime.now(UTC) - document["at"]).total_seconds()) < 60
    assert document["day"] == document["at"].date().isoformat()
    with mongo.database() as database:
        since = {"at": {"$gte": datetime(2020, 1, 1, tzinfo=UTC)}, "_id": document["_id"]}
        assert database[PROJECT_ACTIONS].count_documents(since) == 1


def test_a_batch_is_bounded(record, move_all):
    move_all()
    record(7)
    assert delivery.move(5) == {PROJECT_ACTIONS: 5}
    assert delivery.move(5) == {PROJECT_ACTIONS: 2}
    assert delivery.move(5) == {}


def test_a_mover_rests_after_each_full_batch_and_moves_all_the_same(record, move_all, waiting):
    move_all()
    rests = []

    def rest():
        rests.append(waiting())
        return True

    record(3)
    assert (delivery.catch_up(rest=rest), rests) == (3, [])
    record(2 * delivery.BATCH + 1)
    assert delivery.catch_up(rest=rest) == 2 * delivery.BATCH + 1
    assert len(rests) == 2
    assert rests[-1] > 0
    assert waiting() == 0


def test_a_mover_that_is_not_to_go_on_ends_after_the_batch(record, move_all, waiting):
    move_all()
    record(delivery.BATCH + 1)
    assert delivery.catch_up(rest=lambda: False) == delivery.BATCH
    assert waiting() == 1
    move_all()


def test_while_mongodb_is_down_nothing_is_lost_and_then_all_arrive(
    stack, record, delivered, move_all, waiting
):
    record(3)
    stack.mongo.stop()
    try:
        with pytest.raises(Unavailable):
            delivery.move()
        assert waiting() >= 3
        record(2)
    finally:
        stack.mongo.start()
    move_all()
    assert len(delivered()) == 5


def test_five_thousand_events_of_an_outage_arrive_each_once(
    stack, record, delivered, freeze, move_all, waiting
):
    move_all()
    thaw = freeze("mongo")
    for _ in range(5):
        record(1000)
    with pytest.raises(Unavailable):
        delivery.move()
    assert waiting() == 5_000
    thaw()
    with ThreadPoolExecutor(2) as pool:  # two movers, each until nothing is left
        list(pool.map(lambda _: move_all(), range(2)))
    found = delivered()
    assert len(found) == len({document["_id"] for document in found}) == 5_000


def test_movers_at_once_do_not_get_into_each_others_way(record, delivered, move_all, waiting):
    move_all()
    record(300)

    def move(_):
        moved = 0
        while waiting():
            moved += sum(delivery.move(100).values())
        return moved

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(move, range(4))) == 300
    assert len({d["_id"] for d in delivered()}) == len(delivered()) == 300


def test_an_event_of_a_change_that_was_undone_is_never_delivered(
    record, delivered, workspace_id, move_all
):
    with suppress(RuntimeError), postgres.transaction() as conn:
        events.record(conn, "project.created", None, target=("x", "y"), workspace_id=workspace_id)
        raise RuntimeError
    move_all()
    assert delivered() == []


def test_indexes_serve_reads_and_expire_events_and_follow_the_setting(stack, monkeypatch):
    indexes.ensure()
    indexes.ensure()

    def kept():
        with mongo.database() as database:
            return list(database[JOB_EVENTS].list_indexes())

    fields = [list(index["key"]) for index in kept()]
    assert ["workspace_id", "event_id"] in fields
    assert ["actor_id", "event_id"] in fields
    assert [i["expireAfterSeconds"] for i in kept() if "expireAfterSeconds" in i] == [3681 * 86_400]
    monkeypatch.setenv("AUDIT_RETENTION_DAYS", "4000")
    settings.cache_clear()
    indexes.ensure()
    assert [i["expireAfterSeconds"] for i in kept() if "expireAfterSeconds" in i] == [4031 * 86_400]
    monkeypatch.undo()
    settings.cache_clear()
    indexes.ensure()

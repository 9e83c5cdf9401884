"""The chain: whoever changes the log is found out, and nothing honest is."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest

from lib.audit import __main__ as program
from lib.audit import chain, chain_queries, delivery
from lib.audit.actions import AUTH_LOGS, COLLECTIONS, JOB_EVENTS, PROJECT_ACTIONS
from lib.audit.chain import GENESIS, NOWHERE, Mark
from lib.audit.verification import Break, verify
from lib.stores import mongo, postgres


@pytest.fixture
def log(workspace_id, record, move_all):
    """Ten events of a workspace, of two collections, in MongoDB."""
    for _ in range(5):
        record(1)
        record(1, "job.started")
    move_all()
    return workspace_id


def report(of, after=None, limit=1000):
    return verify(of, after=after, limit=limit)


def tamper(change):
    with mongo.database() as database:
        return change(database)


def test_events_are_numbered_without_gap_and_each_follows_on_the_one_before(log, on_chain):
    documents = on_chain(log)
    assert [document["seq"] for document in documents] == list(range(1, 11))
    assert [d["prev"] for d in documents] == [GENESIS, *(d["hash"] for d in documents[:-1])]
    assert {d["target_type"] for d in documents} == {"project"}
    for document in documents:
        assert chain.digest_of_document(document["prev"], document) == document["hash"]


def test_an_untouched_log_is_intact(log):
    found = report(log)
    assert (found.after, found.upto, found.end) == (0, 10, 10)
    assert (found.waiting, found.complete, found.broken) == (0, True, None)


def test_a_workspace_in_which_nothing_happened_is_intact(stack):
    found = report(uuid4())
    assert (found.upto, found.end, found.complete, found.broken) == (0, 0, True, None)


def test_what_belongs_to_no_workspace_has_a_chain_of_its_own(log, record, move_all, on_chain):
    before = report(NOWHERE).end
    record(3, "session.started", of=None)
    record(1, "job.submitted", of=None)
    move_all()
    found = report(NOWHERE)
    assert (found.end, found.broken) == (before + 4, None)
    assert {d["workspace_id"] for d in on_chain(NOWHERE)} == {None}
    assert report(log).end == 10


CHANGES = {
    "another actor": {"$set": {"actor_name": "Mallory"}},
    "another time": {"$set": {"day": "2020-01-01"}},
    "another detail": {"$set": {"details": {"name": "x"}}},
    "something more": {"$set": {"note": "trust me"}},
    "something less": {"$unset": {"user_agent": ""}},
    "another workspace": {"$set": {"workspace_id": str(uuid4())}},
    "another id": {"$set": {"event_id": "x"}},
    "another hash": {"$set": {"hash": "1" * 64}},
    "another hash before": {"$set": {"prev": "1" * 64}},
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_changed_event_is_found(log, on_chain, what):
    document = on_chain(log)[4]
    change = CHANGES[what]
    tamper(lambda db: db[PROJECT_ACTIONS].update_one({"_id": document["_id"]}, change))
    assert report(log).broken == Break(5, "changed")


def test_a_changed_event_with_a_hash_that_fits_is_found_at_the_next(log, on_chain):
    document = on_chain(log)[4] | {"actor_name": "Mallory"}
    hashed = chain.digest_of_document(document["prev"], document)
    change = {"$set": {"actor_name": "Mallory", "hash": hashed}}
    tamper(lambda db: db[PROJECT_ACTIONS].update_one({"_id": document["_id"]}, change))
    assert report(log).broken == Break(6, "changed")


def test_a_whole_log_written_anew_is_found_at_its_end(log, on_chain):
    mark = Mark()
    for document in on_chain(log):
        name = PROJECT_ACTIONS if document["action"].startswith("project") else JOB_EVENTS
        document |= {"actor_name": "Mallory", "prev": mark.hash}
        mark = Mark(document["seq"], chain.digest_of_document(mark.hash, document))
        change = {"$set": {"actor_name": "Mallory", "prev": document["prev"], "hash": mark.hash}}
        tamper(lambda db, n=name, d=document, c=change: db[n].update_one({"_id": d["_id"]}, c))
    assert report(log).broken == Break(10, "changed")


@pytest.mark.parametrize("seq", [1, 5, 10])
def test_a_removed_event_is_found(log, on_chain, seq):
    document = on_chain(log)[seq - 1]
    removed = [
        tamper(lambda db, n=name: db[n].delete_many({"_id": document["_id"]})).deleted_count
        for name in COLLECTIONS
    ]
    assert sum(removed) == 1
    assert report(log).broken == Break(seq, "missing")


def test_a_log_without_its_last_events_is_found(log):
    for name in COLLECTIONS:
        tamper(lambda db, n=name: db[n].delete_many({"chain": str(log), "seq": {"$gt": 6}}))
    assert report(log).broken == Break(7, "missing")


FORGED = {
    "behind the end": {"seq": 11},
    "far behind the end": {"seq": 2000},
    "with a number that is taken": {"seq": 4},
    "without a number": {"seq": None},
    "with a number that is none": {"seq": "4"},
    "on no chain": {"chain": None},
    "on another chain": {"chain": str(uuid4())},
}


@pytest.mark.parametrize("what", FORGED)
def test_an_inserted_event_is_found(log, on_chain, what):
    event_id = str(uuid4())
    model = on_chain(log)[3]
    forged = model | {"_id": event_id, "event_id": event_id, "actor_name": "Mallory"} | FORGED[what]
    forged = {name: value for name, value in forged.items() if value is not None}
    forged["hash"] = chain.digest_of_document(forged["prev"], forged)
    tamper(lambda db: db[JOB_EVENTS].insert_one(forged))
    assert report(log).broken


def test_two_events_that_changed_places_are_found(log, on_chain):
    third, fifth = on_chain(log)[2], on_chain(log)[4]
    for document, place in ((third, fifth), (fifth, third)):
        to = {"$set": {name: place[name] for name in ("seq", "prev", "hash")}}
        tamper(lambda db, d=document, t=to: db[PROJECT_ACTIONS].update_one({"_id": d["_id"]}, t))
    assert report(log).broken == Break(3, "changed")


def test_verifying_goes_on_where_it_stopped(log, on_chain):
    first = report(log, limit=4)
    assert (first.after, first.upto, first.complete, first.broken) == (0, 4, False, None)
    second = report(log, after=4, limit=100)
    assert (second.after, second.upto, second.complete, second.broken) == (4, 10, True, None)
    beyond = report(log, after=10_000)
    assert (beyond.after, beyond.upto, beyond.complete, beyond.broken) == (10, 10, True, None)
    document = on_chain(log)[8]
    tamper(lambda db: db[PROJECT_ACTIONS].delete_one({"_id": document["_id"]}))
    assert report(log, limit=4).broken is None
    assert report(log, after=4).broken == Break(9, "missing")


def test_what_is_numbered_and_not_delivered_is_waited_for_and_not_missed(log, record, move_all):
    record(3)
    assert delivery.number()
    found = report(log)
    assert (found.upto, found.end, found.waiting) == (10, 13, 3)
    assert (found.complete, found.broken) == (True, None)
    move_all()
    found = report(log)
    assert (found.upto, found.waiting, found.broken) == (13, 0, None)


def test_events_keep_their_numbers_when_a_copy_is_repeated(workspace_id, record, on_chain, waiting):
    record(20)
    batch = delivery.number()
    assert batch is not None
    delivery._copy(batch)
    first = on_chain(workspace_id)
    assert len(first) == 20
    assert waiting()
    delivery.deliver_oldest()
    assert on_chain(workspace_id) == first
    assert delivery.deliver(batch) == {}
    assert report(workspace_id).broken is None


def test_while_somebody_numbers_nobody_else_does(workspace_id, record):
    record(3)
    with postgres.transaction() as conn:
        assert chain_queries.take_turn(conn)
        assert delivery.number() is None
    assert delivery.number() is not None


def test_movers_at_once_leave_one_intact_chain_for_each_workspace(record, move_all, on_chain):
    chains = [uuid4() for _ in range(5)]
    record(1)
    move_all()

    def record_some(number):
        for _ in range(10):
            record(7, of=chains[number % 5])

    with ThreadPoolExecutor(8) as pool:
        writing = [pool.submit(record_some, number) for number in range(5)]
        moving = [pool.submit(delivery.catch_up, 2.0) for _ in range(3)]
        for each in writing + moving:
            each.result()
    move_all()
    for each in chains:
        assert [document["seq"] for document in on_chain(each)] == list(range(1, 71))
        assert report(each).broken is None


def test_no_more_is_numbered_while_too_much_is_on_its_way(record, move_all, waiting):
    move_all()
    for _ in range(delivery.MOST_BATCHES):
        record(1)
        assert delivery.number()
    record(1)
    assert delivery.number() is None
    delivery.catch_up()
    assert waiting() == 0


def run(capsys, *words):
    status = program.main(["verify", *words])
    return status, capsys.readouterr().out


def test_the_program_says_where_a_chain_is_broken_by_its_exit_status_too(log, on_chain, capsys):
    status, text = run(capsys, "--workspace", str(log))
    assert (status, text.count("intact")) == (0, 1)
    assert "10 events verified, from 1 on; 0 not delivered yet" in text
    document = on_chain(log)[4]
    tamper(lambda db: db[PROJECT_ACTIONS].delete_one({"_id": document["_id"]}))
    status, text = run(capsys, "--workspace", str(log))
    assert status == 1
    assert "BROKEN at 5: an event is not there any more" in text
    status, text = run(capsys)
    assert status == 1
    assert f"workspace {log}: BROKEN" in text


def test_the_program_says_that_it_can_not_tell(log, capsys, stack):
    stack.mongo.stop()
    try:
        assert run(capsys)[0] == 2
    finally:
        stack.mongo.start()


def test_the_account_side_is_forgeable_by_nobody_either(record, move_all, on_chain):
    record(3, "session.started", of=None)
    move_all()
    assert report(NOWHERE).broken is None
    last = on_chain(NOWHERE)[-1]
    forged = last | {"_id": "x", "event_id": "x"}
    tamper(lambda db: db[AUTH_LOGS].insert_one(forged))
    assert report(NOWHERE).broken
    tamper(lambda db: db[AUTH_LOGS].delete_one({"_id": "x"}))
    assert report(NOWHERE).broken is None
    assert UUID(int=0) == NOWHERE

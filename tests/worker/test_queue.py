"""The queue message: what functions write over HTTP is what huey itself would write and take."""

import json
import pickle
import threading
from uuid import UUID

import pytest
from huey import RedisHuey
from huey.registry import Message

from lib.bridge import keys, queue
from lib.config import settings
from lib.ids import new_id
from lib.jobs.schemas import PRIORITIES
from lib.stores import redis, redis_tcp
from worker.consumer import Consumer
from worker.queue import NAME, JsonSerializer, connect


@pytest.fixture(autouse=True)
def empty_queue(stack):
    redis_tcp.client().delete(*keys.QUEUES.values())


def waiting():
    """How many messages there are in each list."""
    return {name: redis_tcp.client().llen(key) for name, key in keys.QUEUES.items()}


@pytest.fixture
def stock():
    """huey as anybody would set it up, with our serializer."""
    collab = RedisHuey(
        NAME, url=settings().redis_url, results=False, serializer=JsonSerializer(), read_timeout=1
    )
    taken = []

    def run_job(job_id):
        taken.append(UUID(job_id))

    run_job.__module__ = "worker.tasks"  # huey names a task by module and function
    collab.task(name="run_job")(run_job)
    collab.taken = taken
    return collab


def test_the_message_is_field_for_field_what_huey_writes(stock):
    job_id = new_id()
    task = stock._registry.string_to_task(queue.TASK)
    assert stock.storage.queue_key == keys.QUEUE
    stock.enqueue(task(args=(str(job_id),)))
    theirs = json.loads(redis_tcp.client().rpop(keys.QUEUE))
    ours = json.loads(queue.message(job_id))
    assert len(ours) == len(Message._fields)
    assert ours[1:] == theirs[1:]
    assert isinstance(ours[0], str)


def test_a_stock_consumer_takes_what_was_pushed_over_http(stock, eventually):
    assert isinstance(redis._current(), redis.HttpTransport)
    job_id = new_id()
    queue.push([job_id])
    consumer = stock.create_consumer(workers=1, periodic=False)
    consumer._set_signal_handlers = lambda: None  # this is not the process's main program
    runner = threading.Thread(target=consumer.run, daemon=True)
    runner.start()
    try:
        eventually(lambda: stock.taken == [job_id])
    finally:
        consumer.stop(graceful=True)
        runner.join(10)


def test_messages_are_taken_in_the_order_in_which_they_were_pushed(stock):
    ids = [new_id() for _ in range(5)]
    queue.push(ids[:3])
    queue.push(ids[3:])
    assert [stock.dequeue().args[0] for _ in ids] == [str(i) for i in ids]


def test_of_ten_jobs_one_is_of_each_lower_priority_while_all_of_them_wait(stack):
    for priority in PRIORITIES:
        queue.push([new_id() for _ in range(20)], priority)
    assert waiting() == {"high": 20, "normal": 20, "low": 20, "webhooks": 0}
    ours = connect(settings().redis_url, 4)
    assert all(ours.dequeue() for _ in range(10))
    assert waiting() == {"high": 12, "normal": 19, "low": 19, "webhooks": 0}
    assert all(ours.dequeue() for _ in range(50)), "each finds what waits, wherever it looks first"


def test_no_more_webhooks_are_taken_than_half_of_the_threads_can_send(stack):
    hooks, others = [new_id() for _ in range(5)], [new_id() for _ in range(30)]
    queue.push(hooks, "webhooks")
    ours = connect(settings().redis_url, 4)
    first, second = ours.dequeue(), ours.dequeue()
    assert [first.job_id, second.job_id] == hooks[:2]
    assert [ours.dequeue() for _ in range(20)] == [None] * 20
    queue.push(others)
    assert [ours.dequeue().job_id for _ in range(30)] == others
    assert waiting()["webhooks"] == 3
    ours.execute(first)
    assert ours.dequeue().job_id == hooks[2]
    assert ours.dequeue() is None


@pytest.fixture
def half_refused():
    """The address of a Redis that hands out the first message of several, and fails after that."""
    client, url = redis_tcp.client(), settings().redis_url
    client.acl_setuser("half", enabled=True, passwords=["+half"], keys=["*"],
                       commands=["+@all", "-rpop"])  # fmt: skip
    scheme, _, place = url.partition("://")
    yield f"{scheme}://half:half@{place.rpartition('@')[2]}"
    client.acl_deluser("half")


def test_a_message_that_was_taken_is_not_lost_when_taking_the_next_ones_fails(half_refused):
    job_ids = [new_id() for _ in range(3)]
    queue.push(job_ids)
    ours = connect(half_refused, 4)
    ours.take_ahead(lambda: 10, lambda _: {})
    assert [ours.dequeue().job_id for _ in job_ids] == job_ids


def test_nothing_is_ever_unpickled():
    with pytest.raises(ValueError, match=r"."):
        JsonSerializer().deserialize(pickle.dumps(["worker.tasks.run_job"]))


def test_our_consumer_stops_on_sigterm_and_ignores_what_would_restart_it(stack):
    consumer = Consumer(connect(settings().redis_url, 2), 2, 25)
    names = {number.name: action for number, action in consumer._signal_actions.items()}
    assert names == {"SIGTERM": (False, True), "SIGINT": (False, False)}

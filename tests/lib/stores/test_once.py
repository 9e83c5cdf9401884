"""What is opened at its first use: once, whoever comes first; again after it was closed."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from lib.stores import mongo, postgres, redis, redis_tcp
from lib.stores.once import Once

THREADS = 16


def at_once(ask):
    """What so many threads get that ask at the same moment."""
    barrier = Barrier(THREADS)

    def come(_):
        barrier.wait(10)
        return ask()

    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(come, range(THREADS)))


def the_log():
    with mongo.database() as database:
        return database.client


@pytest.mark.parametrize(
    ("first", "ask", "close"),
    [
        (mongo._database, the_log, lambda client: client.close()),
        (redis_tcp._client, redis_tcp.client, lambda client: client.close()),
        (redis._http, redis._http, lambda transport: transport._redis._http._client.close()),
        (postgres._pool, postgres._pool, lambda pool: pool.close()),
    ],
    ids=["mongo", "redis over tcp", "redis over http", "postgres"],
)
def test_all_who_come_first_share_one_client(stack, monkeypatch, first, ask, close):
    monkeypatch.setattr(first, "_made", None)
    found = at_once(ask)
    close(found[0])
    assert len(set(map(id, found))) == 1


def test_what_could_not_be_made_is_tried_again():
    answers = iter([ValueError("not yet"), "made"])

    def make():
        if isinstance(answer := next(answers), Exception):
            raise answer
        return answer

    thing = Once(make)
    with pytest.raises(ValueError, match="not yet"):
        thing()
    assert thing() == "made"
    assert thing() == "made"
    assert thing.forget() == "made"
    assert thing.forget() is None

"""Redis that does not answer, stopped or frozen: it costs little, and is used again by itself."""

import time

import pytest

from lib.errors import Unavailable
from lib.stores import redis, redis_tcp
from lib.stores.breaker import Open

ONE_WAIT = 2 * redis.HTTP_TIMEOUT  # seconds: whoever waited twice took longer


def ask():
    redis.execute("PING")


@pytest.fixture(params=["http", "tcp"])
def transport(request, stack, monkeypatch):
    """Either way of reaching Redis."""
    way = redis_tcp.TcpTransport() if request.param == "tcp" else redis._http()
    monkeypatch.setattr(redis, "_transport", way)
    ask()


def refused():
    """How many seconds it takes to be told that Redis does not answer, and whether it was asked."""
    started = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        ask()
    return time.monotonic() - started, not isinstance(caught.value.__cause__, Open)


def test_a_frozen_redis_is_waited_for_once(transport, freeze):
    freeze("redis")
    first, asked = refused()
    assert asked
    assert redis.PATIENCE < first < ONE_WAIT
    for _ in range(20):
        took, asked = refused()
        assert not asked
        assert took < redis.PATIENCE


def test_one_of_many_tries_again_after_the_pause(transport, freeze, at_once, eventually):
    freeze("redis")
    refused()
    began = time.monotonic()
    eventually(lambda: time.monotonic() - began > redis.PAUSE)
    assert [asked for _, asked in at_once(16, lambda _: refused())].count(True) == 1


def test_it_is_used_again_soon_after_it_is_back(transport, freeze, eventually):
    thaw = freeze("redis")
    refused()
    thaw()

    def answers():
        try:
            ask()
        except Unavailable:
            return False
        return True

    eventually(answers, within=redis.PAUSE + redis.HTTP_TIMEOUT + 1)


def test_failures_that_cost_nothing_keep_nobody_from_asking(transport, stack, request):
    stack.redis.stop()
    request.addfinalizer(stack.redis.start)
    assert [refused()[1] for _ in range(5)] == [True] * 5
    stack.redis.start()
    ask()


def test_what_redis_refuses_is_no_outage(transport):
    for _ in range(5):
        with pytest.raises(Unavailable):
            redis.execute("NOSUCHCOMMAND")
    ask()


@pytest.mark.parametrize("how", ["stopped", "frozen"])
def test_reads_and_writes_go_on_without_redis_and_none_waits_twice(
    team, stack, freeze, request, how
):
    project, file = f"/projects/{team.project['id']}", f"/files/{team.file['id']}"
    if how == "frozen":
        freeze("redis")
    else:
        stack.redis.stop()
        request.addfinalizer(stack.redis.start)
    took = {}
    for n in range(4):
        for call, expected in (
            (lambda: team.viewer.get(project), 200),
            (lambda n=n: team.owner.patch(project, {"name": f"No cache {n}"}), 200),
            (lambda n=n: team.owner.put(f"{file}/content", {"content": f"text {n}"}), 200),
            (lambda n=n: team.owner.post(f"{project}/files", {"path": f"{n}.md"}), 201),
            (lambda: team.owner.get("/health/ready"), 200),
            (lambda: team.owner.post(f"{project}/ticket"), 503),
            (lambda: team.viewer.get(f"{project}/presence"), 503),
        ):
            started = time.monotonic()
            answer = call()
            took[n, answer.request.path] = time.monotonic() - started
            assert answer.status_code == expected, answer.text
            assert answer.status_code == 200 or "Retry-After" in answer.headers or expected == 201
    assert max(took.values()) < ONE_WAIT, took
    assert sorted(took.values())[len(took) // 2] < redis.PATIENCE, took

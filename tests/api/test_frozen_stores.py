"""Each store frozen: every route answers in time, and says so where it needs that store."""

import time

import pytest

from lib.config import settings
from tests.api.walk import call, innermost_first

WITHIN = 8.0  # seconds
NO_STORE = {"permission.list", "email.verify", "password.reset"}  # these see that a token is none
# So do these, but once they have a connection: one that was just in use is not tried first.
NO_STORE_PERHAPS = {"invitation.preview", "invitation.register"}
NEED = {
    "redis": {"room.join", "room.presence", "room.statistics"},
    "mongo": {
        "workspace.audit",
        "audit.summary",
        "audit.export",
        "audit.timeline",
        "audit.verify",
        "project.activity",
        "account.activity",
    },
}


@pytest.fixture
def ask(team, ids, at_once, monkeypatch):
    """Ask routes, all at the same moment, and return status, Retry-After and seconds of each."""
    monkeypatch.setenv("RATE_LIMITS", "off")
    settings.cache_clear()

    def one(route):
        started = time.monotonic()
        answer = call(route, team.owner, ids)
        retry_after = answer.headers.get("Retry-After")
        return route, answer.status_code, retry_after, time.monotonic() - started

    yield lambda routes: at_once(len(routes), lambda n: one(routes[n]))
    monkeypatch.undo()
    settings.cache_clear()


def check(answers):
    assert max(took for *_, took in answers) < WITHIN, answers
    for route, status, retry_after, _ in answers:
        assert status != 500, route
        assert status == 202 or (retry_after is not None) == (status == 503), (route, status)
    return {route.permission for route, status, *_ in answers if status == 503}


def test_postgres_frozen(route_methods, team, ask, freeze, eventually):
    thaw = freeze("postgres")
    away = check(ask(route_methods))
    answered = {route.permission for route in route_methods} - away
    assert NO_STORE <= answered <= NO_STORE | NO_STORE_PERHAPS
    thaw()
    path = f"/projects/{team.project['id']}"
    eventually(lambda: team.owner.get(path).status_code == 200, within=5)


@pytest.mark.parametrize("store", NEED)
def test_redis_or_mongodb_frozen(store, route_methods, ask, freeze):
    reads = [route for route in route_methods if route.method == "GET"]
    writes = sorted((r for r in route_methods if r.method != "GET"), key=innermost_first)
    assert len(reads) > 20 < len(writes)
    freeze(store)
    away = check(ask(reads))
    for route in writes:  # one after the other, or one takes from the next what it is about
        away |= check(ask([route]))
    assert away == NEED[store]

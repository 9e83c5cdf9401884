"""Long-polling a job: answered when it changes, for a while, holding nothing meanwhile."""

from concurrent.futures import ThreadPoolExecutor
from time import monotonic

import pytest

from lib.http import waiting
from lib.stores import postgres
from lib.stores.connection import Connection
from tests.api.walk import make_token


@pytest.fixture
def job(team):
    with postgres.connection() as conn:
        conn.execute(
            "INSERT INTO job_kinds (kind, title, payload_schema, max_attempts)"
            " VALUES ('test.waits', 'Nothing', '{}', 1) ON CONFLICT DO NOTHING"
        )
    path = f"/projects/{team.project['id']}/jobs"
    return team.collaborator.post(path, {"kind": "test.waits"}).get_json()


@pytest.fixture
def ask(team, job):
    """Wait for the job for so many seconds; returns the answer and how long it took."""

    def send(wait, tag=None, who=team.viewer):
        headers = {"If-None-Match": tag} if tag else {}
        begun = monotonic()
        answer = who.get(f"/jobs/{job['id']}?wait={wait}", headers=headers)
        return answer, monotonic() - begun

    return send


@pytest.fixture
def looks(monkeypatch):
    """The statements that look the job up."""
    seen, execute = [], Connection.execute

    def counting(self, query, *args):
        seen.append(query)
        return execute(self, query, *args)

    monkeypatch.setattr(Connection, "execute", counting)
    return seen


def change(job, **values):
    with postgres.connection() as conn:
        for name, value in values.items():
            statement = f"UPDATE jobs SET {name} = %s WHERE id = %s"  # noqa: S608
            assert conn.execute(statement, [value, job["id"]]).rowcount == 1


@pytest.mark.parametrize(
    "news", [{"state": "running"}, {"progress": 40}, {"progress_message": "at 40"}]
)
def test_it_is_answered_as_soon_as_the_job_changes(ask, job, looks, eventually, news):
    tag = ask(0)[0].headers["ETag"]
    looks.clear()
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask, 20, tag)
        eventually(lambda: len(looks) >= 2)
        assert not asked.done()
        change(job, **news)
        changed = monotonic()
        answer, _ = asked.result(5)
    assert monotonic() - changed < 2
    assert answer.status_code == 200
    assert answer.headers["ETag"] != tag
    assert answer.get_json()[next(iter(news))] == next(iter(news.values()))


def test_it_is_answered_with_304_when_nothing_changes(ask):
    tag = ask(0)[0].headers["ETag"]
    answer, took = ask(1, tag)
    assert (answer.status_code, answer.headers["ETag"]) == (304, tag)
    assert 1 <= took < 3


def test_who_has_no_version_or_an_old_one_is_answered_at_once(ask):
    for tag in (None, '"old"'):
        answer, took = ask(20, tag)
        assert answer.status_code == 200
        assert took < 5


@pytest.mark.parametrize("wait", ["26", "-1", "long", "", "1&wait=2", "1&until=2"])
def test_how_long_to_wait_has_bounds(ask, wait):
    assert ask(wait)[0].status_code == 422


def test_waiting_looks_twice_a_second_and_holds_no_connection(ask, looks, team, job):
    tag = ask(0)[0].headers["ETag"]
    looks.clear()
    with ThreadPoolExecutor(8) as pool:
        waits = [pool.submit(ask, 2, tag) for _ in range(8)]
        begun = monotonic()
        for _ in range(5):  # eight wait, and the pool has four connections
            assert team.viewer.get(f"/jobs/{job['id']}").status_code == 200
        assert monotonic() - begun < 1.5
        assert {answer.result(9)[0].status_code for answer in waits} == {304}
    assert len(looks) - 5 <= 8 * (2 / waiting.LOOK_EVERY + 2)


def test_beyond_so_many_that_wait_others_are_answered_at_once(ask, monkeypatch):
    tag = ask(0)[0].headers["ETag"]
    monkeypatch.setattr(waiting._seats, "acquire", lambda **_: False)
    answer, took = ask(20, tag)
    assert (answer.status_code, took < 5) == (304, True)


def test_every_seat_is_given_back(ask):
    free = waiting._seats._value
    tag = ask(0)[0].headers["ETag"]
    assert ask(1, tag)[0].status_code == 304
    assert waiting._seats._value == free


def test_whoever_loses_the_right_meanwhile_is_told_so(ask, job, team, looks, eventually):
    token = make_token(team.viewer, ["read"])
    session, team.viewer.token = team.viewer.token, token["token"]
    tag = ask(0)[0].headers["ETag"]
    looks.clear()
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask, 20, tag)
        eventually(lambda: len(looks) >= 2)
        headers = {"Authorization": f"Bearer {session}"}
        assert team.viewer.delete(f"/me/tokens/{token['id']}", headers=headers).status_code == 204
        answer, took = asked.result(9)
    assert (answer.status_code, took < 9) == (401, True)

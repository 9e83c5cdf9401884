"""Lists of a project's jobs: filters, pages, counts."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest


@pytest.fixture
def listed(team, place):
    def ids(query=""):
        answer = team.viewer.get(f"{place}?{query}")
        assert answer.status_code == 200, answer.text
        return [job["id"] for job in answer.get_json()["items"]]

    return ids


def test_by_several_states_and_by_kind(submit, put_into, listed):
    failed, done = put_into(submit(), "failed"), put_into(submit("test.second"), "succeeded")
    waits = submit("test.second")
    assert listed() == [waits["id"], done["id"], failed["id"]]
    assert listed("state=failed,queued") == [waits["id"], failed["id"]]
    assert listed("kind=test.second") == [waits["id"], done["id"]]
    assert listed("kind=test.second&state=succeeded") == [done["id"]]
    assert listed("kind=test.none") == []


def test_by_who_submitted_them_and_by_unique_key(team, place, submit, listed):
    first, second = submit(unique_key="a"), submit(unique_key="b")
    theirs = team.owner.post(place, {"kind": "test.first"}).get_json()
    assert listed(f"created_by={team.owner.id}") == [theirs["id"]]
    assert listed(f"created_by={team.collaborator.id}") == [second["id"], first["id"]]
    assert listed("unique_key=a") == [first["id"]]


def test_by_when_they_were_submitted(submit, put_into, listed):
    now, jobs = datetime.now(UTC), []
    for hours in (3, 2, 1):
        at = (now - timedelta(hours=hours)).isoformat()
        jobs.append(put_into(submit(), "queued", created_at=at))
    ids = [job["id"] for job in jobs]
    since = quote((now - timedelta(hours=2)).isoformat())
    assert listed(f"since={since}") == ids[:0:-1]
    assert listed(f"until={since}") == ids[:1]
    until = quote((now - timedelta(hours=1)).isoformat())
    assert listed(f"since={since}&until={until}") == ids[1:2]


def test_the_next_page_keeps_the_filters(team, place, submit, put_into):
    ids = [put_into(submit(), ("failed", "succeeded")[n % 2])["id"] for n in range(6)]
    first = team.viewer.get(f"{place}?state=failed,cancelled&limit=2")
    link = first.headers["Link"].partition(">")[0].lstrip("<")
    found = first.get_json()["items"] + team.viewer.get(link).get_json()["items"]
    assert [job["id"] for job in found] == ids[4::-2]


@pytest.mark.parametrize(
    "query",
    [
        "state=lost", "state=", "state=queued,", "state=queued,,failed", "state=queued%0A",
        "created_by=me", "since=yesterday", "since=2026-01-01T00:00:00", "kind=", "unique_key=",
        "order=up",
    ],
)  # fmt: skip
def test_a_filter_that_means_nothing_is_refused(team, place, query):
    answer = team.viewer.get(f"{place}?{query}")
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["pointer"] == f"/{query.partition('=')[0]}"


def test_the_summary_counts_by_state(team, place, submit, put_into):
    assert set(team.viewer.get(f"{place}/summary").get_json().values()) == {0}
    for state in ("queued", "failed", "failed", "succeeded"):
        put_into(submit(), state)
    summary = team.viewer.get(f"{place}/summary").get_json()
    assert {state: n for state, n in summary.items() if n} == {
        "queued": 1, "failed": 2, "succeeded": 1,
    }  # fmt: skip

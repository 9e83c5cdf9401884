"""Downloads: whole and in parts, of one version, under any name (RFC 9110, 14; RFC 6266)."""

from urllib.parse import unquote
from uuid import UUID

import pytest

from lib.config import settings
from lib.ids import new_id
from lib.jobs import artifacts
from lib.stores import postgres
from lib.stores.connection import Connection

CONTENT = bytes(range(256)) * 40  # 10,240 bytes
BLOCK = 8192  # bytes that Postgres reads at once
NAME = 'Über "100%";\\ a.b.bin'


@pytest.fixture
def made(team):
    """A job that has made a file of these bytes; returns where the file is."""

    def make(content=CONTENT, name=NAME):
        job_id = new_id()
        with postgres.connection() as conn:
            conn.execute(
                "INSERT INTO jobs (id, workspace_id, project_id, kind, payload, max_attempts,"
                " request_id, state, finished_at)"
                " VALUES (%s, %s, %s, 'test.made', '{}', 1, '', 'succeeded', now())",
                [job_id, team.workspace["id"], team.project["id"]],
            )
            artifact = artifacts.make("a", "application/octet-stream", content)
            artifacts.keep(conn, job_id, artifact)
            conn.execute("UPDATE job_artifacts SET filename = %s WHERE job_id = %s", [name, job_id])
        return f"/jobs/{job_id}/artifact"

    return make


@pytest.fixture
def get(team, made):
    """Ask for the file, with headers named as keywords: `if_range` is If-Range."""
    path = made()

    def send(**headers):
        named = {name.replace("_", "-").title(): value for name, value in headers.items()}
        return team.viewer.get(path, headers=named)

    return send


def test_the_whole_has_its_size_its_version_and_says_that_parts_can_be_had(get):
    answer = get()
    assert (answer.status_code, answer.data) == (200, CONTENT)
    assert answer.headers["Content-Length"] == str(len(CONTENT))
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["ETag"] == get().headers["ETag"]
    assert answer.content_type == "application/octet-stream"


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-99", 0, 99),
        ("bytes=100-199", 100, 199),
        ("bytes=10239-", 10239, 10239),
        ("bytes=10000-99999999", 10000, 10239),
        ("bytes=5000-", 5000, 10239),
        ("bytes=-1", 10239, 10239),
        ("bytes=-500", 9740, 10239),
        ("bytes=-99999999", 0, 10239),
        ("Bytes= 1-2", 1, 2),
    ],
)
def test_a_part_is_exactly_what_was_asked_for(get, asked, first, last):
    answer = get(range=asked)
    assert (answer.status_code, answer.data) == (206, CONTENT[first : last + 1])
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/10240"
    assert answer.headers["Content-Length"] == str(last + 1 - first)
    assert answer.headers["ETag"] == get().headers["ETag"]


@pytest.mark.parametrize("asked", ["bytes=10240-", "bytes=10240-10250", "bytes=-0"])
def test_a_part_that_is_not_there_is_told_so_with_the_size(get, asked):
    answer = get(range=asked)
    assert (answer.status_code, answer.content_type) == (416, "application/problem+json")
    assert answer.headers["Content-Range"] == "bytes */10240"


@pytest.mark.parametrize(
    "asked",
    ["bytes=2-1", "bytes=-", "bytes=", "bytes=a-b", "items=0-1", "bytes=0-1,3-4", "bytes=1", "0-1",
     "bytes=0-" + "9" * 30],
)  # fmt: skip
def test_what_is_no_range_or_several_gets_the_whole(get, asked):
    answer = get(range=asked)
    assert (answer.status_code, answer.data) == (200, CONTENT)


def test_a_download_goes_on_where_it_broke_off_if_the_file_is_the_same(get):
    tag = get().headers["ETag"]
    assert get(range="bytes=10000-", if_range=tag).status_code == 206
    for other in ('"another"', f"W/{tag}", "Wed, 21 Oct 2015 07:28:00 GMT"):
        answer = get(range="bytes=10000-", if_range=other)
        assert (answer.status_code, answer.data) == (200, CONTENT)
    assert get(range="bytes=99999-", if_range='"another"').status_code == 200


def test_who_has_this_version_already_gets_304(get):
    tag = get().headers["ETag"]
    for known in (tag, f'"x", {tag}', f"W/{tag}"):
        answer = get(if_none_match=known, range="bytes=0-1")
        assert (answer.status_code, answer.data) == (304, b"")
        assert answer.headers["ETag"] == tag
    assert get(if_none_match='"another"').status_code == 200


def test_a_head_tells_the_size_without_reading_the_file(team, made, monkeypatch):
    path, read = made(), []
    execute = Connection.execute
    monkeypatch.setattr(
        Connection, "execute", lambda s, q, *a: read.append("substring" in q) or execute(s, q, *a)
    )
    headers = {"Authorization": f"Bearer {team.viewer.token}", "Range": "bytes=0-1"}
    answer = team.viewer.client.open(f"/api/v1{path}", method="HEAD", headers=headers)
    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["Content-Length"] == str(len(CONTENT))
    assert "Content-Range" not in answer.headers
    assert read
    assert not any(read)


def test_an_empty_file_has_no_parts(team, made):
    path = made(b"")
    assert team.viewer.get(path).data == b""
    for asked in ("bytes=0-", "bytes=-5"):
        answer = team.viewer.get(path, headers={"Range": asked})
        assert (answer.status_code, answer.headers["Content-Range"]) == (416, "bytes */0")


def test_a_part_of_a_large_file_is_read_without_the_rest(team, made):
    size = 8 * 1024 * 1024
    path = made(b"a" * (size - 1) + b"z")
    job_id = UUID(path.split("/")[2])

    def blocks_of(statement):
        with postgres.connection() as conn:
            plan = conn.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", [job_id])
            (found,) = plan.fetchone()["QUERY PLAN"]
        plan = found["Plan"]
        return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]

    part = team.viewer.get(path, headers={"Range": "bytes=-2"})
    assert part.data == b"az"
    row = "SELECT {} FROM job_artifacts WHERE job_id = %s"
    # What it takes to find the row is not counted: that grows with what other tests left there.
    finding = blocks_of(row.format("filename"))
    assert blocks_of(row.format(f"length(substring(content FROM {size - 1} FOR 2))")) < finding + 20
    assert blocks_of(row.format("md5(content)")) > finding + size / BLOCK - 20


def test_the_name_survives_whatever_is_in_it_and_breaks_no_header(get):
    disposition = get().headers["Content-Disposition"]
    kind, plain, extended = disposition.split("; ", 2)
    assert kind == "attachment"
    assert disposition.isascii()
    assert extended.startswith("filename*=UTF-8''")
    assert unquote(extended.partition("''")[2]) == NAME
    assert plain.count('"') == 2
    assert not set("%\\;") & set(plain)


def test_a_browser_of_another_origin_may_ask_for_parts_and_see_which_they_are(
    team, made, monkeypatch
):
    origin = "https://app.example.com"
    monkeypatch.setenv("CORS_ORIGINS", origin)
    settings.cache_clear()
    path = made()
    asked = team.viewer.send("OPTIONS", path, headers={"Origin": origin}).headers
    told = team.viewer.get(path, headers={"Origin": origin}).headers
    monkeypatch.undo()
    settings.cache_clear()
    assert {"Range", "If-Range"} <= set(asked["Access-Control-Allow-Headers"].split(", "))
    exposed = set(told["Access-Control-Expose-Headers"].split(", "))
    assert {"Content-Range", "Accept-Ranges", "Content-Disposition"} <= exposed

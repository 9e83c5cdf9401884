"""The export: streamed, whole or known not to be, and harmless in a spreadsheet."""

import csv
import io
import json
from uuid import uuid4

import pytest

from lib.audit import chain, delivery, events, export
from lib.audit.events import Event
from lib.errors import Unavailable
from lib.stores import mongo, postgres
from tests.lib.audit.test_log import items


@pytest.fixture
def path(team, move_all):
    move_all()
    return f"/workspaces/{team.workspace['id']}/audit/export"


@pytest.fixture
def many(team, move_all):
    """Fill the workspace's log with 1,200 more events."""
    about = {"target": ("project", uuid4()), "workspace_id": team.workspace["id"]}
    with postgres.transaction() as conn:
        events.record_all(conn, [Event("project.created", None, **about) for _ in range(1200)])
    move_all()


def lines(answer):
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def test_it_holds_every_event_in_the_order_of_the_chain_and_says_that_this_is_all(team, path):
    answer = team.owner.get(path)
    assert answer.mimetype == "application/x-ndjson"
    assert f"audit-{team.workspace['id']}.ndjson" in answer.headers["Content-Disposition"]
    assert "Content-Length" not in answer.headers
    *exported, last = lines(answer)
    assert last == {"export": {"complete": True, "events": 5, "after": 5}}
    assert [event["chain"]["seq"] for event in exported] == [1, 2, 3, 4, 5]
    listed = items(team.owner.get(path.replace("/export", "")))
    assert sorted(listed, key=lambda event: event["chain"]["seq"]) == exported


def test_only_owners_export(team, path):
    assert team.collaborator.get(path).status_code == 403
    assert team.stranger.get(path).status_code == 404


def test_the_next_one_goes_on_with_what_is_new(team, path, move_all):
    after = lines(team.owner.get(path))[-1]["export"]["after"]
    assert lines(team.owner.get(f"{path}?after={after}")) == [
        {"export": {"complete": True, "events": 0, "after": after}}
    ]
    assert team.owner.patch(f"/projects/{team.project['id']}", {"name": "x"}).status_code == 200
    move_all()
    new, last = lines(team.owner.get(f"{path}?after={after}"))
    assert new["action"] == "project.updated"
    assert last["export"]["after"] == after + 1


def test_what_is_numbered_and_not_delivered_is_left_to_the_next_one(team, path):
    assert team.owner.patch(f"/projects/{team.project['id']}", {"name": "x"}).status_code == 200
    assert delivery.number()
    assert lines(team.owner.get(path))[-1]["export"] == {
        "complete": True, "events": 5, "after": 5,
    }  # fmt: skip
    delivery.deliver_oldest()
    assert len(lines(team.owner.get(f"{path}?after=5"))) == 2


def test_filters_hold(team, path):
    *exported, last = lines(team.owner.get(f"{path}?action=member."))
    assert [event["action"] for event in exported] == ["member.added", "member.added"]
    assert last == {"export": {"complete": True, "events": 2, "after": 5}}


def test_a_long_one_goes_on_in_another_answer(team, path, many, monkeypatch):
    monkeypatch.setattr(export, "MOST_EVENTS", 500)
    seen, after = [], 0
    for _ in range(10):
        *exported, last = lines(team.owner.get(f"{path}?after={after}"))
        assert len(exported) == last["export"]["events"] <= 500
        seen += [event["chain"]["seq"] for event in exported]
        after = last["export"]["after"]
        if last["export"]["complete"]:
            break
    assert seen == list(range(1, 1206))


@pytest.mark.parametrize(("name", "bound"), [("MOST_BYTES", 1), ("WITHIN", -1.0)])
def test_bytes_and_seconds_are_bounded_too(team, path, many, monkeypatch, name, bound):
    monkeypatch.setattr(export, name, bound)
    *exported, last = lines(team.owner.get(path))
    assert len(exported) == export.PAGE
    assert last["export"] == {"complete": False, "events": 500, "after": 500}


def test_it_is_read_as_it_is_sent(team, path, many, monkeypatch):
    pages = []
    read = export.verification.documents

    def counted(*args):
        pages.append(args)
        return read(*args)

    monkeypatch.setattr(export.verification, "documents", counted)
    pieces = team.owner.get(path, buffered=False).iter_encoded()
    while not next(pieces):
        pass
    assert len(pages) == 1
    assert sum(1 for _ in pieces)
    assert len(pages) == 3


def test_one_that_breaks_off_does_not_look_whole(team, path, many, stack):
    pieces = team.owner.get(path, buffered=False).iter_encoded()
    got = b""
    while not got:
        got += next(pieces)
    stack.mongo.stop()
    try:
        with pytest.raises(Unavailable):
            got += b"".join(pieces)
    finally:
        stack.mongo.start()
    assert got.count(b"\n") == export.PAGE
    assert b'"complete"' not in got


def test_without_mongodb_there_is_none(team, path, stack):
    stack.mongo.stop()
    try:
        assert team.owner.get(path).status_code == 503
    finally:
        stack.mongo.start()


def rows(answer):
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == "text/csv"
    return list(csv.reader(io.StringIO(answer.text)))


def test_as_csv_every_row_has_the_same_columns_and_the_last_says_that_this_is_all(team, path):
    head, *exported, last = rows(team.owner.get(f"{path}?format=csv"))
    assert tuple(head) == export.COLUMNS
    assert {len(row) for row in [head, *exported, last]} == {len(export.COLUMNS)}
    assert last[:3] == ["# complete", "5 events", "after=5"]
    found = [dict(zip(head, row, strict=True)) for row in exported]
    assert [each["seq"] for each in found] == ["1", "2", "3", "4", "5"]
    assert found[-1]["action"] == "file.created"
    assert json.loads(found[-1]["details"]) == {"path": "notes.md"}
    assert found[-1]["actor_name"] == "Olga"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_no_cell_is_a_formula(team, path, move_all, start):
    formula = f"{start}cmd|' /C calc'!A0"
    about = {"target": ("project", formula), "workspace_id": team.workspace["id"]}
    with postgres.transaction() as conn:
        events.record_all(conn, [Event("project.created", None, **about)])
    move_all()
    *_, row, _last = rows(team.owner.get(f"{path}?format=csv&after=5"))
    assert row[export.COLUMNS.index("target_id")] == f"'{formula}"
    assert not any(cell.startswith(export.FORMULAS) for cell in row)


@pytest.mark.parametrize("query", ["?format=xml", "?after=-1", "?after=x", "?limit=5", "?cursor=x"])
def test_what_is_no_export_is_refused(team, path, query):
    assert team.owner.get(path + query).status_code == 422


def test_what_was_exported_can_be_verified_by_anybody(team, path):
    mark = chain.GENESIS
    *exported, _ = lines(team.owner.get(path))
    for event in exported:
        assert event["chain"]["prev"] == mark
        with mongo.database() as database:
            found = [
                document
                for name in ("project_actions", "job_events")
                for document in database[name].find({"_id": event["id"]})
            ]
        mark = chain.digest_of_document(mark, found[0])
        assert event["chain"]["hash"] == mark

"""Reports of a workspace's activity: counted right, harmless in a spreadsheet, for owners alone."""

import csv
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest

from lib.audit import delivery, queries
from lib.stores import postgres
from worker.handlers.workspace_report import FORMULAS


@pytest.fixture
def reports(team):
    return f"/workspaces/{team.workspace['id']}/reports"


@pytest.fixture
def made(team, reports, eventually):
    """Have a report made, and return its job and its artifact."""

    def make(**body):
        answer = team.owner.post(reports, body)
        assert answer.status_code == 202, answer.text
        where = answer.headers["Location"]

        def over():
            job = team.owner.get(where).get_json()
            return job["state"] in ("succeeded", "failed") and job

        job = eventually(over, 30)
        assert job["state"] == "succeeded", job
        return job, team.owner.get(f"{where}/artifact")

    return make


def test_a_report_counts_what_was_done_by_day_person_and_action(worker, made, team):
    worker()
    for number in range(3):
        body = {"path": f"{number}.md"}
        made_file = team.collaborator.post(f"/projects/{team.project['id']}/files", body)
        assert made_file.status_code == 201
    job, answer = made(format="json")
    assert answer.content_type == "application/json"
    report = answer.get_json()
    today = datetime.now(UTC).date().isoformat()
    by_person = {(c["actor_name"], c["action"]): c["events"] for c in report["counts"]}
    assert by_person == {
        ("Olga", "workspace.created"): 1, ("Olga", "member.added"): 2,
        ("Olga", "project.created"): 1, ("Olga", "file.created"): 1, ("Carl", "file.created"): 3,
    }  # fmt: skip
    assert {c["day"] for c in report["counts"]} == {today}
    assert report["workspace"] == {"id": team.workspace["id"], "name": "Studio"}
    assert report["by_action"][0] == {"action": "file.created", "events": 4}
    people = [(each["id"], each["events"]) for each in report["by_actor"]]
    assert people == [(team.owner.id, 5), (team.collaborator.id, 3)]
    assert report["by_day"][-1] == {"day": today, "events": 8}
    assert len(report["by_day"]) == 31
    assert job["result"] == {"events": 8, "days": 31, "actors": 2, "actions": 4}


def test_a_time_of_ones_own_counts_what_happened_in_it_alone(worker, made, team):
    worker()
    now = datetime.now(UTC)
    _, answer = made(
        since=(now - timedelta(days=3)).isoformat(),
        until=(now - timedelta(days=1)).isoformat(),
        format="json",
    )
    assert [each["events"] for each in answer.get_json()["by_day"]] == [0, 0, 0]
    assert answer.get_json()["counts"] == []


def test_jobs_are_counted_too_and_all_three_formats_come_in_one_zip(
    worker, made, submit, ended, team
):
    worker()
    assert ended(submit("nothing"))["state"] == "succeeded"
    _, answer = made()
    archive = zipfile.ZipFile(io.BytesIO(answer.data))
    names = {name.rpartition(".")[2]: name for name in archive.namelist()}
    assert set(names) == {"json", "csv", "svg"}
    report = json.loads(archive.read(names["json"]))
    lines = list(csv.DictReader(io.StringIO(archive.read(names["csv"]).decode(), newline="")))
    assert [{k: str(v) for k, v in c.items()} for c in report["counts"]] == lines
    assert {"job.submitted", "job.started", "job.succeeded"} < {c["action"] for c in lines}
    drawing = ET.fromstring(archive.read(names["svg"]))  # noqa: S314
    texts = {each.text for each in drawing.iter("{http://www.w3.org/2000/svg}text")}
    assert {"Activity in Studio", "job", "file", "member"} < texts


@pytest.mark.parametrize("sign", [sign for sign in FORMULAS if sign.isprintable()])
def test_a_name_that_is_a_formula_is_none_in_the_csv(worker, made, team, sign):
    worker()
    name = f'{sign}HYPERLINK("http://evil.example","click")'
    assert team.collaborator.patch("/me", {"name": name}).status_code == 200
    body = {"path": "x.md"}
    assert team.collaborator.post(f"/projects/{team.project['id']}/files", body).status_code == 201
    _, answer = made(format="csv")
    assert answer.mimetype == "text/csv"
    lines = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert f"'{name}" in {line["actor_name"] for line in lines}
    assert not any(value.startswith(FORMULAS) for line in lines for value in line.values())


def test_an_svg_holds_a_strange_name_of_the_workspace_as_text(worker, made, team):
    worker()
    name = "<script>alert(1)</script> & 'co'"
    path = f"/workspaces/{team.workspace['id']}"
    assert team.owner.patch(path, {"name": name}).status_code == 200
    _, answer = made(format="svg")
    assert answer.mimetype == "image/svg+xml"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    drawing = ET.fromstring(answer.data)  # noqa: S314
    assert drawing[0].text == f"Activity in {name}"
    assert "<script" not in answer.text


def test_nobody_but_owners_of_the_workspace_has_reports(worker, made, team, reports):
    worker()
    job, _ = made(format="json")
    listed = team.owner.get(reports).get_json()["items"]
    assert [each["id"] for each in listed] == [job["id"]]
    assert listed[0]["project_id"] is None
    with postgres.connection() as conn:
        conn.execute(
            "INSERT INTO project_members (project_id, user_id, role) VALUES (%s, %s, 'owner')",
            [team.project["id"], team.viewer.id],
        )
    for who in (team.collaborator, team.viewer, team.stranger):
        status = 404 if who is team.stranger else 403
        assert who.post(reports, {}).status_code == status
        assert who.get(reports).status_code == status
        assert who.get(f"/jobs/{job['id']}").status_code == 404
        assert who.get(f"/jobs/{job['id']}/artifact").status_code == 404
    project = f"/projects/{team.project['id']}/jobs"
    assert job["id"] not in [each["id"] for each in team.owner.get(project).get_json()["items"]]


def test_a_report_is_in_the_log_of_its_workspace(worker, made, team):
    worker()
    job, _ = made(format="json")
    with postgres.connection() as conn:
        while queries.waiting(conn):
            delivery.move()
    log = team.owner.get(f"/workspaces/{team.workspace['id']}/audit?action=job.").get_json()
    told = {event["action"] for event in log["items"] if event["target"]["id"] == job["id"]}
    assert told == {"job.submitted", "job.started", "job.succeeded"}


def test_a_report_can_not_be_submitted_to_a_project(team, announced):
    body = {"kind": "workspace.report", "payload": {}}
    answer = team.owner.post(f"/projects/{team.project['id']}/jobs", body)
    assert answer.status_code == 422
    assert "workspace.report" not in answer.text


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"since": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, "/until"),
        ({"since": "2026-01-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, "/until"),
        ({"since": "2024-01-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, "/since"),
        ({"until": "0001-01-02T00:00:00+14:00"}, "/until"),
        ({"since": "9999-12-30T00:00:00Z", "until": "9999-12-31T23:59:59-12:00"}, "/since"),
        ({"since": "yesterday"}, "/since"),
        ({"since": "2026-01-01T00:00:00"}, "/since"),
        ({"format": "pdf"}, "/format"),
        ({"days": 3}, "/days"),
    ],
)
def test_a_strange_time_or_format_is_refused_with_a_pointer(team, reports, body, pointer):
    answer = team.owner.post(reports, body)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.get_json()["errors"]] == [pointer]


def test_a_report_waits_for_mongodb_and_is_made_when_it_is_back(
    worker, team, reports, stack, eventually
):
    worker(JOB_RETRY_DELAY="1s")
    stack.mongo.stop()
    try:
        where = team.owner.post(reports, {"format": "csv"}).headers["Location"]
        eventually(lambda: team.owner.get(where).get_json()["state"] == "retrying", 30)
        assert "log store" in team.owner.get(where).get_json()["error"]
    finally:
        stack.mongo.start()
    eventually(lambda: team.owner.get(where).get_json()["state"] == "succeeded", 30)

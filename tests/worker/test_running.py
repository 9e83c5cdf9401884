"""Jobs from submission to their end, run by a real worker."""

import hashlib
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta

import pytest

from lib.bridge import keys
from lib.stores import redis_tcp


def test_a_submitted_job_runs_and_its_way_is_in_the_audit_log(
    worker, submit, ended, team, eventually
):
    worker()
    job = submit("slow", seconds=0.1)
    assert (job["state"], job["attempt"], job["progress"]) == ("queued", 0, 0)
    done = ended(job)
    assert (done["state"], done["result"], done["progress"]) == ("succeeded", {"attempt": 1}, 100)
    assert done["error"] is None
    path = f"/workspaces/{team.workspace['id']}/audit?action=job."
    events = eventually(lambda: len(e := team.owner.get(path).get_json()["items"]) == 3 and e)
    assert [e["action"] for e in events] == ["job.succeeded", "job.started", "job.submitted"]
    assert {e["actor"]["id"] for e in events} == {team.collaborator.id}
    assert {e["target"]["id"] for e in events} == {job["id"]}
    assert len({e["context"]["request_id"] for e in events}) == 1


def test_the_room_hears_of_every_state_and_of_progress(worker, submit, ended, team, eventually):
    worker()
    with redis_tcp.client().pubsub() as room:
        room.subscribe(keys.room(team.project["id"]))
        assert room.get_message(timeout=5)["type"] == "subscribe"
        job = submit("progress")
        heard = []

        def listen():
            message = room.get_message(timeout=1)
            if message:
                heard.append(json.loads(message["data"])["data"])
            return heard and heard[-1]["state"] == "succeeded"

        eventually(listen, 20)
    assert {each["job_id"] for each in heard} == {job["id"]}
    assert [(each["state"], each["progress"]) for each in heard] == [
        ("queued", 0), ("running", 0), ("running", 10), ("running", 50), ("running", 90),
        ("succeeded", 100),
    ]  # fmt: skip
    assert heard[3]["progress_message"] == "at 50"


def test_an_artifact_is_downloaded_under_a_safe_name(worker, submit, ended, team):
    worker()
    job = submit("progress")
    assert team.viewer.get(f"/jobs/{job['id']}/artifact").status_code == 404
    assert ended(job)["state"] == "succeeded"
    answer = team.viewer.get(f"/jobs/{job['id']}/artifact")
    assert (answer.status_code, answer.data.decode()) == (200, "ä")
    disposition = answer.headers["Content-Disposition"]
    assert disposition.startswith("attachment; ")
    assert disposition.endswith("filename*=UTF-8''gr%C3%B6%C3%9Fe_.._a_b.txt")
    assert disposition.count('"') == 2
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_job_that_always_fails_ends_as_failed_with_the_reason(
    worker, submit, ended, mark, marks, events
):
    worker()
    job = ended(submit("refused", mark=str(mark)))
    assert (job["state"], job["attempt"]) == ("failed", 3)
    assert job["error"] == "The other side said no."
    assert marks("ran") == 3
    retries = ["job.started", "job.retrying"] * 2
    assert events(job) == ["job.submitted", *retries, "job.started", "job.failed"]


def test_max_attempts_of_the_submission_counts(worker, submit, ended, mark, marks):
    worker()
    job = ended(submit("refused", mark=str(mark), job={"max_attempts": 1}))
    assert (job["state"], job["attempt"], marks("ran")) == ("failed", 1, 1)


def test_a_transient_failure_succeeds_on_the_second_attempt(worker, submit, ended):
    worker()
    job = ended(submit("transient"))
    assert (job["state"], job["attempt"], job["result"]) == ("succeeded", 2, {"attempt": 2})
    assert job["error"] is None


def test_a_permanent_failure_is_not_tried_again(worker, submit, ended, mark, marks):
    worker()
    job = ended(submit("hopeless", mark=str(mark)))
    assert (job["state"], marks("ran")) == ("failed", 1)
    assert job["error"] == "There is no such thing."


def test_a_kind_says_which_failures_are_permanent_and_how_soon_others_come_back(
    worker, submit, ended, mark, marks
):
    worker(JOB_RETRY_DELAY="1h")
    job = ended(submit("lookup", mark=str(mark)))
    assert (job["state"], marks("ran")) == ("failed", 1)
    assert "KeyError" in job["error"]
    job = ended(submit("eager", mark=str(mark)), 10)
    assert (job["state"], job["attempt"], marks("ran")) == ("failed", 3, 4)


@pytest.mark.parametrize("kind", ["broken", "exits", "unspeakable"])
def test_what_nobody_expects_fails_the_job_and_not_the_worker(worker, submit, ended, kind):
    running = worker()
    job = ended(submit(kind, job={"max_attempts": 1}))
    assert job["state"] == "failed"
    assert job["error"]
    assert "secret" not in job["error"]
    assert ended(submit("nothing"))["state"] == "succeeded"
    assert running.process.poll() is None


def test_a_job_put_off_runs_when_its_time_comes(worker, submit, read, ended, eventually):
    worker()
    later = datetime.now(UTC) + timedelta(seconds=3)
    job = submit("nothing", job={"run_at": later.isoformat()})
    assert ended(submit("nothing"))["state"] == "succeeded"
    assert read(job)["state"] == "queued"
    done = ended(job)
    assert done["state"] == "succeeded"
    assert datetime.fromisoformat(done["started_at"]) >= later


def test_a_project_is_exported_with_a_manifest(worker, submit, ended, team):
    worker()
    project = f"/projects/{team.project['id']}"
    for path, content in (
        ("notes/plan.md", "- plän\n"),
        ("Notes.md", "x"),
        ("manifest.json", "{}"),
    ):
        assert (
            team.owner.post(f"{project}/files", {"path": path, "content": content}).status_code
            < 300
        )
    done = ended(submit("project.export"))
    assert done["state"] == "succeeded", done
    answer = team.viewer.get(f"/jobs/{done['id']}/artifact")
    assert answer.content_type == "application/zip"
    assert 'filename="Launch-2' in answer.headers["Content-Disposition"]
    archive = zipfile.ZipFile(io.BytesIO(answer.data))
    assert archive.read("notes.md") == b"hello"
    assert archive.read("Notes (2).md") == b"x"
    assert archive.read("notes/plan.md").decode() == "- plän\n"
    assert archive.read("manifest (2).json") == b"{}"
    manifest = json.loads(archive.read("manifest.json"))
    assert manifest["project"] == {"id": team.project["id"], "name": "Launch"}
    entry = next(e for e in manifest["files"] if e["path"] == "notes/plan.md")
    assert entry["sha256"] == hashlib.sha256("- plän\n".encode()).hexdigest()
    assert (entry["size"], entry["seq"]) == (8, 0)
    assert done["result"] == {"files": 4, "bytes": 5 + 8 + 1 + 2}


def test_several_workers_share_the_work(worker, submit, ended, team):
    workers = [worker(WORKER_CONCURRENCY="2"), worker(WORKER_CONCURRENCY="2")]
    jobs = [submit("slow", seconds=0.3) for _ in range(20)]
    assert {(ended(job)["state"], ended(job)["attempt"]) for job in jobs} == {("succeeded", 1)}
    ran_by = []
    for job in jobs:
        (row,) = team.viewer.get(f"/jobs/{job['id']}/attempts").get_json()["items"]
        ran_by.append(int(row["worker"].rpartition("-")[2]))
    assert {running.process.pid for running in workers} == set(ran_by)
    assert min(ran_by.count(pid) for pid in set(ran_by)) >= 4


def test_health_tells_how_many_jobs_run(worker, submit, ended, eventually):
    running = worker()
    assert running.health() == {"status": "ok", "running": 0, "late": []}
    job = submit("slow", seconds=1)
    eventually(lambda: running.health()["running"] == 1)
    assert ended(job)["state"] == "succeeded"
    eventually(lambda: running.health()["running"] == 0)

"""Jobs of a project that is deleted: none runs meanwhile, none writes, none comes back."""

from uuid import UUID

import pytest

from lib.jobs import lifecycle
from lib.jobs.lifecycle import Lease, Success
from lib.stores import postgres
from worker.context import Context, LeaseLost


def test_a_running_job_ends_and_a_waiting_one_never_begins(
    worker, submit, ended, team, eventually, mark, marks
):
    running = worker(WORKER_CONCURRENCY="1", JOB_LEASE="2s")
    job = submit("slow", seconds=60, mark=str(mark))
    eventually(lambda: marks("began") == 1, 20)
    waiting = submit("nothing", mark=str(mark))
    project = f"/projects/{team.project['id']}"
    assert team.owner.delete(project).status_code == 204
    eventually(lambda: running.logged("job.lease-lost"), 20)
    assert team.owner.post(f"{project}/restore").status_code == 200
    assert {ended(each)["state"] for each in (job, waiting)} == {"cancelled"}
    assert ended(submit("nothing"))["state"] == "succeeded", "the worker goes on"
    assert (marks("ended"), marks("ran")) == (0, 0)


def test_a_running_job_can_write_nothing_once_its_project_is_deleted(submit, read, team):
    job = submit("nothing")
    with postgres.transaction() as conn:
        (row,) = lifecycle.claim(conn, [UUID(job["id"])], worker="w", kinds=["test.nothing"])
    context, lease = Context(row, timeout=60), Lease(row["id"], row["lease_token"])
    with context.transaction() as conn:
        assert conn.execute("SELECT 1").fetchone()
    assert team.owner.delete(f"/projects/{team.project['id']}").status_code == 204
    with pytest.raises(LeaseLost), context.transaction():
        pytest.fail("the project is in the trash")
    with postgres.transaction() as conn:
        assert lifecycle.succeed(conn, [Success(lease, {"done": 1}, None)]) == set()
        assert lifecycle.progress(conn, lease, 50, "half") is False
        assert lifecycle.fail(conn, lease, 1, "failed", final=True) is None
        assert lifecycle.renew(conn, [lease]) == set()
    assert team.owner.post(f"/projects/{team.project['id']}/restore").status_code == 200
    assert read(job)["state"] == "cancelled"


def test_a_deletion_waits_for_what_a_job_is_writing_and_neither_fails(submit, team, at_once):
    job = submit("nothing")
    with postgres.transaction() as conn:
        (row,) = lifecycle.claim(conn, [UUID(job["id"])], worker="w", kinds=["test.nothing"])
    context = Context(row, timeout=60)

    def act(number):
        if number == 0:
            return team.owner.delete(f"/projects/{team.project['id']}").status_code
        try:
            with context.transaction() as conn:
                conn.execute("SELECT pg_sleep(0.3)")
                conn.execute(
                    "INSERT INTO files (id, project_id, path, content, snapshot)"
                    " VALUES (gen_random_uuid(), %s, 'made.md', '', '')",
                    [team.project["id"]],
                )
            return "written"
        except LeaseLost:
            return "too late"

    deleted, wrote = at_once(2, act)
    assert (deleted, wrote in ("written", "too late")) == (204, True)


def test_a_deletion_and_jobs_that_end_in_any_order_never_wait_in_a_circle(announced, team, at_once):
    path, ended = f"/workspaces/{team.workspace['id']}/projects", []
    for _ in range(6):
        project = team.owner.post(path, {"name": "Busy"}).get_json()["id"]
        body = {"kind": "test.nothing", "payload": {}}
        jobs = [team.owner.post(f"/projects/{project}/jobs", body).get_json() for _ in range(60)]
        with postgres.transaction() as conn:
            ids = [UUID(job["id"]) for job in jobs]
            rows = lifecycle.claim(conn, ids, worker="w", kinds=["test.nothing"])
        leases = sorted((Lease(r["id"], r["lease_token"]) for r in rows), key=lambda x: x.token)
        half = len(leases) // 2

        def act(number, project=project, leases=leases, half=half):
            if number == 0:
                return team.owner.delete(f"/projects/{project}").status_code
            with postgres.transaction() as conn:
                if number == 1:
                    wins = [Success(lease, None, None) for lease in leases[:half]]
                    return len(lifecycle.succeed(conn, wins))
                return len(lifecycle.release(conn, leases[half:]))

        deleted, *counts = at_once(3, act)
        assert deleted == 204
        ended += counts
    assert len(ended) == 12


def test_a_workspace_is_deleted_while_jobs_of_all_its_projects_end_and_nobody_waits_in_a_circle(
    announced, team, at_once
):
    body, counts = {"kind": "test.nothing", "payload": {}}, []
    for _ in range(6):
        workspace = team.owner.post("/workspaces", {"name": "Busy"}).get_json()["id"]
        path = f"/workspaces/{workspace}/projects"
        made = [team.owner.post(path, {"name": name}).get_json()["id"] for name in "abc"]
        jobs = [team.owner.post(f"/projects/{made[n % 3]}/jobs", body) for n in range(30)]
        ids = [UUID(job.get_json()["id"]) for job in jobs]
        with postgres.transaction() as conn:
            rows = lifecycle.claim(conn, ids, worker="w", kinds=["test.nothing"])
        leases = sorted((Lease(r["id"], r["lease_token"]) for r in rows), key=lambda x: x.token)

        def act(number, workspace=workspace, leases=leases):
            if number == 0:
                return team.owner.delete(f"/workspaces/{workspace}").status_code
            with postgres.transaction() as conn:
                if number == 1:
                    wins = [Success(lease, None, None) for lease in leases[:15]]
                    return len(lifecycle.succeed(conn, wins))
                return len(lifecycle.release(conn, leases[15:]))

        deleted, *ended = at_once(3, act)
        assert deleted == 204
        counts += ended
    assert len(counts) == 12

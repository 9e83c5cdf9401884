"""Jobs from submission to their end, run by a real worker."""


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

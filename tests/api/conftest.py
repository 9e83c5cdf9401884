"""What a walk through all routes needs: a job kind, and the id of one thing of each sort."""

import pytest

from lib.stores import postgres
from tests.api.walk import KIND, invitation, own_ids, schedules, upload, webhook


@pytest.fixture
def job_kind(stack):
    with postgres.connection() as conn:
        conn.execute(
            """
            INSERT INTO job_kinds (kind, title, payload_schema, max_attempts)
            VALUES (%s, 'Nothing', '{"type": "object"}', 1) ON CONFLICT DO NOTHING
            """,
            [KIND],
        )


@pytest.fixture
def ids(team, job_kind):
    job = team.collaborator.post(
        f"/projects/{team.project['id']}/jobs", {"kind": KIND, "payload": {}}
    )
    assert job.status_code == 202, job.text
    return (
        {
            "workspace_id": team.workspace["id"],
            "project_id": team.project["id"],
            "file_id": team.file["id"],
            "job_id": job.get_json()["id"],
            "upload_id": upload(team.collaborator, team.project["id"]),
            "user_id": team.collaborator.id,
        }
        | schedules(team)
        | invitation(team)
        | webhook(team)
        | own_ids(team.owner)
    )

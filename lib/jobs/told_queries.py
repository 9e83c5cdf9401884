"""SQL of telling what became of jobs: the end of each statement by which a worker changes some.

The statement has the changed jobs in `changed`, each as a `told`, and calls the function tell_jobs:
what it writes has the form of lib.jobs.telling, which is for changes that people make.
"""

from __future__ import annotations

from typing import Any

from lib.ids import new_stem

# Of a changed job `j`, for RETURNING: the type told_job.
TOLD = """
(j.id, j.workspace_id, j.project_id, j.kind, j.state, j.attempt, j.max_attempts, j.progress,
 j.progress_message, j.error, j.request_id, j.created_by, j.cancel_requested_at)::told_job AS told
"""


def telling(columns: str, named: str | None = None, worker: str = "NULL") -> str:
    """Return the end of a statement: it tells of `changed`, and returns these columns of it.

    With them come each job's `project_id`, and the `message` to its room, if it has one. The action
    is the job's state, but of jobs that go on it may be `named`. `stem` is a parameter. Rooms are
    locked: no transaction has two of these, and nothing is locked after it.
    """
    action = f"'{named}'" if named else "NULL"
    return f"""
        SELECT {columns}, (told).project_id, message
        FROM changed LEFT JOIN tell_jobs(
            ARRAY(SELECT told FROM changed ORDER BY (told).id), {action}, {worker}, %(stem)s
        ) ON job_id = (told).id
    """  # noqa: S608


def stemmed(**params: Any) -> dict[str, Any]:
    """Return the parameters of a statement that tells."""
    return params | {"stem": new_stem()}

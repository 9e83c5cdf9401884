"""The one huey task: run the job whose id the message carries. What kind it is says the job."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from huey import Huey

from lib.jobs.lifecycle import Row


def register(queue: Huey, run: Callable[[UUID, Row | None], None]) -> None:
    """Have `queue` run jobs with `run`, as the task `worker.tasks.run_job`."""

    def run_job(job_id: UUID | str, row: Row | None = None) -> None:
        run(UUID(str(job_id)), row)

    queue.task(name="run_job")(run_job)  # never renamed: messages in the queue carry it

"""The one huey task: run the job whose id the message carries. What kind it is says the job."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from lib import logs
from worker.queue import Queue


def register(queue: Queue, run: Callable[[UUID], None]) -> None:
    """Have `queue` run jobs with `run`, as the task `worker.tasks.run_job`."""

    def run_job(job_id: str) -> None:
        try:
            identity = UUID(job_id)
        except (ValueError, TypeError, AttributeError):
            logs.warning("queue.unreadable", reason="not a job id")
            return
        run(identity)

    queue.task(name="run_job")(run_job)  # never renamed: messages in the queue carry it

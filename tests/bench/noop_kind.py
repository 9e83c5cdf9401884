"""The job kind of the benchmark: nothing, so that what is measured is everything around it."""

from worker.kinds import job_kind


@job_kind("bench.nothing", title="Nothing", isolated=False)
def nothing(_job):
    pass

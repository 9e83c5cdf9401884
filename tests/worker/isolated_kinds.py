"""Isolated job kinds for the tests: what a process of its own has to contain."""

import os
import signal
import sys
import time
from importlib import import_module

from lib.errors import Conflict
from lib.jobs import lifecycle
from lib.stores import postgres
from tests.worker.example_kinds import Payload, leave_mark
from worker.kinds import PermanentFailure, job_kind


@job_kind("alone.nothing", title="Nothing", payload=Payload)
def nothing(job):
    leave_mark(job, "ran")
    return {"pid": os.getpid()}


@job_kind("alone.slow", title="Takes its time", payload=Payload)
def slow(job):
    leave_mark(job, "began")
    ends = time.monotonic() + job.payload["seconds"]
    while time.monotonic() < ends:
        job.check()
        time.sleep(0.01)
    leave_mark(job, "ended")
    return {"attempt": job.attempt}


@job_kind("alone.stubborn", title="Looks at nothing while it works", payload=Payload)
def stubborn(job):
    leave_mark(job, "began")
    time.sleep(job.payload["seconds"])
    leave_mark(job, "ended")


@job_kind("alone.endless", title="Never comes back", payload=Payload, max_attempts=2, timeout=1)
def endless(job):
    leave_mark(job, "began")
    time.sleep(60)


@job_kind("alone.hungry", title="Allocates without bound", payload=Payload, max_attempts=1)
def hungry(job):
    held = []
    while True:
        held.append(bytearray(16 * 1024 * 1024))


@job_kind("alone.exits", title="Ends its process", payload=Payload, max_attempts=2)
def exits(job):
    leave_mark(job, "ran")
    os._exit(7)


@job_kind("alone.deadly", title="Kills its process", payload=Payload, max_attempts=2)
def deadly(job):
    leave_mark(job, "ran")
    os.kill(os.getpid(), signal.SIGKILL)


@job_kind("alone.unwritable", title="Returns what is not JSON", payload=Payload, max_attempts=1)
def unwritable(job):
    return {"it": object()}


@job_kind("alone.unimportable", title="Needs what is not there", payload=Payload, max_attempts=1)
def unimportable(job):
    import_module("tests.worker.raises_at_import")


@job_kind("alone.talkative", title="Prints garbage", payload=Payload)
def talkative(job):
    for number in range(1000):
        print('{"action": "job.ended", "forged":', number, "\x1b[2J")
    os.write(1, b'{"action": "forged"}\n' * 100)
    os.write(2, b"\xff\xfe garbage\n")
    sys.stderr.write("one line\n")
    return {"done": True}


@job_kind("alone.meddling", title="Writes into every open file", payload=Payload, max_attempts=1)
def meddling(job):
    for number in range(3, 64):
        try:
            os.write(number, b"\x00\x00\x00\x04junk")
        except OSError:
            continue
    time.sleep(0.5)


@job_kind("alone.everything", title="Uses all of its context", payload=Payload)
def everything(job):
    with job.conn() as conn:
        project = conn.execute("SELECT name FROM projects WHERE id = %s", [job.project_id])
        name = project.fetchone()["name"]
    for percent in (10, 60):
        job.progress(percent, f"at {percent}")
        time.sleep(0.25)
    with job.transaction() as conn:
        conn.execute("UPDATE projects SET description = 'alone' WHERE id = %s", [job.project_id])
        job.progress(90, "within")
    job.artifact("all.bin", "application/octet-stream", bytes(range(256)) * 20_000)
    return {"name": name, "attempt": job.attempt}


@job_kind("alone.refused", title="Refused", payload=Payload)
def refused(job):
    leave_mark(job, "ran")
    raise PermanentFailure("There is no such thing.")


@job_kind("alone.transient", title="Works the second time", payload=Payload)
def transient(job):
    if job.attempt == 1:
        raise Conflict("Not just now.")
    return {"attempt": job.attempt}


@job_kind("alone.fenced", title="Writes after it lost its lease", payload=Payload, max_attempts=1)
def fenced(job):
    with postgres.transaction() as conn:
        lifecycle.release(conn, [job.lease], delay=3600)
    leave_mark(job, "released")
    with job.transaction() as conn:
        conn.execute("UPDATE projects SET description = 'late' WHERE id = %s", [job.project_id])
        leave_mark(job, "wrote")

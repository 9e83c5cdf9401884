"""Job kinds for the tests: what goes well, badly, and very badly."""

import os
import signal
import time
from pathlib import Path

from marshmallow import fields, validate

from lib.errors import Conflict
from lib.schemas import Strict
from worker.context import Context
from worker.kinds import PermanentFailure, job_kind


class Item(Strict):
    sku = fields.String(required=True)
    count = fields.Integer(load_default=1, validate=validate.Range(min=1, max=9))


class Payload(Strict):
    """What most of them take: where to leave a mark, and how long to take."""

    mark = fields.String(load_default="")
    seconds = fields.Float(load_default=0, validate=validate.Range(min=0, max=600))
    items = fields.List(fields.Nested(Item), load_default=list)
    text = fields.String(load_default="", validate=validate.Length(max=20))


def leave_mark(job: Context, what: str) -> None:
    """Add a line to the file that the test reads: this attempt got so far."""
    if job.payload["mark"]:
        with Path(job.payload["mark"]).open("a") as file:
            file.write(f"{what} {job.job_id} {job.attempt} {os.getpid()}\n")


@job_kind("test.nothing", title="Nothing", payload=Payload)
def nothing(job):
    leave_mark(job, "ran")


@job_kind("test.slow", title="Takes its time", payload=Payload)
def slow(job):
    leave_mark(job, "began")
    ends = time.monotonic() + job.payload["seconds"]
    while time.monotonic() < ends:
        job.check()
        time.sleep(0.01)
    leave_mark(job, "ended")
    return {"attempt": job.attempt}


@job_kind("test.stubborn", title="Looks at nothing while it works", payload=Payload)
def stubborn(job):
    leave_mark(job, "began")
    time.sleep(job.payload["seconds"])
    leave_mark(job, "ended")
    return {"attempt": job.attempt}


@job_kind("test.endless", title="Never comes back", payload=Payload, max_attempts=2, timeout=1)
def endless(job):
    leave_mark(job, "began")
    time.sleep(60)


@job_kind("test.refused", title="Always refused", payload=Payload)
def refused(job):
    leave_mark(job, "ran")
    raise Conflict("The other side said no.")


@job_kind("test.broken", title="Raises what nobody expects", payload=Payload)
def broken(job):
    raise RuntimeError("secret-connection-string")


@job_kind("test.transient", title="Works the second time", payload=Payload)
def transient(job):
    leave_mark(job, "ran")
    if job.attempt == 1:
        raise Conflict("Not just now.")
    return {"attempt": job.attempt}


@job_kind("test.hopeless", title="Can't work", payload=Payload)
def hopeless(job):
    leave_mark(job, "ran")
    raise PermanentFailure("There is no such thing.")


@job_kind("test.deadly", title="Kills its worker", payload=Payload, max_attempts=2)
def deadly(job):
    leave_mark(job, "ran")
    os.kill(os.getpid(), signal.SIGKILL)


@job_kind("test.exits", title="Calls sys.exit", payload=Payload, max_attempts=1)
def exits(job):
    raise SystemExit(3)


@job_kind("test.unspeakable", title="Returns what can't be stored", payload=Payload, max_attempts=1)
def unspeakable(job):
    return {"text": "\0"}


@job_kind("test.progress", title="Tells how far it is", payload=Payload)
def progress(job):
    for percent in (10, 50, 90):
        job.progress(percent, f"at {percent}")
        time.sleep(0.25)
    job.artifact('größe/..\\a"b.txt', "text/plain", "ä".encode())
    return {"done": True}


@job_kind("test.writes", title="Writes into its project", payload=Payload)
def writes(job):
    with job.transaction() as conn:
        leave_mark(job, "began")
        conn.execute("SELECT pg_sleep(%s)", [job.payload["seconds"]])
        conn.execute("UPDATE projects SET description = 'written' WHERE id = %s", [job.project_id])


@job_kind("test.tireless", title="Takes its time, often", payload=Payload, max_attempts=20)
def tireless(job):
    return slow(job)


@job_kind("test.talks", title="Says what it does", payload=Payload)
def talks(job):
    job.log("begins")
    job.log("\0 is left out, \ud800 is not")
    with job.transaction():
        job.log("goes on in a transaction")
    time.sleep(job.payload["seconds"])
    if job.attempt == 1:
        raise Conflict("Not just now.")
    job.log("ends")


@job_kind("test.chatters", title="Says too much", payload=Payload)
def chatters(job):
    for number in range(1500):
        job.log(f"line {number}")
    return {"said": 1500}


@job_kind("test.shouts", title="Says it at length", payload=Payload)
def shouts(job):
    for _ in range(400):
        job.log("a" * 5000)

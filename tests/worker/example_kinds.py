"""Job kinds for the tests: what goes well, badly, and very badly."""

import os
import signal
import time
from functools import partial
from pathlib import Path

from marshmallow import fields, validate

from lib.errors import Conflict
from lib.schemas import Strict
from worker.context import Context
from worker.kinds import PermanentFailure, job_kind

on_thread = partial(job_kind, isolated=False)


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


@on_thread("test.nothing", title="Nothing", payload=Payload)
def nothing(job):
    leave_mark(job, "ran")


@on_thread("test.slow", title="Takes its time", payload=Payload)
def slow(job):
    leave_mark(job, "began")
    ends = time.monotonic() + job.payload["seconds"]
    while time.monotonic() < ends:
        job.check()
        time.sleep(0.01)
    leave_mark(job, "ended")
    return {"attempt": job.attempt}


@on_thread("test.stubborn", title="Looks at nothing while it works", payload=Payload)
def stubborn(job):
    leave_mark(job, "began")
    time.sleep(job.payload["seconds"])
    leave_mark(job, "ended")
    return {"attempt": job.attempt}


@on_thread("test.endless", title="Never comes back", payload=Payload, max_attempts=2, timeout=1)
def endless(job):
    leave_mark(job, "began")
    time.sleep(60)


@on_thread("test.falls", title="Fails after a while", payload=Payload)
def falls(job):
    leave_mark(job, "began")
    time.sleep(job.payload["seconds"])
    raise Conflict("Not this time.")


@on_thread("test.refused", title="Always refused", payload=Payload)
def refused(job):
    leave_mark(job, "ran")
    raise Conflict("The other side said no.")


@on_thread("test.broken", title="Raises what nobody expects", payload=Payload)
def broken(job):
    raise RuntimeError("secret-connection-string")


@on_thread("test.transient", title="Works the second time", payload=Payload)
def transient(job):
    leave_mark(job, "ran")
    if job.attempt == 1:
        raise Conflict("Not just now.")
    return {"attempt": job.attempt}


@on_thread("test.hopeless", title="Can't work", payload=Payload)
def hopeless(job):
    leave_mark(job, "ran")
    raise PermanentFailure("There is no such thing.")


@on_thread(
    "test.lookup", title="Looks for what is not there", payload=Payload, permanent=(LookupError,)
)
def lookup(job):
    leave_mark(job, "ran")
    return {}["missing"]


@on_thread("test.eager", title="Comes back at once", payload=Payload, retry_delay=0)
def eager(job):
    leave_mark(job, "ran")
    raise Conflict("Not just now.")


@on_thread("test.deadly", title="Kills its worker", payload=Payload, max_attempts=2)
def deadly(job):
    leave_mark(job, "ran")
    os.kill(os.getpid(), signal.SIGKILL)


@on_thread("test.exits", title="Calls sys.exit", payload=Payload, max_attempts=1)
def exits(job):
    raise SystemExit(3)


@on_thread(
    "test.unspeakable", title="Returns what can't be stored", payload=Payload, max_attempts=1
)
def unspeakable(job):
    return {"text": "\0"}


@on_thread("test.progress", title="Tells how far it is", payload=Payload)
def progress(job):
    for percent in (10, 50, 90):
        job.progress(percent, f"at {percent}")
        time.sleep(0.25)
    job.artifact('größe/..\\a"b.txt', "text/plain", "ä".encode())
    return {"done": True}


@on_thread("test.writes", title="Writes into its project", payload=Payload)
def writes(job):
    with job.transaction() as conn:
        leave_mark(job, "began")
        conn.execute("SELECT pg_sleep(%s)", [job.payload["seconds"]])
        conn.execute("UPDATE projects SET description = 'written' WHERE id = %s", [job.project_id])


@on_thread("test.effect", title="Writes down that it ran", payload=Payload)
def effect(job):
    write_effect(job)


@job_kind("alone.effect", title="Writes down that it ran", payload=Payload)
def effect_alone(job):
    write_effect(job)


def write_effect(job: Context) -> None:
    """Leave a row in the table of the test, under the lease, and take some time over it."""
    with job.transaction() as conn:
        time.sleep(job.payload["seconds"])
        conn.execute(
            "INSERT INTO test_effects (job_id, attempt, at) VALUES (%s, %s, clock_timestamp())",
            [job.job_id, job.attempt],
        )


@on_thread("test.tireless", title="Takes its time, often", payload=Payload, max_attempts=20)
def tireless(job):
    return slow(job)


@on_thread("test.talks", title="Says what it does", payload=Payload)
def talks(job):
    job.log("begins")
    job.log("\0 is left out, \ud800 is not")
    with job.transaction():
        job.log("goes on in a transaction")
    time.sleep(job.payload["seconds"])
    if job.attempt == 1:
        raise Conflict("Not just now.")
    job.log("ends")


@on_thread("test.chatters", title="Says too much", payload=Payload)
def chatters(job):
    for number in range(1500):
        job.log(f"line {number}")
    return {"said": 1500}


@on_thread("test.shouts", title="Says it at length", payload=Payload)
def shouts(job):
    for _ in range(400):
        job.log("a" * 5000)

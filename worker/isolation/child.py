"""The process of an isolated job: it takes one job after another from its worker, and runs it.

It is forked from a clean process and opens its own connections to the stores. It ends with its
worker, however that ended.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from multiprocessing.connection import Connection
from queue import SimpleQueue
from threading import Thread

from lib import logs
from lib.config import settings
from lib.stores import postgres, redis
from worker import attempt, kinds
from worker.context import Context
from worker.isolation import wire
from worker.isolation.printed import Printed

CONNECTIONS = 2  # to Postgres: a handler's transaction, and one beside it
READY = {"ready": True}


def main(link: Connection, memory: int) -> None:
    """Run what the worker at the other end of `link` sends, with at most `memory` bytes of data."""
    for number in (signal.SIGINT, signal.SIGTERM):  # a terminal's are for the worker: it decides
        signal.signal(number, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # payloads are not left in files
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    printed = _redirect()
    redis.use_tcp()
    postgres.pool_size(CONNECTIONS)
    known = kinds.discover(settings().worker_handlers)
    jobs: SimpleQueue[Context] = SimpleQueue()
    Thread(target=_listen, args=(link, jobs), name="listener", daemon=True).start()
    wire.send(link, READY)
    while True:
        context = jobs.get()
        logs.request_id.set(context.request_id)
        printed.begin(context)
        wire.send_ending(link, attempt.run(known[context.kind], context))


def _listen(link: Connection, jobs: SimpleQueue[Context]) -> None:
    # In one thread, so that word to stop is for the job that it was sent after.
    context = None
    try:
        while True:
            told = wire.receive(link)
            if told["do"] == "run":
                context = wire.context(told)
                jobs.put(context)
            elif context:
                context.stop(told["why"])
    finally:
        os._exit(1)  # the worker is gone: another one has the job, or will have it


def _redirect() -> Printed:
    # The log keeps the worker's standard output; what handlers write there is no line of ours.
    logs_to = os.fdopen(os.dup(1), "w", buffering=1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    sys.stdout = logs_to
    logs.configure(settings().log_level)
    sys.stdout = sys.stderr = printed = Printed()
    return printed

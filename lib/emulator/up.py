"""`make up`: the whole system on this machine, with one table of addresses, until Ctrl-C."""

import fcntl
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event

from lib.emulator import addresses, environment
from lib.emulator.console import Console
from lib.emulator.environment import Given, SetupError
from lib.emulator.service import Service, ServiceProcess, StartError
from lib.emulator.services import MIGRATE, bridge, services
from lib.emulator.stores.mongo import MongoServer
from lib.emulator.stores.postgres import PostgresServer
from lib.emulator.stores.redis import RedisServer
from lib.emulator.stores.server import Server, StoreError
from lib.emulator.supervisor import Supervisor

ROOT = Path(__file__).resolve().parents[2]
EMBEDDED = (  # the variables that replace an embedded store, its class, folder, port and variable
    (
        ("DATABASE_URL", "PG_HOST"),
        PostgresServer,
        "postgres",
        "LOCAL_POSTGRES_PORT",
        "DATABASE_URL",
    ),
    (("REDIS_URL", "REDIS_HOST"), RedisServer, "redis", "LOCAL_REDIS_PORT", "REDIS_URL"),
    (("MONGO_URI",), MongoServer, "mongo", "LOCAL_MONGO_PORT", "MONGO_URI"),
)
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

ServiceTable = Callable[[Mapping[str, str]], Sequence[Service]]


def main(_arguments: list[str]) -> int:
    """Run everything until a signal; 0 after a clean stop, 1 when it could not start."""
    return run(services, MIGRATE)


def run(table: ServiceTable, migrate: Service) -> int:
    """Run the stores, then `migrate` to its end, then the services that `table` returns."""
    started = time.monotonic()
    stopping = Event()
    for number in STOP_SIGNALS:
        signal.signal(number, lambda *_: stopping.set())
    try:
        given = environment.read(ROOT)
        with _only_copy(given.local), closing(Console(given.local / "up.log")) as console:
            Copy(given, console, stopping).run(table, migrate, started)
    except (SetupError, StartError, StoreError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


class Copy:
    """One running copy of the system, with data and ports of its own."""

    def __init__(self, given: Given, console: Console, stopping: Event) -> None:
        environment.refuse_taken(_needed_ports(given))
        self._given = given
        self._console = console
        self._stopping = stopping
        self._supervisor = Supervisor(console, stopping)
        self._stores = list(_embedded(given).values())
        self._env = for_this_copy(given)

    def run(self, table: ServiceTable, migrate: Service, started: float) -> None:
        """Start everything, keep it running until told to stop, and stop it in reverse order."""
        self._console.say("starting; Ctrl-C stops everything")
        try:
            self._supervisor.start([*self._stores, *self._bridge()])
            self._migrate(migrate)
            self._supervisor.start([self._process(service) for service in table(self._env)])
            with addresses.published(self._env, self._given.local):
                self._tell(started)
                self._supervisor.keep_running()
        finally:
            self._console.say("stopping")
            self._supervisor.stop()
            self._console.say("stopped")

    def _bridge(self) -> list[ServiceProcess]:
        given = self._given.has("UPSTASH_REDIS_REST_URL")
        return [] if given else [self._process(bridge(self._env))]

    def _process(self, service: Service) -> ServiceProcess:
        return ServiceProcess(service, self._env, ROOT, self._console, self._stopping)

    def _migrate(self, service: Service) -> None:
        process = self._process(service)
        try:
            process.start()
            status = process.wait()
        finally:
            process.stop()
        if status:
            raise StartError(f"The migrations failed (status {status}): the lines above say why.")

    def _tell(self, started: float) -> None:
        if not self._stopping.is_set():
            self._console.table(addresses.rows(self._env, self._given.local / "up.log"))
            self._console.say(f"ready in {time.monotonic() - started:.1f} s")


def for_this_copy(given: Given) -> dict[str, str]:
    """Return the environment of every program of this copy."""
    embedded = _embedded(given)
    return environment.for_children(given, {name: s.url for name, s in embedded.items()})


def _embedded(given: Given) -> dict[str, Server]:
    """Return the stores to start, by the variable that tells the others their address."""
    numbers = given.ports
    return {
        variable: server(given.local / folder, numbers[port])
        for replacements, server, folder, port, variable in EMBEDDED
        if not given.has(*replacements)
    }


def _needed_ports(given: Given) -> dict[str, int]:
    unused = {port for replacements, _, _, port, _ in EMBEDDED if given.has(*replacements)}
    if given.has("UPSTASH_REDIS_REST_URL"):
        unused.add("UPSTASH_PORT")
    if given.has("SMTP_URL"):
        unused |= {"MAIL_PORT", "MAIL_SMTP_PORT"}
    return {name: port for name, port in given.ports.items() if name not in unused}


@contextmanager
def _only_copy(local: Path) -> Iterator[None]:
    """Hold the lock of a data folder; raises SetupError when another copy runs on it."""
    local.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (local / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise SetupError(
                f"It already runs on {local} (process {lock.read().strip()}): stop that one first, "
                "or start this one with LOCAL_DIR and PORT of its own."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield

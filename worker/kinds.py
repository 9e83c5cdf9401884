"""Job kinds: one decorated function each, found in the packages that WORKER_HANDLERS names."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

from marshmallow import Schema

from lib.errors import AppError
from lib.jobs import kinds
from lib.jobs.lifecycle import MAX_RETRY_DELAY, PATIENT, Backoff
from lib.schemas import Strict

if TYPE_CHECKING:
    from lib.stores.connection import Connection
    from worker.context import Context

MAX_ATTEMPTS = 3
TIMEOUT = 900  # seconds after which an attempt counts as stuck

Handler = Callable[["Context"], "dict[str, Any] | None"]


class PermanentFailure(AppError):
    """What a handler raises when trying again can't help; the detail is shown with the job."""

    status, type, title = 422, "job-failed", "The job can not be done"


@dataclass(frozen=True, slots=True)
class Kind:
    """What a worker can do: the handler, the schema of its payload, and its limits."""

    name: str
    title: str
    payload: type[Schema]
    handler: Handler
    max_attempts: int
    timeout: float
    internal: bool = False
    isolated: bool = True
    permanent: tuple[type[Exception], ...] = ()
    backoff: Backoff = PATIENT

    def tries(self, job: dict[str, Any]) -> int:
        """Return the so many-th attempt this is since the job was submitted, or retried by hand.

        A retry gives as many attempts again as the kind has, while their numbers go on.
        """
        left: int = job["max_attempts"] - job["attempt"]
        return max(1, min(job["attempt"], self.max_attempts - left))

    def payload_schema(self) -> dict[str, Any]:
        """Return the payload's schema as JSON Schema (2020-12), nested ones inline."""
        from apispec import APISpec
        from apispec.ext.marshmallow import MarshmallowPlugin

        plugin = MarshmallowPlugin(schema_name_resolver=lambda _: "")
        APISpec("", "", "3.1.0", plugins=[plugin])
        return plugin.converter.schema2jsonschema(self.payload())  # type: ignore[union-attr]


class NoPayload(Strict):
    """The payload of a kind that takes none."""


def job_kind(
    name: str,
    *,
    title: str,
    payload: type[Schema] = NoPayload,
    max_attempts: int = MAX_ATTEMPTS,
    timeout: float = TIMEOUT,
    internal: bool = False,
    isolated: bool = True,
    permanent: tuple[type[Exception], ...] = (),
    retry_delay: float | None = None,
    max_retry_delay: float = MAX_RETRY_DELAY,
) -> Callable[[Handler], Handler]:
    """Make a function the handler of job kind `name`.

    It gets a Context and returns a JSON object, the job's result, or None. It may run more than
    once, so what it does twice must come to the same. An attempt that takes longer than `timeout`
    seconds has failed. An `internal` kind is submitted by the system alone, never over the API.

    An `isolated` one runs in a process of its own: it is killed when its time is over or when it
    does not react to being cancelled, may use so much memory and no more, and takes nobody with it
    when it dies. That is the default, because only who knows a handler can say that it needs none
    of this: one that is short, waits for little but a bounded network call, and loads nothing whose
    size others decide. Such a one costs less on a thread of the worker, with `isolated=False`, but
    keeps that thread until it ends, though it is cancelled or over its time.

    A failed attempt is followed by another after a random time of at most `retry_delay` seconds
    (JOB_RETRY_DELAY unless given), which doubles each time up to `max_retry_delay`, and begins anew
    when somebody retries the job; not after PermanentFailure, or an exception of one of the
    `permanent` types.
    """

    def decorate(handler: Handler) -> Handler:
        kind = Kind(
            name, title, payload, handler, max_attempts, timeout, internal, isolated, permanent,
            Backoff(retry_delay, max_retry_delay),
        )  # fmt: skip
        handler.kind = kind  # type: ignore[attr-defined]
        return handler

    return decorate


def discover(modules: Iterable[str]) -> dict[str, Kind]:
    """Import modules, and what packages contain, and return their kinds by name.

    Raises ValueError when two have the same name.
    """
    found: dict[str, Kind] = {}
    for module in (each for name in modules for each in _import(name)):
        for value in vars(module).values():
            kind = getattr(value, "kind", None)
            if not isinstance(kind, Kind) or kind is found.get(kind.name):
                continue
            if kind.name in found:
                raise ValueError(f"There are two handlers of the job kind {kind.name}.")
            found[kind.name] = kind
    return found


def announce(conn: Connection, known: Mapping[str, Kind]) -> None:
    """Tell the functions, which can't import this, what may be submitted."""
    for kind in known.values():
        schema = kind.payload_schema()
        kinds.announce(
            conn, kind.name, kind.title, schema, kind.max_attempts, internal=kind.internal
        )


def _import(name: str) -> list[ModuleType]:
    module = importlib.import_module(name)
    inner = pkgutil.walk_packages(getattr(module, "__path__", ()), f"{name}.")
    return [module, *(importlib.import_module(info.name) for info in inner)]

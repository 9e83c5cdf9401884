"""Stacks for native code that goes into what is nested by calling itself.

Documents may nest as deep as they are long. What an ordinary stack does not hold ends the process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from threading import stack_size
from typing import Concatenate, ParamSpec, TypeVar

STACK = 256 * 1024 * 1024  # bytes of address space, of which only what is used takes memory
SHALLOW = 64 * 1024  # bytes of a document that an ordinary stack of 8 MiB holds twice over

Updates = Sequence[bytes]
P = ParamSpec("P")
R = TypeVar("R")


@contextmanager
def stacks() -> Iterator[None]:
    """Give threads that are started meanwhile a deep stack."""
    usual = stack_size(STACK)
    try:
        yield
    finally:
        stack_size(usual)


def deeply(function: Callable[Concatenate[Updates, P], R]) -> Callable[Concatenate[Updates, P], R]:
    """Run a function of a document on a thread with a deep stack, if the document is long."""

    @wraps(function)
    def run(updates: Updates, *args: P.args, **kwargs: P.kwargs) -> R:
        if sum(map(len, updates)) < SHALLOW:
            return function(updates, *args, **kwargs)
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(1) as pool:
            with stacks():
                done = pool.submit(function, updates, *args, **kwargs)
            return done.result()

    return run

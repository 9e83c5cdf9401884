"""Passwords: argon2id, with bounded memory however many people log in at once."""

from __future__ import annotations

import unicodedata
from functools import cache
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argon2 import PasswordHasher

# OWASP Password Storage Cheat Sheet: at least 19 MiB, two passes, one lane.
MEMORY = 19 * 1024  # KiB
PASSES = 2
LANES = 1
AT_ONCE = 4  # hashes computed at the same time in one process: 76 MiB at most

_slots = BoundedSemaphore(AT_ONCE)


def normalised(password: str) -> str:
    """Return `password` as it is hashed: the same, however a keyboard composes its letters."""
    return unicodedata.normalize("NFKC", password)


def digest(password: str) -> str:
    """Return the argon2id hash of `password`, with its salt and parameters in the text."""
    with _slots:
        return _hasher().hash(normalised(password))


def matches(stored: str | None, password: str) -> bool:
    """Return whether `password` is the one behind `stored`.

    With None, for an account that does not exist, the same work is done and the answer is no: the
    time taken does not tell which accounts there are.
    """
    from argon2.exceptions import InvalidHashError, VerificationError

    with _slots:
        try:
            _hasher().verify(stored or _nobody(), normalised(password))
        except (VerificationError, InvalidHashError):
            return False
    return stored is not None


def outdated(stored: str) -> bool:
    """Return whether `stored` was made with other parameters than today's."""
    return _hasher().check_needs_rehash(stored)


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=PASSES, memory_cost=MEMORY, parallelism=LANES)


@cache
def _nobody() -> str:
    return _hasher().hash("the password of nobody")

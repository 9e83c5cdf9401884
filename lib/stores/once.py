"""What a process opens at its first use: one of it, however many threads come first at once."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

Made = TypeVar("Made")


class Once(Generic[Made]):
    """Makes a thing when it is first asked for; functools.cache would let each thread make one."""

    def __init__(self, make: Callable[[], Made]) -> None:
        self._make = make
        self._made: Made | None = None
        self._making = Lock()

    def __call__(self) -> Made:
        """Return the thing; raises what making it raises, and then tries again the next time."""
        if (made := self._made) is None:
            with self._making:
                if (made := self._made) is None:
                    made = self._made = self._make()
        return made

    def forget(self) -> Made | None:
        """Return the thing, if there is one, and make another when it is asked for again."""
        with self._making:
            made, self._made = self._made, None
            return made

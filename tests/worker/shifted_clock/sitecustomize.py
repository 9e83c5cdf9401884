"""For a worker whose clock is wrong: found on PYTHONPATH, it shifts the time that Python tells."""

import datetime
import os
import time

SHIFT = float(os.environ.get("CLOCK_SHIFT", "0"))  # seconds

_time, _time_ns = time.time, time.time_ns


class Shifted(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(_time() + SHIFT, tz)

    @classmethod
    def utcnow(cls):
        return cls.now(datetime.UTC).replace(tzinfo=None)


if SHIFT:
    time.time = lambda: _time() + SHIFT
    time.time_ns = lambda: _time_ns() + int(SHIFT * 1e9)
    datetime.datetime = Shifted

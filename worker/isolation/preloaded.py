"""What every process of a job needs, imported once, by the server that they are forked from."""

import logging

import worker.isolation.child  # noqa: F401
from lib.config import settings
from worker import kinds

try:
    kinds.discover(settings().worker_handlers)
except Exception:
    logging.getLogger(__name__).exception("A handler can't be imported.")

"""The reference as schemathesis reads it, and how much it sends: FUZZ_EXAMPLES for each operation.

They are the same ones each time, unless the reference changes.
"""

import os
from pathlib import Path

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig

from lib.emulator.vercel import Dispatcher

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES") or 50)
STEPS = 10  # of a sequence
SETTINGS = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
schemathesis.serializer.alias("application/zip", "application/octet-stream")
CONFIG = SchemathesisConfig.from_path(Path(__file__).with_name("schemathesis.toml"))
REFERENCE = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", Dispatcher(), config=CONFIG)

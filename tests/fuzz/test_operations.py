"""Every operation of the reference, with input of all sorts made from its schemas, as every caller."""

import json, os
from pathlib import Path

import schemathesis
from schemathesis.checks import CHECKS
from schemathesis.config import SchemathesisConfig
from hypothesis import HealthCheck, settings

from lib.emulator.vercel import Dispatcher
from tests.fuzz.world import REFUSALS, rule

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES") or 50)
SETTINGS = settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
CONFIG = SchemathesisConfig.from_path(Path(__file__).with_name("schemathesis.toml"))
SCHEMA = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", Dispatcher(), config=CONFIG)


def note(case, caller, e):
    with open(os.environ["FUZZ_COLLECT"], "a") as f:
        for x in getattr(e, "exceptions", [e]):
            f.write(json.dumps({"op": case.operation.label, "who": caller.name, "check": type(x).__name__, "msg": str(x)[:1500], "curl": case.as_curl_command()[:600]}) + "\n")


@SCHEMA.exclude(path_regex="^/api/cron/").parametrize()
@SETTINGS
def test_every_answer_is_one_that_the_reference_names(case, world):
    real = world.chance()
    for caller in world.callers:
        if real:
            world.fill(case)
        answer = case.call(headers=caller.headers)
        try:
            case.validate_response(answer, headers=caller.headers, excluded_checks=() if real else [CHECKS.get_one("positive_data_acceptance")])
            assert_allowed(caller, case, answer)
        except BaseException as e:
            if "FUZZ_COLLECT" not in os.environ: raise
            note(case, caller, e)
        if answer.status_code < 300:
            world.after(case)


def assert_allowed(caller, case, answer):
    """A stranger never sees another tenant's things, a reader never writes: as the table says."""
    if case.method != "OPTIONS" and not caller.may(rule(case).name, case.path_parameters):
        assert answer.status_code in REFUSALS, (caller.name, answer.status_code)

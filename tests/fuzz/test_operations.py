"""Every operation of the reference, with input of all sorts made of its schemas, as every caller.

All checks of schemathesis are on: schemathesis.toml says where one can't hold.
"""

from schemathesis.checks import CHECKS

from tests.fuzz.reference import REFERENCE, SETTINGS
from tests.fuzz.world import rule

# 422: a list that is read with its look-up has its query checked first, whatever is there.
REFUSALS = {401, 403, 404, 405, 422}

# What names something that is not there (an address, a cursor, a version) may be refused for it.
ONLY_REAL = (CHECKS.get_one("positive_data_acceptance"),)


@REFERENCE.parametrize()
@SETTINGS
def test_every_answer_is_one_that_the_reference_names_for_the_caller(case, world):
    real = world.chance()
    for caller in world.asking(case):
        if real:
            world.fill(case)
        answer = case.call(headers=caller.headers)
        excluded = () if real else ONLY_REAL
        case.validate_response(answer, headers=caller.headers, excluded_checks=excluded)
        if case.method != "OPTIONS" and not caller.may(rule(case), case.path_parameters):
            assert answer.status_code in REFUSALS, f"{caller.name} got {answer.status_code}"
        if answer.status_code < 300:
            world.after(case)

"""Sequences along the reference's links: what an owner created is there until it is deleted."""

from schemathesis.checks import CHECKS

from tests.fuzz.reference import REFERENCE, SETTINGS
from tests.fuzz.world import rule

USE_AFTER_FREE = CHECKS.get_one("use_after_free")


def test_what_was_created_is_there_until_it_is_deleted(world):
    followed = set()

    class Owner(REFERENCE.as_state_machine()):
        def setup(self):
            world.renew()
            self.restored = False

        def step(self, input):  # noqa: A002
            (world.fill_in if input.transition else world.fill)(input.case)
            output = super().step(input)
            if input.is_applied and output.response.status_code < 300:
                followed.add(input.case.operation.label)
            return output

        def get_call_kwargs(self, case):
            return {"headers": world.owner.headers}

        def validate_response(self, response, case, **kwargs):
            if rule(case).name == "project.restore" and response.status_code == 200:
                self.restored = True
            # A project that was deleted and restored may be used again.
            excluded = (USE_AFTER_FREE,) if self.restored else ()
            case.validate_response(
                response,
                headers=world.owner.headers,
                transport_kwargs=kwargs,
                recorder=self.recorder,
                excluded_checks=excluded,
            )

    Owner.run(settings=SETTINGS)
    assert len(followed) > 15, sorted(followed)

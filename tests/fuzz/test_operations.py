"""Every operation of the reference, with input of all sorts made from its own schemas.

FUZZ_EXAMPLES says how many requests for each; the same ones each time, unless they change.
"""

import os
import random

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS

from lib import config
from lib.emulator.vercel import Dispatcher
from tests.api.walk import invitation, own_ids
from tests.conftest import Team

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES") or 50)
SCHEMA = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", Dispatcher())

# These make requests of their own, from which the world that ids stand for could not be told, or
# ask for more than the reference can say: which ids exist, which e-mail addresses are taken.
NOT_OURS = {
    "ensure_resource_availability",
    "ignored_auth",  # tests/api/test_permissions.py walks every route without a session
    "positive_data_acceptance",
    "use_after_free",
}


class World:
    """A team whose things the ids in paths stand for; made anew once something has ended it."""

    def __init__(self, make):
        self._make = make
        self._random = random.Random(1)
        self.renew()

    def renew(self):
        self.team, self.ids = self._make()

    def fill(self, case):
        """Put real ids into half of the paths, the others stay as made; return whether it did."""
        names = [name for name in case.path_parameters or {} if name in self.ids]
        if not names or self._random.random() < 0.5:
            return False
        case.path_parameters.update({name: self.ids[name] for name in names})
        return True


@pytest.fixture
def world(person, api, monkeypatch):
    monkeypatch.setenv("RATE_LIMITS", "off")
    config.settings.cache_clear()

    def make():
        team = new_team(person)
        ids = {"workspace_id": team.workspace["id"], "project_id": team.project["id"]}
        ids |= {"file_id": team.file["id"], "user_id": team.viewer.id}
        return team, ids | invitation(team) | own_ids(team.owner)

    yield World(make)
    monkeypatch.undo()
    config.settings.cache_clear()


def new_team(person):
    owner, viewer = person("Olga"), person("Vera")
    workspace = owner.post("/workspaces", {"name": "Studio"}).get_json()
    member = {"email": viewer.email, "role": "viewer"}
    owner.post(f"/workspaces/{workspace['id']}/members", member)
    project = owner.post(f"/workspaces/{workspace['id']}/projects", {"name": "Launch"}).get_json()
    body = {"path": "notes.md", "content": "hello"}
    file = owner.post(f"/projects/{project['id']}/files", body).get_json()
    return Team(owner, owner, viewer, viewer, workspace, project, file)


@SCHEMA.exclude(path_regex="^/api/cron/").parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_one_that_the_reference_names(case, world):
    skipped = set(NOT_OURS)
    real = world.fill(case)
    answer = case.call(headers={"Authorization": f"Bearer {world.team.owner.token}"})
    if real or answer.status_code == 412:  # what was wrong may have been the id; 412 refuses too
        skipped.add("negative_data_rejection")
    checks = [CHECKS.get_one(name) for name in CHECKS.get_all_names() if name not in skipped]
    case.validate_response(answer, checks=checks)
    if answer.status_code < 300 and case.method != "GET":
        world.renew()
    assert answer.status_code != 503

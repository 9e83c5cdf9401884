"""The world that is fuzzed, without limits on how often."""

import pytest

from lib import config
from tests.api.conftest import job_kind
from tests.fuzz.world import World

__all__ = ["job_kind"]


@pytest.fixture
def world(person, job_kind, monkeypatch):
    monkeypatch.setenv("RATE_LIMITS", "off")
    config.settings.cache_clear()
    yield World(person)
    monkeypatch.undo()
    config.settings.cache_clear()

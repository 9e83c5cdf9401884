"""docker-compose.yml: it is valid, keeps to this machine, and every service says how it is."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lib.config import ConfigError, load

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = Path(sys.executable).with_name("docker-compose")
MAX_OPEN_FILES = 20_000  # the hard limit of the smallest machine that this has to start on
OURS = {"migrate", "api", "realtime", "worker", "cron", "mail"}
RUNS_ONCE = {"migrate"}
WITHOUT_STORES = {"cron", "mail"}
LOCAL_SECRETS = {"JWT_SECRET", "CRON_SECRET", "UPSTASH_REDIS_REST_TOKEN", "PG_PASSWORD"}


def configuration(**variables: str) -> dict[str, Any]:
    """The file as compose understands it, with these variables and no others."""
    command = [COMPOSE, "--env-file", os.devnull, "--file", ROOT / "docker-compose.yml", "config"]
    env = {"PATH": os.environ["PATH"], "HOME": os.devnull, **variables}
    shown = subprocess.run(
        [*command, "--format", "json"], env=env, capture_output=True, text=True, check=False
    )
    assert shown.returncode == 0, shown.stderr
    assert "level=warning" not in shown.stderr, shown.stderr
    read: dict[str, Any] = json.loads(shown.stdout)
    return read


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    services: dict[str, Any] = configuration()["services"]
    assert services.keys() > OURS
    return services


def test_ports_are_published_on_loopback_only(services):
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert {port["published"] for port in published} == {"5000", "5001", "5007"}
    assert {port["host_ip"] for port in published} == {"127.0.0.1"}


def test_published_ports_can_be_chosen():
    moved = configuration(PORT="6100", REALTIME_PORT="6101", MAIL_PORT="6102")["services"]
    assert moved["api"]["ports"][0]["published"] == "6100"
    assert moved["realtime"]["ports"][0]["published"] == "6101"
    assert moved["mail"]["ports"][0]["published"] == "6102"
    told = moved["api"]["environment"]
    assert told["APP_URL"] == "http://127.0.0.1:6102/links"
    assert told["REALTIME_URL"] == "ws://127.0.0.1:6101"
    assert "http://127.0.0.1:6100" in told["CORS_ORIGINS"].split(",")


def test_every_long_running_service_has_a_health_check_and_comes_back(services):
    for name in services.keys() - RUNS_ONCE:
        assert services[name].get("healthcheck", {}).get("test"), name
        assert services[name]["restart"] == "unless-stopped", name


def test_no_service_starts_before_what_it_needs(services):
    for name in OURS - RUNS_ONCE - WITHOUT_STORES:
        conditions = {on: how["condition"] for on, how in services[name]["depends_on"].items()}
        assert conditions.pop("migrate") == "service_completed_successfully"
        assert conditions == dict.fromkeys(
            ("postgres", "redis", "upstash", "mongo"), "service_healthy"
        )
    for service in services.values():
        assert all(
            how["condition"] != "service_started" for how in service.get("depends_on", {}).values()
        )


def test_open_files_stay_within_what_small_machines_allow(services):
    for name in OURS:
        assert services[name]["ulimits"]["nofile"]["hard"] <= MAX_OPEN_FILES, name


def test_our_own_services_have_no_more_rights_than_they_need(services):
    for name in OURS:
        service = services[name]
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "privileged" not in service, name


def test_one_image_is_built_for_all_our_services(services):
    assert len({services[name]["image"] for name in OURS}) == 1
    assert [name for name, service in services.items() if "build" in service] == ["migrate"]


def test_built_in_secrets_say_that_they_are_local(services):
    for name in OURS:
        told = services[name]["environment"]
        for variable in LOCAL_SECRETS & told.keys():
            assert told[variable].startswith("local-only"), (name, variable)
        assert told.get("APP_ENV", "local") == "local"


@pytest.mark.parametrize("name", ["JWT_SECRET", "CRON_SECRET"])
def test_production_does_not_start_with_a_built_in_secret(services, name):
    told = services["api"]["environment"]
    load(told)
    own = {"JWT_SECRET": "j" * 48, "CRON_SECRET": "c" * 48}
    load(told | own | {"APP_ENV": "production"})
    with pytest.raises(ConfigError, match=name):
        load(told | own | {"APP_ENV": "production", name: told[name]})


def test_secrets_from_outside_win_over_built_in_ones():
    given = {name: f"given-{name}" for name in LOCAL_SECRETS}
    for name in OURS:
        told = configuration(**given)["services"][name]["environment"]
        assert {key: told[key] for key in LOCAL_SECRETS & told.keys()} == {
            key: given[key] for key in LOCAL_SECRETS & told.keys()
        }

"""vercel.json and vercel.hobby.json: they name what exists, and they agree with each other."""

import json
import re
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

import pytest

from lib.emulator.routes import candidates, discover

ROOT = Path(__file__).resolve().parents[2]
FULL = json.loads((ROOT / "vercel.json").read_text())
HOBBY = json.loads((ROOT / "vercel.hobby.json").read_text())
MAX_GLOB = 256  # characters that the platform takes for one excludeFiles
MAX_PATTERNS = 50  # keys of `functions`
HOBBY_MAX_SECONDS = 300  # the longest that any plan grants without asking
EXCLUDED = [options["excludeFiles"] for options in FULL["functions"].values()]


def schedules(config: dict) -> dict[str, str]:
    return {cron["path"]: cron["schedule"] for cron in config["crons"]}


def test_no_framework_takes_the_routes_over():
    """With flask in requirements.txt, a preset would ignore api/ unless told not to."""
    assert "framework" in FULL
    assert FULL["framework"] is None


def test_public_exists_so_that_nothing_else_is_published():
    """Without the folder, the platform serves the source files for download."""
    assert (ROOT / "public" / "index.html").is_file()
    assert "outputDirectory" not in FULL


def test_every_file_below_api_becomes_a_function():
    routes = discover(ROOT)
    assert len(routes.functions) == len(list(candidates(ROOT)))
    assert routes.dropped == []


def test_every_function_is_covered_by_a_pattern():
    patterns = FULL["functions"]
    assert len(patterns) <= MAX_PATTERNS
    for route in discover(ROOT).functions:
        assert any(fnmatch(str(route.file), p.replace("**/", "*")) for p in patterns), route.file
    for options in patterns.values():
        assert 0 < options["maxDuration"] <= HOBBY_MAX_SECONDS


def test_maintenance_functions_get_their_own_pattern_first():
    """The first pattern that fits counts."""
    assert list(FULL["functions"]) == ["api/cron/*.py", "api/**/*.py"]


@pytest.mark.parametrize("folder", ["tests", "realtime_host", "worker", "docs", "public"])
def test_functions_leave_out_what_they_do_not_run(folder):
    assert all(folder in glob for glob in EXCLUDED)
    assert all(len(glob) <= MAX_GLOB for glob in EXCLUDED)


def test_every_cron_has_a_function_and_every_maintenance_function_a_cron():
    functions = {route.path for route in discover(ROOT).functions if "cron" in route.segments} - {
        "/api/cron"  # what they did, for operators
    }
    assert set(schedules(FULL)) == functions
    for path in functions:
        assert (ROOT / "functions" / f"{PurePosixPath(path).name}.py").is_file()


def test_both_files_fire_the_same_crons():
    assert schedules(HOBBY).keys() == schedules(FULL).keys()


def test_the_small_plan_fires_each_cron_once_a_day():
    for path, schedule in schedules(HOBBY).items():
        minute, hour, *rest = schedule.split()
        assert minute.isdigit(), path
        assert hour.isdigit(), path
        assert rest == ["*", "*", "*"], path


def test_the_one_function_leaves_out_what_the_many_leave_out():
    (function, static) = HOBBY["builds"]
    assert (ROOT / function["src"]).is_file()
    assert {function["config"]["excludeFiles"]} == set(EXCLUDED)
    assert static == {"src": "public/**", "use": "@vercel/static"}


@pytest.mark.parametrize("config", [FULL, HOBBY])
def test_functions_are_deployed_with_their_bytecode(config):
    """Without it a cold start compiles all that it imports: the builder has to be asked."""
    assert config["build"]["env"] == {"VERCEL_PYTHON_COMPILEALL": "1"}


def test_builds_are_not_mixed_with_functions():
    """The platform refuses a file with both."""
    assert "builds" not in FULL
    assert "functions" not in HOBBY


def test_the_one_function_answers_every_path_that_is_not_a_page():
    documents, rest = [route for route in HOBBY["routes"] if not route.get("continue")][:2]
    assert documents == {
        "src": "/api/v1/(openapi|asyncapi).json",
        "dest": "/public/api/v1/$1.json",
    }
    pages = {"src": "/(docs|console)", "dest": "/public/$1.html"}
    assert pages in HOBBY["routes"]
    for name in ("api/v1/openapi.json", "api/v1/asyncapi.json", "docs.html", "console.html"):
        assert (ROOT / "public" / name).is_file()
    assert rest == {"src": "/api/.*", "dest": "/" + HOBBY["builds"][0]["src"]}
    assert all(route.path.startswith("/api/") for route in discover(ROOT).functions)


def test_the_pages_of_both_files_carry_the_same_headers():
    """`headers` can not stand beside `routes`: there, a route that goes on says them."""
    (many,), one = FULL["headers"], HOBBY["routes"][0]
    assert one["continue"]
    assert one["src"] == many["source"]
    assert one["headers"] == {each["key"]: each["value"] for each in many["headers"]}


def test_the_headers_of_pages_are_not_added_to_the_answers_of_functions():
    """They would be there twice, or stand in the place of stricter ones."""
    source = FULL["headers"][0]["source"]
    for route in discover(ROOT).functions:
        assert not re.fullmatch(source, route.path), route.path

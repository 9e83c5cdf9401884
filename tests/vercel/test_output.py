"""What `vercel build` makes of the project: every function, and nothing but functions and pages."""

import json
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from lib.emulator.routes import discover
from tests.vercel.build import SECRETS

ROOT = Path(__file__).resolve().parents[2]
HOBBY = "api/_hobby.py"
RUN = {"api", "functions", "lib"}  # the folders that functions run
PACKAGES = "_vendor"

# Bytes, unpacked. Above it the builder leaves packages out, to be installed at every cold start
# (LAMBDA_SIZE_THRESHOLD_BYTES of @vercel/python 25.0.0). The platform itself takes 500 MB
# (vercel.com/docs/functions/limitations).
MAX_BUNDLE = 225 * 1024 * 1024


@pytest.fixture
def functions(builds):
    """All functions of both builds."""
    return [*builds.many.functions.values(), *builds.one.functions.values()]


def pins(file):
    """The packages of a requirements file: {name: version}."""
    lines = [line for line in (ROOT / file).read_text().splitlines() if line[:1].isalpha()]
    found = [Requirement(line) for line in lines]
    return {canonicalize_name(each.name): next(iter(each.specifier)).version for each in found}


def installed(function):
    """The packages of a bundle: {name: version}."""
    metadata = (f for p, f in function.shared.items() if p.endswith(".dist-info/METADATA"))
    found = distributions(path=sorted({str(file.parents[1]) for file in metadata}))
    return {canonicalize_name(each.name): each.version for each in found}


def test_every_route_file_is_a_function_and_no_other_file_is(builds):
    """The platform drops a file in which it sees no app, without a word."""
    routes = discover(ROOT)
    assert len(routes.functions) > 20
    assert routes.dropped == []
    files = {route.file for route in routes.functions}
    assert set(builds.many.functions) == {str(file.with_suffix("")) for file in files}


def test_the_small_plan_has_one_function(builds):
    assert set(builds.one.functions) == {HOBBY}


def test_every_path_leads_to_its_own_file(builds):
    for route in discover(ROOT).functions:
        function, _ = builds.many.find(route.path.replace("[", "").replace("]", ""))
        assert function.name == str(route.file.with_suffix(""))
        function, _ = builds.one.find(route.path)
        assert function.name == HOBBY


def test_nothing_is_published_but_the_pages(builds):
    pages = {file.relative_to(ROOT).as_posix() for file in (ROOT / "public").rglob("*.*")}
    assert "public/index.html" in pages
    assert {f"public/{name}" for name in builds.many.static} == pages
    assert builds.one.static == pages


def test_functions_hold_what_they_run_and_nothing_beside(builds, functions):
    for project in (builds.many.project, builds.one.project):
        left_out = ("tests", "worker", "realtime_host", "Makefile", *SECRETS)
        assert all((project / name).exists() for name in left_out)
    for function in functions:
        assert function.entries == RUN | {PACKAGES}, function.name


def test_functions_hold_all_of_what_they_run(builds, functions):
    """The builder leaves folders of some names out wherever they are."""
    for function in functions:
        project = builds.one.project if function.name == HOBBY else builds.many.project
        files = {f for folder in RUN for f in (project / folder).rglob("*") if f.is_file()}
        wanted = {f.relative_to(project).as_posix() for f in files if "__pycache__" not in f.parts}
        assert "lib/http/app.py" in wanted
        assert wanted <= set(function.shared), function.name


def test_functions_contain_what_requirements_pin(functions):
    wanted, development = pins("requirements.txt"), pins("requirements-dev.txt").keys()
    assert len(wanted) > 30
    for function in functions:
        found = installed(function)
        assert {name: found.get(name) for name in wanted} == wanted, function.name
        assert not development & found.keys(), function.name


def test_functions_get_the_memory_and_the_time_that_the_configuration_gives(builds):
    patterns = json.loads((ROOT / "vercel.json").read_text())["functions"]
    for name, function in builds.many.functions.items():
        wanted = patterns["api/cron/*.py" if name.startswith("api/cron/") else "api/**/*.py"]
        assert function.settings["runtime"] == "python3.12"
        assert function.settings["memory"] == wanted["memory"]
        assert function.settings["maxDuration"] == wanted["maxDuration"]


def test_the_crons_are_those_of_the_configuration(builds):
    for build, config in ((builds.many, "vercel.json"), (builds.one, "vercel.hobby.json")):
        assert build.config["crons"] == json.loads((ROOT / config).read_text())["crons"]


def test_no_bundle_is_too_large_for_the_platform(builds, functions, say):
    width = max(len(function.name) for function in functions)
    for function in sorted(functions, key=lambda each: (each.name == HOBBY, each.name)):
        say(f"  {function.name:{width}}  {function.size / 1e6:6.1f} MB")
    largest = max(functions, key=lambda each: each.size)
    say(f"  The largest: {largest.name}, {largest.size / 1e6:.1f} of {MAX_BUNDLE / 1e6:.1f} MB.")
    for output, what in ((builds.many, "without"), (builds.one, "with")):
        count = len(output.functions)
        say(f"  Built in {output.seconds:.0f} s: {count} function(s), {what} bytecode.")
    assert largest.size < MAX_BUNDLE


def test_bytecode_is_shipped_where_the_configuration_asks_for_it(builds):
    (function,) = builds.one.functions.values()
    sources = [Path(place) for place in function.shared if place.endswith(".py")]
    compiled = {f"{s.parent}/__pycache__/{s.stem}.cpython-312.pyc" for s in sources}
    missing = compiled - function.shared.keys()
    assert len(sources) > 1000
    assert {place for place in missing if not place.startswith(PACKAGES)} == set()
    assert len(missing) < len(sources) / 100  # packages bring templates that are no Python
    plain = next(iter(builds.many.functions.values()))
    assert not any(place.endswith(".pyc") for place in plain.shared)

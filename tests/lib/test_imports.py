"""What a function imports: nothing of the other sides, and no heavy driver before it is needed."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lib.emulator.routes import discover

ROOT = Path(__file__).resolve().parents[2]
ROUTES = [str(route.file) for route in discover(ROOT).functions]

# Paid by the first request that needs them, not by every cold start.
LATE = {
    "psycopg",
    "psycopg_pool",
    "pymongo",
    "upstash_redis",
    "httpx",
    "argon2",
    "jsonschema",
    "zxcvbn",
    "cronsim",
    "zoneinfo",
}
NEVER = {"redis", "gevent", "flask_sock", "simple_websocket", "wsproto", "huey", "pycrdt"}

IMPORT = """
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("route", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""
ENVIRONMENT = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "JWT_SECRET": "s" * 32}


@pytest.mark.parametrize("route", ROUTES)
def test_a_cold_start_imports_no_driver(route):
    loaded = set(cold_import(route))
    assert "flask" in loaded
    assert not loaded & (LATE | NEVER)


def cold_import(route):
    ran = subprocess.run(
        [sys.executable, "-c", IMPORT, route],
        cwd=ROOT,
        env=os.environ | ENVIRONMENT | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return __import__("json").loads(ran.stdout)


@pytest.mark.parametrize("file", sorted(str(f.relative_to(ROOT)) for f in ROOT.glob("api/**/*.py")))
def test_a_route_file_imports_lib_and_flask_only(file):
    """Bracketed folders keep import-linter away from these files, so this is their contract."""
    allowed = {"lib", "flask", "typing", "uuid", "__future__", "pathlib", "collections", "datetime"}
    allowed |= {"functions"} if file.startswith("api/cron/") else set()
    for node in ast.walk(ast.parse((ROOT / file).read_bytes())):
        if isinstance(node, ast.Import):
            assert {name.name.partition(".")[0] for name in node.names} <= allowed
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0
            assert (node.module or "").partition(".")[0] in allowed
            assert "queries" not in (node.module or "").split("."), "a route calls a use case"


@pytest.mark.parametrize("route", [r for r in ROUTES if not r.startswith("api/cron/")])
def test_a_route_file_stays_as_short_as_its_documentation(route):
    lines = (ROOT / route).read_text().splitlines()
    assert len(lines) <= 60
    assert lines[0].startswith('"""/api/v1/'), "its first line says which path it answers"

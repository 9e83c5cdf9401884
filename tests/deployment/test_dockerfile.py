"""The image: what a linter says, and that it gets what it runs and nothing else."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
IGNORE = (ROOT / ".dockerignore").read_text().split("\n")
LINTER = Path(sys.executable).with_name("hadolint")


def test_linter_finds_nothing_of_weight():
    found = subprocess.run(
        [LINTER, "--no-color", "--failure-threshold", "warning", ROOT / "Dockerfile"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr


def test_only_what_is_copied_is_let_into_the_build():
    copied = set(re.findall(r"^COPY (\S+) \S+$", DOCKERFILE, re.MULTILINE))
    allowed = {line.removeprefix("!") for line in IGNORE if line.startswith("!")}
    assert IGNORE[1] == "*"
    assert copied == allowed
    assert all((ROOT / name).exists() for name in copied)


def test_nothing_in_it_runs_as_root():
    last_stage = DOCKERFILE.rsplit("\nFROM ", 1)[1]
    users = re.findall(r"^USER (\d+):(\d+)$", last_stage, re.MULTILINE)
    assert len(users) == 1
    assert "0" not in users[0]


def test_commands_get_their_signals():
    assert re.findall(r"^(?:CMD|ENTRYPOINT) (?!\[)", DOCKERFILE, re.MULTILINE) == []

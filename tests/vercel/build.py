"""One `vercel build`, on a copy: it writes pyproject.toml and uv.lock, which must not stay."""

import json
import shutil
import time
from pathlib import Path

from tests.containers.programs import ROOT, FailedError, run, step
from tests.vercel.output import Output
from tests.vercel.tools import Tools, UnavailableError

BUILD_SECONDS = 600
LINK = {"projectId": "local", "orgId": "local", "settings": {"framework": None}}
BYTECODE = "VERCEL_PYTHON_COMPILEALL"

# What lies about on a developer's machine and must not end up in a function.
SECRETS = (".env", ".env.local", ".local/secrets.json", "docs/notes.md")


def build(tools: Tools, project: Path, config: str, *, bytecode: bool) -> Output:
    """Build a copy of this checkout in `project` as `config` says, and return what came out.

    Without `bytecode`, the wish for it in `config` is not granted: it takes several times as long.
    Raises UnavailableError when the packages can't be had, FailedError when the build fails.
    """
    _copy(project)
    command = [tools.vercel, "build", "--yes", "--local-config", config]
    command += ["--global-config", project.with_name(f"{project.name}-settings")]
    environment = _environment(tools, project / config, bytecode=bytecode)
    started = time.monotonic()
    try:
        with step(f"vercel build, by {config}"):
            log = run(command, timeout=BUILD_SECONDS, env=environment, cwd=project)
    except FailedError:
        _ask_for_packages(tools)
        raise
    return Output.read(project, log, time.monotonic() - started)


def _copy(project: Path) -> None:
    ignored = (line.strip().strip("/") for line in (ROOT / ".gitignore").read_text().splitlines())
    shutil.copytree(ROOT, project, ignore=shutil.ignore_patterns(".git", *filter(None, ignored)))
    for name in SECRETS:
        file = project / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("SECRET=not-for-the-bundle\n")
    (project / ".vercel").mkdir()
    (project / ".vercel/project.json").write_text(json.dumps(LINK))


def _environment(tools: Tools, config: Path, *, bytecode: bool) -> dict[str, str]:
    """The platform sets the variables of `build.env`; the CLI alone leaves them out."""
    asked = json.loads(config.read_text()).get("build", {}).get("env", {})
    return {
        **asked,
        BYTECODE: asked.get(BYTECODE, "") if bytecode else "",
        "PATH": tools.path,
        "VERCEL_TELEMETRY_DISABLED": "1",
        "NO_UPDATE_NOTIFIER": "1",
    }


def _ask_for_packages(tools: Tools) -> None:
    """Raise UnavailableError when it is the package index that is out of reach."""
    command = [tools.uv, "pip", "install", "--dry-run", "--reinstall", "--python", tools.python]
    try:
        run([*command, "--break-system-packages", "-r", "requirements.txt"], timeout=60)
    except FailedError:
        raise UnavailableError("uv can't get the packages of requirements.txt here.") from None

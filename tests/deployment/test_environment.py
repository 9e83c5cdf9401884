""".env.example: every variable that anything reads is in it, once, with its meaning."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from lib.config import load

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = (ROOT / ".env.example").read_text()
EXPLAINED = re.findall(r"^#?([A-Z][A-Z0-9_]+)=", EXAMPLE, re.MULTILINE)
OF_THE_PLATFORM = {"__VC_HANDLER_ENTRYPOINT"}  # set by Vercel, by no person
SIDES = ("api", "functions", "lib", "realtime_host", "worker")


class Recorder(dict[str, str]):
    """A mapping that remembers what was asked of it."""

    def __init__(self, content: dict[str, str]) -> None:
        super().__init__(content)
        self.asked: set[str] = set()

    def get(self, key, default=None):
        self.asked.add(key)
        return super().get(key, default)

    def __getitem__(self, key):
        self.asked.add(key)
        return super().__getitem__(key)

    def __contains__(self, key):
        self.asked.add(key)
        return super().__contains__(key)


def read_in(file: Path) -> Iterator[str]:
    """The names in os.environ["NAME"], os.environ.get("NAME") and os.getenv("NAME")."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        match node:
            case (
                ast.Subscript(ast.Attribute(attr="environ"), ast.Constant(str(name)))
                | ast.Call(
                    ast.Attribute(ast.Attribute(attr="environ")), [ast.Constant(str(name)), *_]
                )
                | ast.Call(ast.Attribute(attr="getenv"), [ast.Constant(str(name)), *_])
            ):
                yield name


def test_no_variable_is_listed_twice():
    assert len(EXPLAINED) > 20
    assert len(EXPLAINED) == len(set(EXPLAINED))


def test_every_variable_that_the_settings_read_is_explained():
    env = Recorder({"PG_HOST": "db", "REDIS_HOST": "redis", "JWT_SECRET": "s" * 48})
    load(env)
    assert {"DATABASE_URL", "PG_HOST", "JWT_SECRET", "REALTIME_PORT"} < env.asked
    assert env.asked - set(EXPLAINED) == set()


def test_every_variable_that_the_code_reads_itself_is_explained():
    files = [file for side in SIDES for file in (ROOT / side).rglob("*.py")]
    read = {name for file in files for name in read_in(file) if not name.startswith("HTTP_")}
    assert {"HOST", "PORT", "CRON_SECRET"} < read
    assert read - set(EXPLAINED) - OF_THE_PLATFORM == set()


def test_every_variable_that_compose_takes_is_explained():
    taken = set(re.findall(r"(?<!\$)\$\{([A-Z0-9_]+)", (ROOT / "docker-compose.yml").read_text()))
    assert {"PORT", "JWT_SECRET"} < taken
    assert taken - set(EXPLAINED) == set()


def test_every_variable_has_a_comment_above_it():
    lines = EXAMPLE.split("\n")
    for number, line in enumerate(lines):
        if re.match(r"#?[A-Z][A-Z0-9_]+=", line):
            above = lines[number - 1]
            listed_with_it = re.match(r"#?[A-Z][A-Z0-9_]+=", above)
            assert above.startswith("# ") or listed_with_it, line


def test_the_example_can_be_copied_as_it_is():
    """It sets nothing: neither a secret that everybody knows, nor a store that is not there."""
    assert re.findall(r"^[^#\n=]+=.+$", EXAMPLE, re.MULTILINE) == []

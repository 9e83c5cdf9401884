"""The combined log: brief on a terminal, as it came anywhere else."""

import io

import pytest

from lib.emulator.console import Console, brief

LINE = (
    '{"at": "2030-01-01T10:00:00.000+00:00", "level": "error", "action": "http.request", '
    '"status": 500, "ms": 3.2, "error": "Traceback"}'
)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def written(tmp_path, stream):
    console = Console(tmp_path / "up.log", stream)
    console.name_colour("api", "green")
    console.line("api", LINE)
    console.close()
    return stream.getvalue()


def test_a_terminal_gets_a_brief_coloured_line(tmp_path):
    text = written(tmp_path, Terminal())
    assert "\033[32mapi" in text
    assert "\033[31mhttp.request\033[0m status=500 ms=3.2\nTraceback" in text
    assert '"level"' not in text


def test_anything_else_gets_the_line_as_it_came(tmp_path):
    assert written(tmp_path, io.StringIO()) == f"api       | {LINE}\n"
    assert (tmp_path / "up.log").read_text() == f"api       | {LINE}\n"


@pytest.mark.parametrize("text", ["plain", "{not json", '{"a": 1}', '{"at": 5}', "[1]", "{}", ""])
def test_other_text_is_left_alone(text):
    assert brief(text, lambda shown, _: shown) == text

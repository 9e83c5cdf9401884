"""Logging: one line per outcome, whatever is in it."""

import json
import logging
import sys

import pytest

from lib import logs


@pytest.fixture
def line(capsys):
    """Log fields, and return the one line that comes out."""
    root = logging.getLogger()
    before = root.handlers

    def write(**fields):
        logs.configure()
        logs.info("test.done", **fields)
        (text,) = capsys.readouterr().out.splitlines()
        return text

    yield write
    root.handlers = before


@pytest.mark.parametrize(
    "text",
    [
        "a\nb",
        "a\r\nb",
        '\n{"action": "forged"}',
        "\x1b[31mred",
        "\0",
        "\x7f\x9b",
        "\u2028\u202e",
        "\ud800",
    ],
)
def test_control_characters_are_escaped_and_forge_no_line(line, text):
    written = line(text=text, inner={"key": [text]})
    assert written.isascii()
    assert written.isprintable()
    assert json.loads(written)["text"] == text


def test_an_error_is_one_line_too(line, capsys):
    logs.configure()
    try:
        raise ValueError("a\nb")
    except ValueError:
        logs.exception("test.failed")
    (text,) = capsys.readouterr().out.splitlines()
    assert "ValueError" in json.loads(text)["error"]
    assert sys.exc_info() == (None, None, None)

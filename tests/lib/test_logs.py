"""Logging: one line per outcome, whatever is in it."""

import json
import logging
import os
import sys
import time
from threading import Thread

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


@pytest.fixture
def handlers():
    """Leave the handlers as they were."""
    root = logging.getLogger()
    before = root.handlers
    yield
    root.handlers = before


@pytest.mark.usefixtures("handlers")
def test_in_the_background_all_lines_are_written_by_the_end_each_with_its_request(capsys):
    logs.configure()
    end = logs.in_background()
    for number in range(500):
        logs.request_id.set(f"request-{number}")
        logs.info("test.line", number=number)
    end()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["number"] for line in lines] == list(range(500))
    assert [line["request_id"] for line in lines] == [f"request-{n}" for n in range(500)]
    logs.request_id.set("")


@pytest.mark.usefixtures("handlers")
def test_lines_that_nobody_takes_are_lost_rather_than_waited_for(monkeypatch):
    monkeypatch.setattr(logs, "MAX_LINES", 3)
    reading, writing = os.pipe()
    with os.fdopen(writing, "w", buffering=1) as stuck:
        monkeypatch.setattr(sys, "stdout", stuck)
        end = logs.in_background()
        started = time.monotonic()
        for _ in range(200):
            logs.info("test.line", text="x" * 10_000)
        assert time.monotonic() - started < 5
        drain = Thread(target=_read_later, args=(reading,))
        drain.start()
        end()  # while there is no room yet for word of it
    drain.join(10)
    os.close(reading)


def _read_later(end):
    time.sleep(0.2)
    while os.read(end, 1 << 20):
        pass


@pytest.mark.usefixtures("handlers")
def test_the_end_is_not_kept_up_by_lines_that_nobody_takes(monkeypatch):
    monkeypatch.setattr(logs, "MAX_LINES", 3)
    monkeypatch.setattr(logs, "END_WITHIN", 0.2)
    reading, writing = os.pipe()
    with os.fdopen(writing, "w", buffering=1) as stuck:
        monkeypatch.setattr(sys, "stdout", stuck)
        end = logs.in_background()
        for _ in range(200):
            logs.info("test.line", text="x" * 10_000)
        started = time.monotonic()
        end()
        assert time.monotonic() - started < 5
        drain = Thread(target=_read_later, args=(reading,))
        drain.start()
    drain.join(10)
    os.close(reading)

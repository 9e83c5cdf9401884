"""Digests of tracebacks: the same for the same way to fail, whatever was said; else another."""

from worker import traces


def first(text):
    raise ValueError(text)


def second(text):
    try:
        first(text)
    except ValueError as error:
        raise RuntimeError(text) from error


def digest(function, *args):
    try:
        function(*args)
    except Exception as error:  # noqa: BLE001
        return traces.digest(error)
    raise AssertionError


def test_what_is_said_does_not_count_but_the_way_does():
    assert digest(first, "a") == digest(first, "b")
    assert digest(first, "a") != digest(second, "a")
    assert digest(second, "a") == digest(second, "b")
    assert len(digest(first, "a")) == traces.DIGITS


def test_a_circle_of_causes_comes_to_an_end():
    one, other = ValueError(), KeyError()
    one.__cause__, other.__cause__ = other, one
    assert traces.digest(one) == traces.digest(one)

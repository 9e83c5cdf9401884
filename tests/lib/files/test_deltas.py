"""Deltas: the smallest edit between two texts, and lengths in either unit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.errors import Invalid
from lib.files import deltas

TEXT = st.text(st.sampled_from("ab é🎉\n"), max_size=30)


def applied(delta, text):
    """Apply a delta in UTF-16 units to a text, by its definition."""
    units, at, out = text.encode("utf-16-le"), 0, b""
    for step in delta:
        (name, value), *_ = step.items()
        if name == "insert":
            out += value.encode("utf-16-le")
        else:
            out += units[at : at + 2 * value] if name == "retain" else b""
            at += 2 * value
    return (out + units[at:]).decode("utf-16-le")


@given(TEXT, TEXT)
def test_the_delta_between_two_texts_makes_one_of_the_other(old, new):
    assert applied(deltas.between(old, new), old) == new


@given(TEXT, TEXT)
def test_lengths_survive_the_way_to_bytes_and_back(old, new):
    delta = deltas.between(old, new)
    assert deltas.to_units(deltas.to_bytes(delta, old), old) == delta


def test_only_what_differs_is_in_the_delta():
    assert deltas.between("hello world", "hello brave world") == [
        {"retain": 6},
        {"insert": "brave "},
    ]
    assert deltas.between("same", "same") == []


def test_a_step_past_the_end_is_refused_with_a_pointer_to_it():
    with pytest.raises(Invalid) as refused:
        deltas.to_bytes([{"retain": 2}, {"delete": 3}], "abcd")
    assert refused.value.extra["errors"][0]["pointer"] == "/delta/1"


def test_a_step_into_the_middle_of_a_character_is_refused():
    with pytest.raises(Invalid):
        deltas.to_bytes([{"retain": 1}, {"insert": "x"}], "🎉")

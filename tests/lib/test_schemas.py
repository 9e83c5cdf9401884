"""The field rules that several domains share."""

from time import process_time

import pytest
from marshmallow import ValidationError

from lib.schemas import Strict, integer_field, name_field


class Counted(Strict):
    n = integer_field()


@pytest.mark.parametrize("value", [5, 5.0, -5.0, 1e18])
def test_a_number_without_a_fraction_is_an_integer_as_in_json_schema(value):
    loaded = Counted().load({"n": value})["n"]
    assert (loaded, type(loaded)) == (value, int)


@pytest.mark.parametrize("value", [5.5, "5", True, None, float("inf"), float("nan"), [5]])
def test_nothing_else_is_an_integer(value):
    with pytest.raises(ValidationError):
        Counted().load({"n": value})


class Named(Strict):
    name = name_field()


@pytest.mark.parametrize("name", ["x", " x ", "größe 漢字 🎉", "a\u0099b", "\ufeffx"])
def test_a_name_is_any_text_on_one_line(name):
    assert Named().load({"name": name}) == {"name": name}


@pytest.mark.parametrize("control", ["\x00", "\x01", "\t", "\n", "\x1b", "\x1f", "\x7f"])
@pytest.mark.parametrize("name", ["{}", "a{}", "{}a", "a{}b", "a {} b"])
def test_a_name_with_one_control_character_anywhere_is_refused(name, control):
    with pytest.raises(ValidationError):
        Named().load({"name": name.format(control)})


@pytest.mark.parametrize("part", ["a", " ", " a"])
def test_a_name_as_long_as_a_body_is_refused_at_once(part):
    started = process_time()
    with pytest.raises(ValidationError):
        Named().load({"name": part * 500_000 + "\x01"})
    assert process_time() - started < 1


@pytest.mark.parametrize("blank", ["", " ", "\u00a0", "\u0085", "\u2003", "\ufeff", " \ufeff "])
def test_a_name_that_cannot_be_seen_is_refused(blank):
    with pytest.raises(ValidationError):
        Named().load({"name": blank})

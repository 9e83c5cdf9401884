"""Charts: well-formed whatever names there are, readable for everybody, and true to the counts."""

from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from worker import charts

SVG = "{http://www.w3.org/2000/svg}"


def drawn(title="Title", description="In words", series=("file",), columns=()):
    return ET.fromstring(charts.stacked_bars(title, description, series, columns))  # noqa: S314


def bars(drawing):
    return [each for each in drawing.iter(f"{SVG}rect") if each.find(f"{SVG}title") is not None]


def test_it_says_what_it_is_to_those_who_can_not_see_it():
    drawing = drawn("Activity in Studio", "3 files")
    named = {each.get("id"): each.text for each in drawing if each.get("id")}
    assert drawing.get("role") == "img"
    assert drawing.get("aria-labelledby").split() == list(named)
    assert named == {"title": "Activity in Studio", "description": "3 files"}


@pytest.mark.parametrize(
    "name",
    ["<script>alert(1)</script>", '"><svg onload=x>', "a & b", "]]>", "&lt;", "\0\x01\x1b",
     "\ud800\udfff", "\ufffe\uffff", "日本 🎉", "x" * 1000, ""],
)  # fmt: skip
def test_no_name_breaks_it(name):
    drawing = drawn(name, name, [name], [(name, {name: 3})])
    assert {each.tag for each in drawing.iter()} <= {
        f"{SVG}{tag}" for tag in ("svg", "title", "desc", "rect", "line", "text")
    }
    assert len(bars(drawing)) == 1
    assert all(each.keys() for each in drawing.iter(f"{SVG}rect"))
    assert not any(key.startswith("on") for each in drawing.iter() for key in each.attrib)


def test_bars_are_as_high_as_their_counts_and_stand_on_each_other():
    columns = [("Mon", {"file": 10, "job": 5}), ("Tue", {}), ("Wed", {"job": 20})]
    found = bars(drawn(series=("file", "job"), columns=columns))
    told = [each.find(f"{SVG}title").text for each in found]
    assert told == ["Mon, file: 10", "Mon, job: 5", "Wed, job: 20"]
    heights = [float(each.get("height")) for each in found]
    assert heights[0] == pytest.approx(2 * heights[1], abs=0.1)
    assert heights[2] == pytest.approx(2 * heights[0], abs=0.1)
    lower, upper = found[0], found[1]
    assert float(upper.get("y")) + heights[1] == pytest.approx(float(lower.get("y")), abs=0.1)
    assert float(found[2].get("x")) > float(lower.get("x")) == float(upper.get("x"))
    assert lower.get("fill") != upper.get("fill") == found[2].get("fill")
    for each, height in zip(found, heights, strict=True):
        assert charts.TOP <= float(each.get("y")) <= charts.HEIGHT - charts.BOTTOM - height + 0.1


@pytest.mark.parametrize("most", [0, 1, 4, 7, 10, 99, 100, 12_345, 10**9])
def test_the_lines_are_few_at_round_numbers_up_to_the_highest_bar(most):
    drawing = drawn(columns=[("Mon", {"file": most})])
    lines = list(drawing.iter(f"{SVG}line"))
    numbers = [
        int(each.text.replace(",", ""))
        for each in drawing.iter(f"{SVG}text")
        if each.get("text-anchor") == "end"
    ]
    assert len(numbers) == len(lines) <= charts.TICKS + 2
    assert numbers[0] == 0
    assert numbers[-1] >= most
    assert len({b - a for a, b in pairwise(numbers)}) == 1


def test_a_year_of_days_has_few_labels_and_all_bars():
    columns = [(f"day {n}", {"file": n}) for n in range(1, 367)]
    drawing = drawn(columns=columns)
    labels = [e for e in drawing.iter(f"{SVG}text") if e.get("text-anchor") == "middle"]
    assert 5 < len(labels) <= charts.MAX_LABELS
    assert len(bars(drawing)) == 366


def test_nothing_at_all_is_a_chart_too():
    assert bars(drawn(series=(), columns=())) == []

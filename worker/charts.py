"""Charts as SVG: bars of stacked counts, which a screen reader can read and no name can break."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree as ET

WIDTH, HEIGHT = 960, 420  # pixels of the drawing, which scales
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 76, 48  # pixels around the bars
MAX_LABELS = 12  # below the bars
TICKS = 5  # lines across the bars, about
GAP = 0.2  # of a bar's room
# Okabe and Ito, "Color Universal Design": told apart by colour-blind people, too.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#999999")

# What XML 1.0 has no way to write.
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Columns = Sequence[tuple[str, Mapping[str, int]]]


def stacked_bars(title: str, description: str, series: Sequence[str], columns: Columns) -> bytes:
    """Return a chart: one bar for each column (its label, and counts by series), and a legend."""
    drawing = _element(None, "svg", viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img")
    drawing.set("xmlns", "http://www.w3.org/2000/svg")
    drawing.set("aria-labelledby", "title description")
    drawing.set("font-family", "system-ui, sans-serif")
    drawing.set("font-size", "12")
    _element(drawing, "title", title, id="title")
    _element(drawing, "desc", description, id="description")
    _element(drawing, "rect", width=WIDTH, height=HEIGHT, fill="#ffffff")
    _element(drawing, "text", title, x=LEFT, y=26, font_size=16)
    _legend(drawing, series)
    top = _scale(drawing, max((sum(counts.values()) for _, counts in columns), default=0))
    _bars(drawing, series, columns, top)
    _labels(drawing, [label for label, _ in columns])
    return ET.tostring(drawing, "utf-8", xml_declaration=True)


def colour(number: int) -> str:
    """Return the colour of the series with this number; they repeat after the eighth."""
    return COLOURS[number % len(COLOURS)]


def _legend(drawing: ET.Element, series: Sequence[str]) -> None:
    room = (WIDTH - LEFT - RIGHT) / max(len(series), 1)
    for number, name in enumerate(series):
        x = LEFT + number * min(room, 120)
        _element(drawing, "rect", x=x, y=44, width=12, height=12, fill=colour(number))
        _element(drawing, "text", name, x=x + 18, y=54)


def _scale(drawing: ET.Element, most: int) -> int:
    """Draw the lines across, and return the number that the highest one stands for."""
    step = _round_step(most / TICKS)
    top = max(step, -(-most // step) * step)
    for number in range(0, top + 1, step):
        y = _height(number, top)
        _element(drawing, "line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y, stroke="#dddddd")
        _element(drawing, "text", f"{number:,}", x=LEFT - 8, y=y + 4, text_anchor="end")
    return top


def _bars(drawing: ET.Element, series: Sequence[str], columns: Columns, top: int) -> None:
    room = (WIDTH - LEFT - RIGHT) / max(len(columns), 1)
    for place, (label, counts) in enumerate(columns):
        below = 0
        for number, name in enumerate(series):
            if count := counts.get(name, 0):
                y = _height(below + count, top)
                bar = _element(
                    drawing,
                    "rect",
                    x=LEFT + (place + GAP / 2) * room,
                    y=y,
                    width=room * (1 - GAP),
                    height=_height(below, top) - y,
                    fill=colour(number),
                )
                _element(bar, "title", f"{label}, {name}: {count:,}")
                below += count


def _labels(drawing: ET.Element, labels: Sequence[str]) -> None:
    room = (WIDTH - LEFT - RIGHT) / max(len(labels), 1)
    every = -(-len(labels) // MAX_LABELS) or 1
    for place, label in list(enumerate(labels))[::every]:
        x, y = LEFT + (place + 0.5) * room, HEIGHT - BOTTOM + 20
        _element(drawing, "text", label, x=x, y=y, text_anchor="middle")


def _height(count: int, top: int) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * count / top


def _round_step(least: float) -> int:
    """Return the least of 1, 2, 5, 10, 20, ... that is not below `least`."""
    step = 1
    while True:
        for factor in (1, 2, 5):
            if factor * step >= least:
                return factor * step
        step *= 10


def _element(
    parent: ET.Element | None, tag: str, text: str = "", **attributes: object
) -> ET.Element:
    element = ET.Element(tag) if parent is None else ET.SubElement(parent, tag)
    for name, value in attributes.items():
        shown = f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
        element.set(name.replace("font_", "font-").replace("text_", "text-"), shown)
    element.text = _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text) or None
    return element

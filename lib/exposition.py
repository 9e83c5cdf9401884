"""Figures in Prometheus' text format, as the long-lived processes show them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from typing import Any


class Histogram:
    """How often something took how long: in seconds, by the first of `bounds` it was not over."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0  # seconds

    def observe(self, seconds: float, times: int = 1) -> None:
        """Count something that took `seconds`, so many times."""
        self.counts[bisect_left(self.bounds, seconds)] += times
        self.total += seconds * times


def single(name: str, kind: str, meaning: str, value: float) -> Iterator[str]:
    """Yield the lines of one figure; `kind` is `gauge` or `counter`."""
    yield from _head(name, kind, meaning)
    yield f"collab_{name} {value:.15g}"


def labelled(
    name: str, meaning: str, labels: tuple[str, ...], values: Mapping[Any, int]
) -> Iterator[str]:
    """Yield the lines of a counter by its labels; a key of `values` is one label's, or a tuple."""
    yield from _head(name, "counter", meaning)
    for key, count in sorted(values.items()):
        pairs = zip(labels, key if isinstance(key, tuple) else (key,), strict=True)
        shown = ",".join(f'{label}="{_escaped(str(value))}"' for label, value in pairs)
        yield f"collab_{name}{{{shown}}} {count}"


def histogram(name: str, meaning: str, found: Histogram) -> Iterator[str]:
    """Yield the lines of a histogram."""
    yield from _head(name, "histogram", meaning)
    below, counts = 0, tuple(found.counts)
    for bound, count in zip(found.bounds, counts, strict=False):
        below += count
        yield f'collab_{name}_bucket{{le="{bound}"}} {below}'
    yield f'collab_{name}_bucket{{le="+Inf"}} {sum(counts)}'
    yield f"collab_{name}_sum {found.total:.6f}"
    yield f"collab_{name}_count {sum(counts)}"


def _head(name: str, kind: str, meaning: str) -> Iterator[str]:
    yield f"# HELP collab_{name} {meaning}"
    yield f"# TYPE collab_{name} {kind}"


def _escaped(label: str) -> str:
    return label.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")

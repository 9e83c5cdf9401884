"""Deltas: edits as lists of retain, insert and delete, as Quill and Yjs write them.

Clients count in UTF-16 units, as JavaScript strings do; pycrdt counts in bytes of UTF-8.
"""

from typing import Any

from lib.errors import Invalid, mistake

Delta = list[dict[str, Any]]


def between(old: str, new: str) -> Delta:
    """Return the smallest single edit, in UTF-16 units, that makes `new` of `old`."""
    start = _common(old, new)
    end = _common(old[start:][::-1], new[start:][::-1])
    removed, added = old[start : len(old) - end], new[start : len(new) - end]
    if not removed and not added:
        return []
    steps = [("retain", _utf16(old[:start])), ("delete", _utf16(removed)), ("insert", added)]
    return [{name: value} for name, value in steps if value]


def to_bytes(delta: Delta, text: str) -> Delta:
    """Return a delta on `text` with its lengths in bytes of UTF-8 instead of UTF-16 units.

    Raises Invalid, with a pointer to the step, for one that reaches past the end of the text or
    into the middle of a character.
    """
    units, at, converted = text.encode("utf-16-le"), 0, []
    for index, step in enumerate(delta):
        (name, value), *_ = step.items()
        if name != "insert":
            piece = units[at : at + 2 * value]
            at += 2 * value
            value = len(_decoded(piece, value, index).encode())
        converted.append({name: value})
    return converted


def to_units(delta: Delta, text: str) -> Delta:
    """Return a delta on `text` with its lengths in UTF-16 units instead of bytes of UTF-8."""
    encoded, at, converted = text.encode(), 0, []
    for step in delta:
        (name, value), *_ = step.items()
        if name != "insert":
            piece = encoded[at : at + value].decode()
            at += value
            value = _utf16(piece)
        converted.append({name: value})
    return converted


def _common(a: str, b: str) -> int:
    length = min(len(a), len(b))
    if a[:length] == b[:length]:
        return length
    low, high = 0, length  # a[:low] == b[:low], a[:high] != b[:high]
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if a[low:middle] == b[low:middle] else (low, middle)
    return low


def _utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _decoded(piece: bytes, units: int, index: int) -> str:
    if len(piece) < 2 * units:
        raise Invalid(mistake(f"/delta/{index}", "This reaches past the end of the text."))
    try:
        return piece.decode("utf-16-le")
    except UnicodeDecodeError:
        raise Invalid(mistake(f"/delta/{index}", "This cuts a character in two.")) from None

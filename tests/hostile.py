"""Updates of Yjs that no editor makes: deeply nested, small to send and long to walk through."""

from __future__ import annotations

_OTHER = 99  # the client that they are said to be of
_ANY, _TYPE, _KEYED = 8, 7, 0x20  # as structs begin
_MAP = 1


def deep_value(depth: int) -> bytes:
    """Return an update that holds one value: so many arrays in each other."""
    value = b"\x75\x01" * depth + b"\x7e"
    return b"\1\1" + _number(_OTHER) + b"\0" + bytes((_ANY,)) + _root() + b"\1" + value + b"\0"


def deep_types(count: int, start: int = 0) -> bytes:
    """Return an update with `count` maps, each in the one before; the first in number `start`-1."""
    out = bytearray(b"\1" + _number(count) + _number(_OTHER) + _number(start))
    for clock in range(start, start + count):
        parent = b"\0" + _number(_OTHER) + _number(clock - 1) if clock else _root()
        out += bytes((_TYPE | _KEYED,)) + parent + b"\1k" + bytes((_MAP,))
    return bytes(out) + b"\0"


def end_of_the_first() -> bytes:
    """Return an update that deletes the outermost of such maps, and so all of them."""
    return b"\0\1" + _number(_OTHER) + b"\1\0\1"


def _root() -> bytes:
    return b"\1\1m"


def _number(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(0x80 | number & 0x7F)
        number >>= 7
    return bytes(out + bytes((number,)))

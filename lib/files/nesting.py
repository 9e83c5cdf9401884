"""A look at what strangers call an update of Yjs, before native code walks through it.

That code goes into what is nested by calling itself: so deep a value as fits into a megabyte ends
the process. Source of the format: github.com/yjs/yjs (src/utils/encoding.js, src/structs) and lib0.
"""

from __future__ import annotations

MAX_DEPTH = 100  # arrays and objects in each other, in one value
MAX_TYPES = 5_000  # shared types in one update: as many could be nested in each other
SHORT = 4 * MAX_TYPES  # bytes that can't hold more of them

_UNDEFINED, _NULL, _INTEGER, _FLOAT32, _FLOAT64, _BIGINT = 127, 126, 125, 124, 123, 122
_FALSE, _TRUE, _STRING, _OBJECT, _ARRAY, _BYTES = 121, 120, 119, 118, 117, 116
_WIDTHS = {
    _UNDEFINED: 0, _NULL: 0, _FALSE: 0, _TRUE: 0, _FLOAT32: 4, _FLOAT64: 8, _BIGINT: 8,
}  # fmt: skip
_GC, _SKIP = 0, 10
_DELETED, _JSON, _BINARY, _TEXT, _EMBED, _FORMAT, _TYPE, _ANY, _DOC = range(1, 10)
_PLAIN_TYPES, _NAMED_TYPES = (0, 1, 2, 4, 6), (3, 5)
_ORIGIN, _RIGHT_ORIGIN, _KEYED, _KIND = 0x80, 0x40, 0x20, 0x1F
_NUMBER_BYTES = 10


class TooDeepError(ValueError):
    """This is no update, or one that nests deeper than editors do."""


def check(update: bytes) -> None:
    """Raise TooDeepError for an update that is not safe to walk through."""
    markers = update.count(_ARRAY) + update.count(_OBJECT)
    if len(update) > SHORT or markers > MAX_DEPTH:
        _Walk(update).structs()


class _Walk:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._types = 0

    def structs(self) -> None:
        for _ in range(self._number()):  # clients
            count = self._number()
            self._numbers(2)
            for _ in range(count):
                self._struct()

    def _struct(self) -> None:
        info = self._byte()
        if info in (_GC, _SKIP):
            self._number()
            return
        if info & _ORIGIN:
            self._numbers(2)
        if info & _RIGHT_ORIGIN:
            self._numbers(2)
        if not info & (_ORIGIN | _RIGHT_ORIGIN):
            if self._number() == 1:
                self._pass()
            else:
                self._numbers(2)
            if info & _KEYED:
                self._pass()
        self._content(info & _KIND)

    def _content(self, kind: int) -> None:
        if kind in (_BINARY, _TEXT, _EMBED):
            self._pass()
        elif kind == _DELETED:
            self._number()
        elif kind == _FORMAT:
            self._pass(2)
        elif kind == _JSON:
            self._pass(self._number())
        elif kind == _ANY:
            self._values(self._number())
        elif kind == _TYPE:
            self._type(self._number())
        elif kind == _DOC:
            self._pass()
            self._values(1)
        else:
            raise TooDeepError

    def _type(self, reference: int) -> None:
        self._types += 1
        if self._types > MAX_TYPES or reference not in (*_PLAIN_TYPES, *_NAMED_TYPES):
            raise TooDeepError
        if reference in _NAMED_TYPES:
            self._pass()

    def _values(self, count: int) -> None:
        open_ = [(count, False)]  # how many are to come at each level, and whether with keys
        while open_:
            left, keyed = open_.pop()
            if not left:
                continue
            open_.append((left - 1, keyed))
            if keyed:
                self._pass()
            kind = self._byte()
            if kind not in (_ARRAY, _OBJECT):
                self._plain(kind)
            elif len(open_) > MAX_DEPTH:
                raise TooDeepError
            else:
                open_.append((self._number(), kind == _OBJECT))

    def _plain(self, kind: int) -> None:
        if kind in (_STRING, _BYTES):
            self._pass()
        elif kind == _INTEGER:
            self._number()
        elif kind in _WIDTHS:
            self._at += _WIDTHS[kind]
        else:
            raise TooDeepError

    def _pass(self, times: int = 1) -> None:
        for _ in range(times):
            length = self._number()
            self._at += length

    def _numbers(self, times: int) -> None:
        for _ in range(times):
            self._number()

    def _number(self) -> int:
        number = 0
        for place in range(_NUMBER_BYTES):
            byte = self._byte()
            number |= (byte & 0x7F) << 7 * place
            if byte < 0x80:
                return number
        raise TooDeepError

    def _byte(self) -> int:
        if self._at >= len(self._data):
            raise TooDeepError
        byte = self._data[self._at]
        self._at += 1
        return byte

"""Zip archives from outside: all that is in one is checked before anything of it is used.

What is refused, and why: Fifield, "A better zip bomb", WOOT '19 (overlapping entries); CWE-22 and
CWE-59 (names that lead out of the folder); CWE-409 (little that becomes much).
"""

from __future__ import annotations

import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO

from worker.kinds import PermanentFailure

MAX_ENTRIES = 10_000
MAX_DIRECTORY = 4 * 1024 * 1024  # bytes of the list of entries, which is read whole
MAX_UNPACKED = 256 * 1024 * 1024  # bytes of all entries together
MAX_RATIO = 200  # times as large as the archive ...
RATIO_FROM = 16 * 1024 * 1024  # ... from so many bytes on: a little text shrinks more than that
MAX_SHOWN = 100  # characters of a name in an error
CHUNK = 64 * 1024  # bytes unpacked at a time

_END = struct.Struct("<4s4H2LH")  # the record at the end of an archive
_LOCAL_HEADER = 30  # bytes before each entry, at least
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_UNREADABLE_FLAGS = 0x1 | 0x20 | 0x40 | 0x2000  # encrypted, a patch, strongly encrypted, masked
_DAMAGE = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error, EOFError, OSError,
    ValueError, NotImplementedError, RuntimeError,
)  # fmt: skip


class Archive:
    """A zip whose list of entries is harmless; raises PermanentFailure, with the reason, if not."""

    def __init__(self, file: IO[bytes]) -> None:
        self.size = file.seek(0, 2)
        _check_end(file, self.size)
        try:
            self._zip = zipfile.ZipFile(file)
        except _DAMAGE:
            raise PermanentFailure("This is not a zip, or it is damaged.") from None
        self.entries = [each for each in self._zip.infolist() if _check(each)]
        _check_names(self._zip.infolist())
        _check_sizes(self._zip.infolist(), self.size)
        _check_places(self._zip)

    def chunks(self, entry: zipfile.ZipInfo) -> Iterator[bytes]:
        """Yield what an entry holds; raises PermanentFailure when it is damaged, or lies."""
        size = 0
        try:
            with self._zip.open(entry) as unpacked:
                while chunk := unpacked.read(CHUNK):
                    size += len(chunk)
                    yield chunk
        except _DAMAGE:
            raise _refused("is damaged", entry.filename) from None
        if size != entry.file_size:
            raise _refused("says another size than it has", entry.filename)


def shown(name: str) -> str:
    """Return an entry's name as it may be shown to people."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)[:MAX_SHOWN]


def _check_end(file: IO[bytes], size: int) -> None:
    # Python reads the whole list into memory, so its size has to be known before; where it is said
    # is looked for as Python does.
    tail_size = min(size, _END.size + 0xFFFF)
    file.seek(size - tail_size)
    tail = file.read(tail_size)
    at = len(tail) - _END.size
    if not (tail[at:].startswith(b"PK\5\6") and tail.endswith(b"\0\0")):
        at = tail.rfind(b"PK\5\6")
    record = tail[at : at + _END.size] if at >= 0 else b""
    if len(record) < _END.size:
        raise PermanentFailure("This is not a zip, or it is damaged.")
    _, disk, first_disk, _, count, directory, _, _ = _END.unpack(record)
    if disk or first_disk:
        raise PermanentFailure("This zip is one part of several.")
    if count > MAX_ENTRIES or directory > MAX_DIRECTORY or b"PK\6\7" in tail[max(0, at - 20) : at]:
        raise PermanentFailure(f"The zip has more than {MAX_ENTRIES} entries.")


def _check(entry: zipfile.ZipInfo) -> bool:
    """Return whether it is a file, not a folder."""
    name = entry.orig_filename
    _check_name(name)
    if entry.flag_bits & _UNREADABLE_FLAGS:
        raise _refused("is encrypted", name)
    if entry.compress_type not in _METHODS:
        raise _refused("is compressed in a way that is not supported", name)
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _refused("is a link, or something else that is no file", name)
    return not entry.is_dir()


def _check_name(name: str) -> None:
    if any(unicodedata.category(c) == "Cc" for c in name):
        raise _refused("has a control character in its name", name)
    if "\\" in name:
        raise _refused("has a backslash in its name", name)
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        raise _refused("has an absolute name", name)
    if any(step in ("", ".", "..") for step in name.removesuffix("/").split("/")):
        raise _refused("has a name that leads elsewhere", name)


def _check_names(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MAX_ENTRIES:
        raise PermanentFailure(f"The zip has more than {MAX_ENTRIES} entries.")
    seen: set[str] = set()
    for entry in entries:
        name = unicodedata.normalize("NFC", entry.filename.removesuffix("/")).casefold()
        if name in seen:
            raise _refused("is there twice, or differs from another in case alone", entry.filename)
        seen.add(name)


def _check_sizes(entries: list[zipfile.ZipInfo], size: int) -> None:
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > MAX_UNPACKED or (unpacked > RATIO_FROM and unpacked > MAX_RATIO * size):
        raise PermanentFailure("The zip would become too large when it is unpacked.")


def _check_places(archive: zipfile.ZipFile) -> None:
    # Entries that share bytes are how a small archive holds much in a single layer.
    free = 0
    for entry in sorted(archive.infolist(), key=lambda each: each.header_offset):
        if entry.header_offset < free:
            raise _refused("overlaps with another", entry.filename)
        free = entry.header_offset + _LOCAL_HEADER + entry.compress_size
    if free > archive.start_dir:
        raise PermanentFailure("The entries of the zip overlap with its list of them.")


def _refused(why: str, name: str) -> PermanentFailure:
    return PermanentFailure(f"An entry of the zip {why}: {shown(name)}")

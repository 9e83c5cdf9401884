"""Zip archives from outside: harmless ones are read, hostile ones refused by name."""

import io
import stat
import struct
import zipfile
from contextlib import suppress

import pytest

from worker import archives
from worker.archives import Archive
from worker.kinds import PermanentFailure


def zipped(*entries, method=zipfile.ZIP_DEFLATED):
    """A zip with these names (or ZipInfos) and contents, exactly as they are given."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return file


def named(name):
    """An entry whose name zipfile does not mend."""
    info = zipfile.ZipInfo("x")
    info.filename = info.orig_filename = name
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def moded(name, mode):
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, mode << 16
    return info


def read(file):
    archive = Archive(file)
    return {each.filename: b"".join(archive.chunks(each)) for each in archive.entries}


def patched(file, old, new, count=-1):
    """The archive with some of its bytes changed."""
    content = file.getvalue()
    assert old in content
    return io.BytesIO(content.replace(old, new, count))


def central(content, index=0):
    """Where the record of an entry begins in the list of entries."""
    at = -1
    for _ in range(index + 1):
        at = content.index(b"PK\1\2", at + 1)
    return at


def field(file, offset, layout, value, index=0):
    """The archive with one field of an entry's record in the list changed."""
    content = bytearray(file.getvalue())
    struct.pack_into(layout, content, central(bytes(content), index) + offset, value)
    return io.BytesIO(content)


def refusal(file):
    with pytest.raises(PermanentFailure) as refused:
        read(file)
    return str(refused.value)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_plain_archive_is_read(method):
    file = zipped(("a.md", b"one"), ("folder/", b""), ("folder/b c.md", b"two"), method=method)
    assert read(file) == {"a.md": b"one", "folder/b c.md": b"two"}


def test_a_comment_an_empty_archive_and_names_beyond_ascii_are_no_harm():
    file = zipped(("größe/日本.md", b"x"))
    with zipfile.ZipFile(file, "a") as archive:
        archive.comment = b"PK\5\6 a comment"
    assert "damaged" in refusal(file)  # Python would not know where the list of entries is
    with zipfile.ZipFile(plain := zipped(("größe/日本.md", b"x")), "a") as archive:
        archive.comment = b"a comment"
    assert read(plain) == {"größe/日本.md": b"x"}
    assert read(zipped()) == {}


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("/etc/passwd", "absolute"), ("C:evil.txt", "absolute"), ("c:/evil.txt", "absolute"),
        ("../evil", "leads elsewhere"), ("a/../../evil", "leads elsewhere"),
        ("a/./b", "leads elsewhere"), ("a//b", "leads elsewhere"), ("./a", "leads elsewhere"),
        ("..", "leads elsewhere"), ("a/..", "leads elsewhere"), ("a/../", "leads elsewhere"),
        ("..\\evil", "backslash"), ("a\\b", "backslash"), ("\\\\host\\share", "backslash"),
        ("a\nb", "control"), ("a\x7fb", "control"), ("a\x1b[2Jb", "control"), ("a\x85", "control"),
    ],
)  # fmt: skip
def test_a_name_that_leads_elsewhere_is_refused(name, why):
    said = refusal(zipped(("good.md", b"x"), (named(name), b"x")))
    assert why in said
    assert said.isprintable()


def test_a_name_with_nul_is_refused_though_python_cuts_it_there():
    file = patched(zipped(("good.mdXevil", b"x")), b"good.mdXevil", b"good.md\0evil")
    assert zipfile.ZipFile(file).namelist() == ["good.md"]
    assert "control" in refusal(file)


def test_an_entry_without_a_name_is_refused():
    assert "leads elsewhere" in refusal(zipped((named(""), b"x")))


@pytest.mark.parametrize("mode", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK])
def test_links_and_devices_are_refused(mode):
    assert "link" in refusal(zipped((moded("notes.md", mode | 0o777), b"/etc/passwd")))
    assert read(zipped((moded("notes.md", stat.S_IFREG | 0o644), b"x"))) == {"notes.md": b"x"}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("one", "other"), [("a.md", "a.md"), ("README.md", "readme.MD"), ("e\u0301", "\u00e9"),
                       ("a", "A/")],
)  # fmt: skip
def test_the_same_name_twice_is_refused_in_whatever_case(one, other):
    assert "twice" in refusal(zipped((one, b"1"), (other, b"2")))


@pytest.mark.parametrize("flag", [0x1, 0x40, 0x2000, 0x20])
def test_what_is_encrypted_is_refused(flag):
    assert "encrypted" in refusal(field(zipped(("a.md", b"secret")), 8, "<H", flag))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_unusual_compression_is_refused(method):
    assert "not supported" in refusal(zipped(("a.md", b"x" * 100), method=method))


def test_a_compression_that_there_is_not_is_refused():
    assert "not supported" in refusal(field(zipped(("a.md", b"x")), 10, "<H", 99))


def test_entries_that_share_their_bytes_are_refused():
    """As in a better zip bomb: the second record names the bytes of the first."""
    file = zipped(("a", b"x" * 1000), ("b", b"y" * 1000))
    assert "overlaps" in refusal(field(file, 42, "<L", 0, index=1))


def test_an_entry_that_quotes_the_next_is_refused():
    """The first holds the header of the second as plain bytes, and so on: each is one more copy."""
    file = zipped(("a", b"x" * 1000), ("b", b"y" * 1000), method=zipfile.ZIP_STORED)
    longer = 1000 + 30 + 1 + 1000
    file = field(file, 20, "<L", longer)
    assert "overlaps" in refusal(field(file, 24, "<L", longer))


def test_an_entry_that_reaches_into_the_list_is_refused():
    file = zipped(("a", b"x" * 10), method=zipfile.ZIP_STORED)
    assert "overlap" in refusal(field(field(file, 20, "<L", 60), 24, "<L", 60))


def test_little_that_becomes_much_is_refused_by_its_ratio():
    bomb = zipped(*((f"{n}", b"\0" * (4 * 1024 * 1024)) for n in range(5)))
    assert len(bomb.getvalue()) < 30_000
    assert "too large" in refusal(bomb)


def test_much_is_refused_whatever_its_ratio(monkeypatch):
    monkeypatch.setattr(archives, "MAX_UNPACKED", 1000)
    assert "too large" in refusal(zipped(("a", b"x" * 600), ("b", b"y" * 600)))
    assert read(zipped(("a", b"x" * 600)))


def test_a_little_text_may_shrink_as_much_as_it_likes():
    file = zipped(("a", b"x" * 400_000))
    assert len(file.getvalue()) * archives.MAX_RATIO < 400_000
    assert len(read(file)["a"]) == 400_000


@pytest.mark.parametrize("said", [3, 400_000])
def test_an_entry_that_lies_about_its_size_is_refused_and_never_unpacked_beyond_it(said):
    file = field(zipped(("a", b"x" * 300_000)), 24, "<L", said)
    archive, got = Archive(file), []
    with pytest.raises(PermanentFailure, match=r"damaged|another size"):
        got.extend(archive.chunks(archive.entries[0]))
    assert sum(map(len, got)) <= min(said, 300_000)


def test_a_wrong_checksum_is_refused():
    assert "damaged" in refusal(field(zipped(("a", b"x")), 16, "<L", 1))


def test_a_local_name_other_than_the_listed_one_is_refused():
    content = zipped(("a.md", b"x")).getvalue()
    assert "damaged" in refusal(io.BytesIO(content.replace(b"a.md", b"b.md", 1)))


def test_too_many_entries_are_refused_before_the_list_is_read(monkeypatch):
    file = zipped(*((f"{n}", b"") for n in range(12)))
    monkeypatch.setattr(archives, "MAX_ENTRIES", 12)
    assert len(read(file)) == 12
    monkeypatch.setattr(archives, "MAX_ENTRIES", 11)
    monkeypatch.setattr(zipfile, "ZipFile", None)
    assert "more than 11" in refusal(file)


def test_a_list_longer_than_it_says_is_refused(monkeypatch):
    """The number at the end is not what counts: the list may hold more."""
    content = bytearray(zipped(*((f"{n}", b"") for n in range(12))).getvalue())
    end = content.rindex(b"PK\5\6")
    struct.pack_into("<2H", content, end + 8, 1, 1)
    monkeypatch.setattr(archives, "MAX_ENTRIES", 11)
    assert "more than 11" in refusal(io.BytesIO(content))
    monkeypatch.setattr(archives, "MAX_DIRECTORY", 100)
    monkeypatch.setattr(zipfile, "ZipFile", None)
    assert "more than 11" in refusal(io.BytesIO(content))


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"no zip at all", b"PK\5\6", b"PK\5\6" + b"\xff" * 18, b"\0" * 100_000]
)
def test_what_is_no_zip_is_refused(content):
    assert "zip" in refusal(io.BytesIO(content))


def test_a_zip_cut_off_or_with_any_byte_changed_is_read_or_refused():
    whole = zipped(("a.md", b"some text"), ("b/c.md", b"more of it" * 50)).getvalue()
    for at in range(len(whole)):
        for damaged in (whole[:at], whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :]):
            with suppress(PermanentFailure):
                read(io.BytesIO(damaged))

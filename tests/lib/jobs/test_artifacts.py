"""Names of artifacts: whatever a project is called, the download is a plain file."""

import pytest

from lib.errors import TooLarge
from lib.jobs import artifacts
from lib.jobs.artifacts import make, safe_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Launch-20260101.zip", "Launch-20260101.zip"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("a\\b:c*d?e\"f<g>h|i.txt", "a_b_c_d_e_f_g_h_i.txt"),
        ("a\r\nSet-Cookie: x\0.txt", "a__Set-Cookie_ x_.txt"),
        ("größe 漢字 🎉.md", "größe 漢字 🎉.md"),
        ("‮gpj.exe", "_gpj.exe"),
        ("", "_"), (".", "_"), ("..", "_"), (" . . ", "_"),
        ("x" * 400 + ".zip", "x" * 146 + ".zip"),
        ("x" * 400, "x" * 150),
    ],
)  # fmt: skip
def test_a_name_is_safe_everywhere(text, name):
    assert safe_name(text) == name


def test_too_large_or_of_no_media_type_is_refused(monkeypatch):
    monkeypatch.setattr(artifacts, "MAX_ARTIFACT", 3)
    assert make("a", "text/plain", b"abc").content == b"abc"
    with pytest.raises(TooLarge):
        make("a", "text/plain", b"abcd")
    with pytest.raises(ValueError, match="media type"):
        make("a", "text/html\r\nX: y", b"")

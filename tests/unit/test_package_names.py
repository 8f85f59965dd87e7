"""Names of files in a package: Chinese stays as it is, what some system cannot write does not."""

from __future__ import annotations

import pytest

from domain.files import FileEntry
from domain.proofs.packages import LONGEST, portable, portable_names


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("签到表.jpg", "签到表.jpg"),
        ("a/b\\c:d*e?.txt", "a_b_c_d_e_.txt"),
        ("..", "_"),
        ("../../etc/passwd", "_.._etc_passwd"),
        (" .hidden. ", "hidden"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("contract.txt", "contract.txt"),
        ("a\nb\x00c\u202ed.txt", "a_b_c_d.txt"),
        ("e\u0301.txt", "\u00e9.txt"),
        ("", "_"),
        ("100%.txt", "100%.txt"),
    ],
)
def test_odd_names(name: str, expected: str) -> None:
    """Each becomes one that every system writes, once and for all."""
    assert portable(name) == expected
    assert portable(expected) == expected


def test_long_names() -> None:
    """They are cut between characters, and keep their ending."""
    cut = portable("会" * 300 + ".docx")
    assert cut.endswith("会.docx")
    assert LONGEST - 3 < len(cut.encode()) <= LONGEST
    assert len(portable("." + "x" * 500).encode()) <= LONGEST


def entry(name: str, digest: str) -> FileEntry:
    return FileEntry(name=name, sha256=digest * 64, size=1, media_type="text/plain", role="other")


def test_like_names_get_a_number() -> None:
    """Also where they differ only in case; the same bytes are there once, under their first name."""
    files = [
        entry("签到.txt", "a"),
        entry("签到.txt", "b"),
        entry("X.TXT", "c"),
        entry("x.txt", "d"),
        entry("y.txt", "a"),
    ]
    assert [name for _, name in portable_names(files)] == ["签到.txt", "签到 (2).txt", "X.TXT", "x (2).txt"]
    bare = [entry("签到", "a"), entry("签到", "b")]
    assert [name for _, name in portable_names(bare)] == ["签到", "签到 (2)"]

"""Calls of ``receipt`` that mean nothing are refused before an archive is opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.cli.main import main


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (("-o", "r.docx"), "receipt_ending"),
        (("-o", "r"), "receipt_ending"),
        (("-o", "r.json"), "receipt_ending"),
        (("--complete", "-o", "r.pdf"), "receipt_ending"),
        (("--complete", "--version", "1", "-o", "r.json"), "usage"),
        (("--version", "1", "--event", "1", "-o", "r.pdf"), "usage"),
        (("--json", "-o", "-"), "usage"),
        ((), "usage"),
    ],
)
def test_a_call_that_means_nothing_is_wrong_input(
    given: tuple[str, ...],
    code: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Endings that no receipt has, and options that exclude each other."""
    monkeypatch.setenv("JIANZHENG_HOME", str(tmp_path / "none"))
    assert main(["receipt", "school-01-2023-0001", *given]) == 2
    said = capsys.readouterr()
    assert code in said.err + said.out

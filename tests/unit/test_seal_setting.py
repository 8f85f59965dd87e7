"""JIANZHENG_SEAL: whether files that come from now on are sealed."""

from __future__ import annotations

import pytest

from adapters.home.settings import read
from adapters.servers.bad_setting import BadSetting

BUCKET = "s3://key:secret@files.example:9000/jianzheng?secure=no"


@pytest.mark.parametrize(
    "seal, bucket, sealing",
    [
        ("", "", False),
        ("auto", "", False),
        ("auto", f"{BUCKET}&lock=off", False),
        ("", f"{BUCKET}&lock=governance&days=30", True),
        ("auto", f"{BUCKET}&lock=compliance&days=30", True),
        ("off", f"{BUCKET}&lock=compliance&days=30", False),
        ("on", "", True),
        ("on", f"{BUCKET}&lock=off", True),
    ],
)
def test_files_are_sealed_where_they_are_locked_unless_somebody_says_otherwise(
    seal: str, bucket: str, sealing: bool
) -> None:
    """By itself the setting follows the lock of the bucket."""
    assert read({"JIANZHENG_SEAL": seal, "JIANZHENG_BLOBS": bucket}).sealing is sealing


@pytest.mark.parametrize("value", ["yes", "ON", "auto ", "1"])
def test_nothing_else_can_be_set(value: str) -> None:
    """A misspelt setting does not silently leave files unsealed."""
    with pytest.raises(BadSetting, match="JIANZHENG_SEAL"):
        read({"JIANZHENG_SEAL": value})

"""Addresses to copy an archive to: what each is for, and what cannot be meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.home.route import route
from adapters.home.settings import read
from domain.errors import InputError

DATABASE = "postgresql://app:secret@db.example:5432/jianzheng"
BUCKET = "s3://key:secret@files.example:9000/jianzheng?secure=no"
SEARCH = "http://user:secret@search.example:9200/jianzheng"


def moved(home: Path, *urls: str, **servers: str) -> set[str]:
    found = route(read({"JIANZHENG_HOME": str(home), **servers}), urls)
    return {part for part in ("home", "tables", "files", "search") if getattr(found, part)}


def test_what_no_address_names_stays_where_it_is(tmp_path: Path) -> None:
    """Each address moves its own part, and a folder moves everything that is not named besides."""
    tmp_path.joinpath("home").mkdir()
    home = tmp_path / "home"
    on_servers = {"JIANZHENG_DATABASE": DATABASE, "JIANZHENG_BLOBS": BUCKET, "JIANZHENG_SEARCH": SEARCH}
    assert moved(home, DATABASE) == {"tables"}
    assert moved(home, BUCKET, SEARCH) == {"files", "search"}
    assert moved(home, f"file:{tmp_path / 'new'}") == {"home", "tables", "files", "search"}
    assert moved(home, f"file:{tmp_path / 'new'}", BUCKET, **on_servers) == {"home", "tables", "search"}
    assert moved(home, f"file://{home}", **on_servers) == {"tables", "files", "search"}


def test_the_settings_to_use_afterwards_hold_no_secrets(tmp_path: Path) -> None:
    """They name everything, also what must not be set any more."""
    found = route(read({"JIANZHENG_HOME": str(tmp_path), "JIANZHENG_BLOBS": BUCKET}), [DATABASE]).settings()
    assert "secret" not in str(found)
    assert found == {
        "JIANZHENG_HOME": str(tmp_path),
        "JIANZHENG_DATABASE": "postgresql://app@db.example:5432/jianzheng",
        "JIANZHENG_BLOBS": "s3://files.example:9000/jianzheng",
        "JIANZHENG_SEARCH": "",
    }


@pytest.mark.parametrize(
    ("urls", "code"),
    [
        (["ftp://user:secret@files.example/x"], "migration_address_invalid"),
        (["file:"], "migration_address_invalid"),
        (["file:a\0b"], "migration_address_invalid"),
        (["file://elsewhere.example/x"], "migration_address_invalid"),
        (["file://[secret"], "migration_address_invalid"),
        ([BUCKET, BUCKET + "&lock=off"], "migration_address_twice"),
        (["postgresql://app:secret@db.example"], "database_address_invalid"),
        (["s3://key:secret@files.example/b"], "bad_setting"),
        (["https://user:secret@search.example/"], "search_address_invalid"),
        ([SEARCH], "migration_nothing_to_move"),
        ([], "migration_nothing_to_move"),
    ],
)
def test_what_cannot_be_meant(urls: list[str], code: str, tmp_path: Path) -> None:
    """Each has its own error, in which no part of an address is repeated."""
    settings = read({"JIANZHENG_HOME": str(tmp_path), "JIANZHENG_SEARCH": SEARCH})
    with pytest.raises(InputError) as refused:
        route(settings, urls)
    assert refused.value.code == code
    assert not any("secret" in refused.value.message(lang) + refused.value.next_step(lang) for lang in ("zh", "en"))

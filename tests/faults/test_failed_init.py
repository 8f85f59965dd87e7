"""An archive that could not be made is not there: nothing is left that the next `init` would stumble over."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.events.sqlite import SQLiteEventStore
from adapters.home import founding, settings
from adapters.home.founding import create_archive
from adapters.home.house import open_archive
from domain.errors import StorageFull
from domain.ledger.errors import KeyFileInvalid


def make(home: Path) -> None:
    create_archive(settings.read({"JIANZHENG_HOME": str(home)}), name="示例", origin="archive.example/x").close()


def full(*_: object, **__: object) -> None:
    raise StorageFull


@pytest.mark.parametrize("there", [False, True], ids=["no folder", "an empty folder"])
@pytest.mark.parametrize("step", ["key", "events", "identity"])
def test_what_was_begun_is_taken_away(tmp_path: Path, step: str, there: bool) -> None:
    """Failed and not persisted, at the first step, in between and at the last: the same call works later."""
    home = tmp_path / "home"
    if there:
        home.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        if step == "events":
            patch.setattr(SQLiteEventStore, "append", full)
        else:
            patch.setattr(founding, {"key": "create_key", "identity": "write_new"}[step], full)
        with pytest.raises(StorageFull):
            make(home)
    assert home.exists() == there
    assert not there or list(home.iterdir()) == []
    make(home)
    open_archive(settings.read({"JIANZHENG_HOME": str(home)})).close()


def test_what_another_is_making_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two at once: whoever finds the other's key gives up and takes nothing away."""
    home = tmp_path / "home"
    ours = founding.create_key

    def second(path: Path, name: str) -> object:
        (home / "index" / "theirs").write_bytes(b"")
        ours(path, name)  # the other one's
        return ours(path, name)

    monkeypatch.setattr(founding, "create_key", second)
    with pytest.raises(KeyFileInvalid):
        make(home)
    assert {path.name for path in home.iterdir()} == {"index", "keys", "staging", "text"}
    assert (home / "index" / "theirs").exists()

"""`jianzheng migrate` as people call it: addresses from the call, a file and the environment, and its answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.cli_world import PASSWORD, Shell, make_office, servers


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    return make_office(tmp_path_factory.mktemp("office"))


@pytest.fixture
def urls(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    with servers("servers", request) as found:
        yield found


def test_there_by_a_file_and_back_by_the_call(office: Shell, urls: dict[str, str], tmp_path: Path) -> None:
    """The answers tell counts, roots and settings, no secret; commands work on the copy as on the archive."""
    addresses = tmp_path / "addresses"
    addresses.write_text("# where to\n" + "\n".join(list(urls.values())[:2]) + "\n", "utf-8")
    there = office("migrate", "--to-file", str(addresses), "--json", JIANZHENG_MIGRATE_TO=urls["JIANZHENG_SEARCH"])
    assert there.code == 0, there.out
    said = there.json
    assert (said["ok"], said["behind"], said["source"]["findings"], said["target"]["findings"]) == (True, 0, [], [])
    assert said["root"] == said["source"]["root"] == said["target"]["root"]
    assert said["tree_size"] == said["copied"]["events"] == said["copied"]["leaves"]
    assert said["copied"]["files"] == 1
    assert set(said["settings"]) == {"JIANZHENG_HOME", *urls}
    assert not [url for url in urls.values() if (urlsplit(url).password or "?") in there.out + there.err]

    moved = Shell(office.folder, urls)
    for line in (
        ("show", "school-01-2023-0001", "--json"),
        ("search", "立行立改", "--json"),
        ("checkpoint", "--json"),
        ("report", "annual", "--org", "school-01", "--year", "2023", "--json"),
    ):
        here, elsewhere = office(*line), moved(*line)
        assert here.code == elsewhere.code
        assert without_time(here.json) == without_time(elsewhere.json)

    back = moved("migrate", "--to", f"file:{tmp_path / 'back'}")
    assert back.code == 0, back.err
    assert "JIANZHENG_DATABASE" in back.out
    assert office("verify", JIANZHENG_HOME=str(tmp_path / "back")).code == 0


def without_time(answer: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in answer.items() if name != "took_ms"}


def test_a_call_that_cannot_be_meant(office: Shell) -> None:
    """It is refused with its own error before anything is written, and no secret is repeated."""
    answer = office("migrate", "--to", "file:材料", "--json")
    assert (answer.code, answer.json["error"]["code"]) == (2, "migration_target_occupied")
    answer = office("migrate", "--to", "ftp://user:secret@files.example/x", "--json")
    assert (answer.code, answer.json["error"]["code"]) == (2, "migration_address_invalid")
    assert "secret" not in answer.out


def test_only_who_manages_the_whole_may_copy_it(office: Shell) -> None:
    """Whoever reads one school's records may not carry away all of them."""
    added = office("user", "add", "reader", "--role", "reader", "--org", "school-01", JIANZHENG_PASSWORD=PASSWORD)
    assert added.code == 0
    assert office("migrate", "--to", "file:elsewhere", JIANZHENG_USER="reader").code == 4
    assert not (office.folder / "elsewhere").exists()

"""Secrets in files: what is taken from them, what is refused, and that nothing of them is repeated."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.home.settings import read
from adapters.home.variables import NAMES, VARIABLES
from adapters.servers.bad_setting import BadSetting
from adapters.servers.secret_files import LONGEST, SecretFileUnusable, secret

NAME = "JIANZHENG_APP_PASSWORD"
DATABASE = "postgresql://jianzheng_app@db.example:5432/jianzheng"
BLOBS = "s3://key@files.example:9000/jianzheng"
SEARCH = "https://elastic@search.example:9200/jianzheng"


def put(folder: Path, content: bytes) -> str:
    (folder / "secret").write_bytes(content)
    return str(folder / "secret")


def test_a_secret_is_given_or_in_a_file(tmp_path: Path) -> None:
    """The file's line without its end; the variable itself works as ever; neither is nothing."""
    assert secret({}, NAME) is None
    assert secret({NAME: ""}, NAME) is None
    assert secret({NAME: "hush"}, NAME) == "hush"
    for content in (b"hush", b"hush\n", b"hush\r\n"):
        assert secret({f"{NAME}_FILE": put(tmp_path, content)}, NAME) == "hush"
    assert secret({f"{NAME}_FILE": put(tmp_path, "口令 with blanks ".encode())}, NAME) == "口令 with blanks "


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "empty"), (b"\n", "empty"), (b"hush\nhush", "one line"), (b"hush\0", "one line"), (b"\xffhush", "one line"),
     (b"hush" * LONGEST, "one line")],
)  # fmt: skip
def test_what_is_no_secret_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    """Several lines, bytes that are no text, too many or none: the wrong file was named, and none of it is shown."""
    with pytest.raises(SecretFileUnusable, match=said) as caught:
        secret({f"{NAME}_FILE": put(tmp_path, content)}, NAME)
    assert "hush" not in caught.value.message("zh") + caught.value.next_step("zh")
    assert NAME in caught.value.message("zh")


@pytest.mark.parametrize("path", ["nowhere", ".", "\0"])
def test_a_file_that_cannot_be_read_is_named(path: str) -> None:
    """It is not there, or it is a folder: exit code 2, with the path."""
    with pytest.raises(SecretFileUnusable, match="cannot be read") as caught:
        secret({f"{NAME}_FILE": path}, NAME)
    assert caught.value.exit_code == 2


def test_a_secret_is_given_once(tmp_path: Path) -> None:
    """Which of two would be meant nobody can say."""
    with pytest.raises(SecretFileUnusable, match="only one"):
        secret({NAME: "hush", f"{NAME}_FILE": put(tmp_path, b"other")}, NAME)


def test_passwords_of_servers_stand_apart(tmp_path: Path) -> None:
    """An address without a password takes that of its own setting, whatever characters it has; an API key too."""
    file = put(tmp_path, b"p@ss/w:rd%41\n")
    settings = read(
        {
            "JIANZHENG_DATABASE": DATABASE,
            "JIANZHENG_DATABASE_PASSWORD_FILE": file,
            "JIANZHENG_BLOBS": BLOBS,
            "JIANZHENG_BLOBS_PASSWORD_FILE": file,
            "JIANZHENG_SEARCH": SEARCH,
            "JIANZHENG_SEARCH_PASSWORD_FILE": file,
        }
    )
    assert settings.database and settings.bucket and settings.search
    assert settings.database.parameters()["password"] == "p@ss/w:rd%41"
    assert (settings.bucket.key, settings.bucket.secret) == ("key", "p@ss/w:rd%41")
    assert (settings.search.user, settings.search.password, settings.search.api_key) == ("elastic", "p@ss/w:rd%41", "")
    assert "p@ss" not in repr(settings)
    bare = read({"JIANZHENG_SEARCH": SEARCH.replace("elastic@", ""), "JIANZHENG_SEARCH_PASSWORD": "key=="}).search
    assert bare and (bare.user, bare.password, bare.api_key) == ("", "", "key==")


def test_whole_addresses_may_stand_in_files(tmp_path: Path) -> None:
    """With the password in them."""
    file = put(tmp_path, b"postgresql://clerk:hush@db.example/archive\n")
    database = read({"JIANZHENG_DATABASE_FILE": file}).database
    assert database and (database.user, database.password) == ("clerk", "hush")


@pytest.mark.parametrize("name", ["DATABASE", "BLOBS", "SEARCH"])
def test_two_passwords_are_refused(name: str) -> None:
    """One in the address and one beside it."""
    url = {"DATABASE": DATABASE, "BLOBS": BLOBS, "SEARCH": SEARCH}[name].replace("@", ":hush@")
    with pytest.raises(BadSetting) as caught:
        read({f"JIANZHENG_{name}": url, f"JIANZHENG_{name}_PASSWORD": "hush"})
    assert caught.value.params["name"] == f"JIANZHENG_{name}_PASSWORD"
    assert "hush" not in caught.value.message("en")


def test_a_bucket_needs_its_secret() -> None:
    """And the sentence says where it may stand."""
    with pytest.raises(BadSetting, match="JIANZHENG_BLOBS_PASSWORD"):
        read({"JIANZHENG_BLOBS": BLOBS})


def test_every_password_may_stand_in_a_file() -> None:
    """No setting that holds a secret was forgotten."""
    for variable in VARIABLES:
        holds = variable.name.endswith("PASSWORD") or ":secret@" in variable.example
        holds = holds or variable.name == "JIANZHENG_SIGN_COMMAND"  # a security module's PIN may stand in it
        assert variable.secret == holds, variable.name
        assert (f"{variable.name}_FILE" in NAMES) == holds

"""Evidence packages: whole ones hold by three programs, and whatever is done to one is refused and named."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from adapters.home.house import House, open_archive
from adapters.packages.verifier.bag import Bag, listed
from adapters.packages.verifier.evidence import Report, check_package
from adapters.packages.verifier.trouble import NoPackage
from api.cli.context import Context
from api.cli.packages import packages
from domain.ledger.checkpoint import parse_checkpoint
from domain.ledger.note import parse_note
from indexers.pipeline import integrate
from tests.authority import make, serving
from tests.cli_world import LECTURE, REPAIR, Shell, make_office
from tests.interop.package_program import package_checker
from tests.package_cases import CASES, HOSTILE, SHEET, altered, drop, edit, hostile, put
from tests.servers import cache
from tests.servers.plugin import do_without


@dataclass
class Made:
    """A package of two records, the office that made it, and the key that somebody kept."""

    office: Shell
    path: Path
    vkey: str


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    folder = tmp_path_factory.mktemp("office")
    office = make_office(folder)
    (folder / "更正.txt").write_text("补一份", "utf-8")
    assert office("attach", LECTURE, "更正.txt").code == 0
    with serving(make(folder / "tsa")) as tsa:
        roots = folder / "jianzheng-data" / "timestamp-roots"
        roots.mkdir()
        (roots / "tsa.pem").write_bytes(tsa.roots.read_bytes())
        assert office("timestamp", JIANZHENG_TIMESTAMP_AUTHORITIES=f"tsa={tsa.url}").code == 0
    assert office("org", "add", "school-02", "第二小学").code == 0
    answer = office("package", REPAIR, LECTURE, "-o", "证据包.zip", "--json")
    assert (answer.code, answer.err) == (0, "")
    assert answer.json["records"] == [LECTURE, REPAIR]
    vkey = (folder / "jianzheng-data" / "ledger" / "vkey").read_text("utf-8").strip()
    yield Made(office, folder / "证据包.zip", vkey)


def checked(path: Path, policy: bytes | None = None) -> Report:
    bag = Bag(path)
    try:
        return check_package(bag, policy)
    finally:
        bag.close()


def test_a_whole_package(made: Made) -> None:
    """Records, events, originals and time stamps all hold, under a policy that the reader brings along."""
    report = checked(made.path, f"log {made.vkey}\nquorum none\n".encode())
    assert report.wrong == []
    assert (report.records, report.events, report.files, report.stamps) == (2, 3, 2, 1)
    assert report.open == []
    assert any("all of these events existed" in en for _, en in report.proven)
    own = checked(made.path)
    assert own.sound
    assert made.vkey in own.open[0][1]


def test_a_package_of_before_the_statement(made: Made, tmp_path: Path) -> None:
    """It is as sound as it was, and the reader is told what it does not show."""
    names = [f"data/records/{code}/complete" for code in (LECTURE, REPAIR)]
    report = checked(altered(made.path, tmp_path / "old.zip", drop(*names, fit=True)))
    assert report.wrong == []
    assert sum("nothing says that it has no other events" in en for _, en in report.open) == 2


def test_somebody_elses_key(made: Made) -> None:
    """By the policy of another log it shows nothing."""
    other = make_vkey("archive.example/2023")
    report = checked(made.path, f"log {other}\nquorum none\n".encode())
    assert [en for _, en in report.wrong] == ["the checkpoint is signed by no log of the policy"]


def make_vkey(name: str) -> str:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from domain.ledger.note import ED25519, VerifierKey

    return VerifierKey(name, ED25519, Ed25519PrivateKey.generate().public_key().public_bytes_raw()).encode()


def test_the_program_inside(made: Made, tmp_path: Path) -> None:
    """Unpacked anywhere, it checks the folder that it lies in with nothing but Python, and says so in two languages."""
    with zipfile.ZipFile(made.path) as archive:
        archive.extractall(tmp_path)
    [folder] = tmp_path.iterdir()
    command = [sys.executable, "-I", "-S", folder / "verify.py"]
    for arguments in ([], [made.path]):
        ran = subprocess.run([*command, *arguments], capture_output=True, check=False, cwd=os.sep)
        assert ran.returncode == 0, ran.stderr.decode()
        said = ran.stdout.decode()
        assert "它证明" in said and "Proven:" in said and "Not proven:" in said
    (folder / SHEET).write_text("别人", "utf-8")
    ran = subprocess.run(command, capture_output=True, check=False)
    assert ran.returncode == 1
    assert "签到表.txt" in ran.stdout.decode()


def test_go_agrees(made: Made, tmp_path: Path) -> None:
    """A program that knows Go's `sumdb` packages and nothing of us finds it good, and altered ones bad."""
    try:
        program = package_checker()
    except cache.Unavailable as error:
        do_without("go", str(error))

    def says(path: Path, vkey: str = made.vkey) -> int:
        return subprocess.run([program, path, vkey], capture_output=True, check=False).returncode

    assert says(made.path) == 0
    assert says(made.path, make_vkey("archive.example/2023")) == 1
    for case in (
        "a file altered, manifests made anew",
        "an event altered, manifests made anew",
        "a payload file added",
        "the last event left out",
        "the statement of another record",
        "a statement of garbage",
    ):
        assert says(altered(made.path, tmp_path / "other.zip", *CASES[case][:1])) == 1


def test_the_time_stamp_by_openssl(made: Made, tmp_path: Path) -> None:
    """Note and answer lie in the package as ``openssl ts -verify`` wants them; the certificate is there, too."""
    with zipfile.ZipFile(made.path) as archive:
        archive.extractall(tmp_path)
    [folder] = tmp_path.glob("*/data/timestamps")
    [answer] = folder.glob("*.tsr")
    command = [
        "openssl",
        "ts",
        "-verify",
        "-in",
        answer,
        "-data",
        answer.with_suffix(".note"),
        "-CAfile",
        folder / "tsa.pem",
    ]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_the_same_again(made: Made) -> None:
    """The same records under the same checkpoint give the same bytes; names are UTF-8 and say so."""
    assert made.office("package", LECTURE, REPAIR, REPAIR, "-o", "again.zip").code == 0
    assert (made.office.folder / "again.zip").read_bytes() == made.path.read_bytes()
    with zipfile.ZipFile(made.path) as archive:
        for info in archive.infolist():
            assert info.filename.isascii() or info.flag_bits & 0x800
            assert info.date_time == (1980, 1, 1, 0, 0, 0)
        info = archive.read(f"{archive.namelist()[0].split('/')[0]}/bag-info.txt").decode()
    assert f"External-Identifier: {LECTURE}\n" in info


def test_a_witnessed_checkpoint_goes_before_a_newer_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If it covers all events of the records: who trusts witnesses is to believe the package."""
    office = make_office(tmp_path)
    house = open_archive(office.settings())
    context = Context(office.settings(), {}, json=True)
    context.own(house)
    actor, notes = house.operator(), list[bytes]()
    for school in ("second", "third"):
        integrate(house)
        notes.append(house.publisher.checkpoint())
        house.administration.add_organisation(actor, school, school)
        house.archive.sign_off(actor, LECTURE if school == "third" else REPAIR)
    integrate(house)
    newest = house.ledger.size()
    witnessed = parse_checkpoint(parse_note(notes[1]).text)
    monkeypatch.setattr(House, "witnessed", lambda self: notes[1].decode())
    package = packages(context).of(actor, [REPAIR])
    assert package.size == witnessed.size < newest
    assert next(package.members).data == notes[1]
    assert packages(context).of(actor, [REPAIR, LECTURE]).size == newest
    house.close()


def test_who_may_not_read_gets_none(made: Made) -> None:
    """The policy of access is asked as for reading; nothing is written where it says no."""
    office = made.office
    assert (
        office(
            "user",
            "add",
            "clerk",
            "--role",
            "clerk",
            "--org",
            "school-02",
            JIANZHENG_PASSWORD="correct horse battery staple",
        ).code
        == 0
    )
    answer = office("package", LECTURE, "-o", "no.zip", JIANZHENG_USER="clerk")
    assert answer.code in (2, 4)
    assert office("package", "school-01-2023-0099", "-o", "no.zip").code == 2
    assert not (office.folder / "no.zip").exists()
    assert not list(office.folder.glob(".*.part"))


# ── what is done to a package ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("case", CASES)
def test_whatever_is_done_to_it_is_named(made: Made, tmp_path: Path, case: str) -> None:
    """Also by somebody who makes the manifests fit: these show what is whole, the receipts what is true."""
    act, words = CASES[case]
    report = checked(altered(made.path, tmp_path / "other.zip", act))
    assert any(words in en for _, en in report.wrong), report.wrong
    assert all(zh != en for zh, en in report.wrong)


def test_time_stamps_that_do_not_fit(made: Made, tmp_path: Path) -> None:
    """One over other bytes, one with a proof that leads elsewhere, and one that openssl does not believe."""
    bag = Bag(made.path)
    label = next(name for name in bag.files if name.endswith(".tsr"))[: -len(".tsr")]
    answer, pem = bag.read(f"{label}.tsr"), make(tmp_path / "stranger").roots.read_bytes()
    bag.close()
    flipped = answer[:-10] + bytes([answer[-10] ^ 1]) + answer[-9:]
    for act, words in (
        (edit(f"{label}.note", "—".encode(), "— ".encode()), "time stamp"),
        (put(f"{label}.proof", b"", fit=True), "another history"),
        (put(f"{label}.tsr", flipped, fit=True), "openssl says"),
        (put(f"{label}.tsr", b"x", fit=True), "cannot be read"),
        (put("data/timestamps/tsa.pem", pem, fit=True), "openssl says"),
    ):
        report = checked(altered(made.path, tmp_path / "other.zip", act))
        assert any(words in en for _, en in report.wrong), (words, report.wrong)


@pytest.mark.parametrize("case", HOSTILE)
def test_what_is_built_to_do_harm_is_refused(tmp_path: Path, case: str) -> None:
    """Before anything of it is unpacked, and by its name."""
    entries, words = HOSTILE[case]
    with pytest.raises(NoPackage) as caught:
        Bag(hostile(tmp_path / "x.zip", *entries))
    assert words in caught.value.en


def test_what_is_no_package(tmp_path: Path, made: Made) -> None:
    """An empty file, one cut short, a ZIP without a bag, a folder with a link."""
    (tmp_path / "empty.zip").write_bytes(b"")
    (tmp_path / "cut.zip").write_bytes(made.path.read_bytes()[:-300])
    hostile(tmp_path / "bag.zip")
    with zipfile.ZipFile(tmp_path / "none.zip", "w") as archive:
        archive.writestr("evidence/hello.txt", "x")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "x").symlink_to(os.devnull)
    for name in ("empty.zip", "cut.zip", "none.zip", "folder", "nothing.zip"):
        with pytest.raises(NoPackage):
            checked(tmp_path / name)
    assert not checked(tmp_path / "bag.zip").sound


def test_a_damaged_zip_is_a_finding(tmp_path: Path, made: Made) -> None:
    """A byte that fell over in a file is named with that file, not with a traceback."""
    data = bytearray(made.path.read_bytes())
    at = data.index("张敏 王芳 签到".encode())
    data[at] ^= 1
    (tmp_path / "damaged.zip").write_bytes(bytes(data))
    assert any("签到表.txt" in en for _, en in checked(tmp_path / "damaged.zip").wrong)


def test_any_byte_of_the_payload(tmp_path: Path, made: Made) -> None:
    """Whichever byte of whichever file of the unpacked package is flipped, it is found."""
    with zipfile.ZipFile(made.path) as archive:
        archive.extractall(tmp_path)
    [folder] = tmp_path.iterdir()
    for name in sorted(listed_names(folder)):
        path = folder / name
        data = path.read_bytes()
        at = len(data) // 2
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        try:
            assert not checked(folder).sound
        except NoPackage:
            assert name == "bagit.txt"
        path.write_bytes(data)
    assert checked(folder).sound
    shutil.rmtree(folder / "data" / "records")
    assert not checked(folder).sound


def listed_names(folder: Path) -> set[str]:
    bag = Bag(folder)
    return {*listed(bag, "manifest-sha256.txt"), *listed(bag, "tagmanifest-sha256.txt")}

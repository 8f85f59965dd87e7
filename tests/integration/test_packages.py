"""Evidence packages: whole ones hold by three programs, and whatever is done to one is refused and named."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Callable, Iterator
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
from tests.servers import cache
from tests.servers.plugin import do_without

BASE = f"data/records/{LECTURE}/"
SHEET, EVENT, RECEIPT = BASE + "files/签到表.txt", BASE + "events/0001.json", BASE + "receipts/0001.tlog-proof"


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

Files = dict[str, bytes]


def altered(path: Path, to: Path, act: Callable[[Files], object]) -> Path:
    """A copy on whose files somebody laid hands."""
    with zipfile.ZipFile(path) as archive:
        [top] = {name.split("/")[0] for name in archive.namelist()}
        files = {name.removeprefix(f"{top}/"): archive.read(name) for name in archive.namelist()}
    act(files)
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(f"{top}/{name}", data)
    return to


def again(files: Files) -> None:
    """Make the manifests fit whatever is there: everybody can."""
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    payload = {name: digest for name, digest in digests.items() if name.startswith("data/")}
    files["manifest-sha256.txt"] = "".join(f"{d}  {n}\n" for n, d in payload.items()).encode()
    tags = {name: hashlib.sha256(files[name]).hexdigest() for name in files if not name.startswith("data/")}
    files["tagmanifest-sha256.txt"] = "".join(
        f"{d}  {n}\n" for n, d in tags.items() if n != "tagmanifest-sha256.txt"
    ).encode()


def put(name: str, data: bytes, fit: bool = False) -> Callable[[Files], None]:
    def act(files: Files) -> None:
        files[name] = data
        if fit:
            again(files)

    return act


def drop(*names: str, fit: bool = False) -> Callable[[Files], None]:
    def act(files: Files) -> None:
        for name in names:
            del files[name]
        if fit:
            again(files)

    return act


def edit(name: str, old: bytes, new: bytes, fit: bool = True) -> Callable[[Files], None]:
    def act(files: Files) -> None:
        assert old in files[name]
        files[name] = files[name].replace(old, new, 1)
        if fit:
            again(files)

    return act


def swap(one: str, other: str) -> Callable[[Files], None]:
    def act(files: Files) -> None:
        files[one], files[other] = files[other], files[one]
        again(files)

    return act


SECOND = BASE + "receipts/0002.tlog-proof", BASE + "events/0002.json"
CASES: dict[str, tuple[Callable[[Files], object], str]] = {
    "a file altered": (put(SHEET, b"x"), "签到表.txt was altered"),
    "a file altered, manifests made anew": (put(SHEET, b"x", fit=True), "which an event names, is not there"),
    "a file missing": (drop(SHEET), "签到表.txt is missing"),
    "a file missing, manifests made anew": (drop(SHEET, fit=True), "which an event names, is not there"),
    "a payload file added": (put(BASE + "files/more.txt", b"x"), "more.txt is not listed"),
    "a payload file added, manifests made anew": (
        put(BASE + "files/more.txt", b"x", fit=True), "more.txt is no file that an event names",
    ),
    "a tag file added": (put("readme.txt", b"x"), "readme.txt is not listed"),
    "the verifier altered": (put("verify.py", b"print('ok')"), "verify.py was altered"),
    "a manifest missing": (drop("manifest-sha256.txt"), "manifest-sha256.txt is missing"),
    "the manifest of tags missing": (drop("tagmanifest-sha256.txt"), "tagmanifest-sha256.txt is missing"),
    "an event altered": (edit(EVENT, b"salt", b"sale", fit=False), "events/0001.json was altered"),
    "an event altered, manifests made anew": (edit(EVENT, b"salt", b"sale"), "event 1 is not that of its receipt"),
    "the last event left out": (drop(*SECOND, fit=True), "not all those that the log's statement names"),
    "the statement of another record": (
        swap(BASE + "complete", BASE.replace(LECTURE, REPAIR) + "complete"), "not all those that the log's statement",
    ),
    "the statement altered": (edit(BASE + "complete", b"\n", b"\n1"), "the signature of the log does not verify"),
    "a statement of garbage": (put(BASE + "complete", b"hello", fit=True), "a statement of the log cannot be read"),
    "the first event left out": (drop(RECEIPT, EVENT, fit=True), "event 1 is missing"),
    "events swapped": (swap(RECEIPT, SECOND[0]), "event 1 is missing"),
    "a receipt altered": (edit(RECEIPT, b"index ", b"index 1"), "is not in the ledger"),
    "a receipt of garbage": (put(RECEIPT, b"hello", fit=True), "a receipt cannot be read"),
    "the checkpoint altered": (edit("data/checkpoint", b"\n", b"\n1"), "the signature of the log does not verify"),
    "the policy altered": (put("data/policy", b"quorum none\n", fit=True), "signed by no log of the policy"),
    "no policy": (drop("data/policy", fit=True), "data/policy is missing"),
    "another record's name": (edit(BASE + "record.json", LECTURE.encode(), REPAIR.encode()), "not those of the record"),
}  # fmt: skip


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


def hostile(path: Path, *entries: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore")  # of names that are there twice
        for name, data in (("evidence/bagit.txt", b"BagIt-Version: 1.0\n"), *entries):
            archive.writestr(name, data)
    return path


def link() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("evidence/data/link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


HOSTILE: dict[str, tuple[tuple[tuple[str | zipfile.ZipInfo, bytes], ...], str]] = {
    "outside": ((("evidence/../../x", b""),), "leads outside"),
    "from the root": ((("/etc/x", b""),), "leads outside"),
    "another drive": ((("C:/x", b""),), "leads outside"),
    "backslashes": ((("evidence\\..\\x", b""),), "leads outside"),
    "twice": ((("evidence/data/a", b"1"), ("evidence/data/a", b"2")), "there twice"),
    "twice but for its case": ((("evidence/data/a", b"1"), ("evidence/data/A", b"2")), "there twice"),
    "twice but for its spelling": (
        (("evidence/data/\u00e9", b"1"), ("evidence/data/e\u0301", b"2")), "there twice",
    ),
    "a link": (((link(), b"/etc/passwd"),), "is a link"),
    "a bomb": ((("evidence/data/bomb", bytes(30 << 20)),), "zip bomb"),
    "two folders": ((("other/a", b""),), "one folder"),
    "a file beside the folder": ((("a", b""),), "one folder"),
}  # fmt: skip


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

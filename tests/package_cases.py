"""What may be done to an evidence package, and what is built to do harm, each with the words that must name it."""

from __future__ import annotations

import hashlib
import stat
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

from tests.cli_world import LECTURE, REPAIR

BASE = f"data/records/{LECTURE}/"
SHEET, EVENT, RECEIPT = BASE + "files/签到表.txt", BASE + "events/0001.json", BASE + "receipts/0001.tlog-proof"

Files = dict[str, bytes]
"""By their names inside the package's folder."""


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

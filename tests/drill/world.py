"""The archive of the drill: built once, sealed, and opened anew for each case."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from adapters.home import parts, settings
from adapters.home.founding import create_archive
from adapters.home.house import House, open_archive
from adapters.keys.signing import Ed25519Signer, load_key
from domain.access import Actor
from domain.event import Stamp
from domain.ledger.note import COSIGNATURE_ED25519
from domain.ports.events import StoredRow
from domain.ports.search import SearchDocument
from domain.records.events import ProgressNoted
from domain.records.filing import IncomingFile
from indexers.pipeline import Pipeline, integrate, stamping, witnessing
from operations import keys
from tests.authority import make, serving
from tests.fakes import lecture
from tests.witness_world import make_witness, served

ORIGIN = "archive.example/drill"
HERE, THERE, YEAR = "school-01", "school-02", 2023
RECORDS = 44
NOTES = 410
"""Notes of progress: they make the ledger longer than two tiles."""

LATER = 3
"""Records that came after the report was issued."""

ITEMS = 4
"""Of so many records the last is a rectification item."""

STEP = 6
"""Records between two checkpoints."""


class SeededEntropy:
    """The same ids and salts each time, so that a case drawn by its seed meets the same archive."""

    def __init__(self) -> None:
        self._random = Random(5)

    def uuid(self) -> UUID:
        return UUID(int=self._random.getrandbits(128), version=4)

    def salt(self) -> str:
        return f"{self._random.getrandbits(128):032x}"


@dataclass
class Made:
    """The sealed archive, and what is known of it from before anybody laid hands on it."""

    folder: Path
    environment: dict[str, str]
    codes: list[str] = field(default_factory=list)  # in the order of filing
    rows: list[StoredRow] = field(default_factory=list)  # the event of each leaf
    records: dict[UUID, str] = field(default_factory=dict)  # stream → archival code
    documents: dict[str, SearchDocument] = field(default_factory=dict)
    stored: dict[str, Any] = field(default_factory=dict)  # what a search server has of each entry
    ends: list[int] = field(default_factory=list)  # the sizes of the signed checkpoints
    notes: dict[int, str] = field(default_factory=dict)  # those checkpoints
    public: dict[int, dict[str, bytes]] = field(default_factory=dict)  # the ledger's public files at those sizes
    receipt: str = ""  # of the record that was filed last
    thief: str = "old.key"  # a key that was retired

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def size(self) -> int:
        return len(self.rows)

    def settings(self, home: Path | None = None, **others: str) -> settings.Settings:
        return settings.read({**self.environment, "JIANZHENG_HOME": str(home or self.home), **others})

    def event(self, leaf: int) -> str:
        row = self.rows[leaf]
        return f"{row.id}/{row.version}"

    def old_key(self) -> Ed25519Signer:
        return load_key(self.folder / self.thief)


def build(folder: Path, servers: Mapping[str, str] | None = None) -> Made:
    """Records with files, corrections, withdrawals, a rectification item, an issued report, a changed key, cosignatures
    of a witness, and a time stamp where openssl is there to make one."""
    made = Made(folder, {"JIANZHENG_LANG": "zh", "JIANZHENG_TIMEZONE": "Asia/Shanghai", **(servers or {})})
    with closing(create_archive(made.settings(), name="示例教育局", origin=ORIGIN)) as house:
        entropy = SeededEntropy()
        house.entropy = house.archive.entropy = house.administration.entropy = house.key_keeping.entropy = entropy
        admin = house.operator()
        for code in (HERE, THERE):
            house.administration.add_organisation(admin, code, f"学校{code[-1]}")
        for code, name in (("p-zhang", "张敏"), ("p-li", "李强")):
            house.administration.add_person(admin, code, name, organisation=HERE, post="书记")
        _file(made, house, admin, entropy)
        Pipeline(house).catch_up()
        house.reporting.issue(admin, HERE, YEAR, endings=["json"])
        _publish(made, house)
        shutil.copy(house.settings.keys_folder / "ledger.key", folder / made.thief)
        rotated = keys.key_changes(house).rotate(admin)
        _publish(made, house)
        keys.key_changes(house).retire(admin, rotated.old, "按期更换")
        _publish(made, house)
        for n in range(LATER):
            raw = lecture(
                organisation=HERE, title=f"签发年报以后的第{n}次学习", occurred={"from": "2024-01-10T14:30+08:00"}
            )
            made.codes.append(house.archive.file(admin, raw, []).record.code)
        _publish(made, house)
        made.receipt = house.receipts.one(admin, made.codes[-1])
        house.archive.sign_off(admin, made.codes[-2])
        Pipeline(house).catch_up()
        vkeys = house.signer.vkeys()
    with ExitStack() as stack:
        _prove(made, vkeys, stack)
    _seal(made)
    return made


def _file(made: Made, house: House, admin: Actor, entropy: SeededEntropy) -> None:
    archive = house.archive

    def attached(name: str, text: str) -> IncomingFile:
        return IncomingFile(name, house.blobs.stage(iter([text.encode()])), "text/plain")

    for n in range(RECORDS):
        organisation = (HERE, THERE)[n % 2]
        day = f"2023-{1 + n % 12:02d}-{1 + n % 28:02d}"
        if n % ITEMS == ITEMS - 1:
            item = {"problem": f"问题{n}", "measures": "措施", "department": "总务处", "responsible": "李强"}
            raw = {"organisation": organisation, "family": "rectification", "form": "problem_item", "title": f"整改{n}",
                   "occurred": {"from": day}, "deadline": "2023-12-30", "term": "长期整改", **item}  # fmt: skip
            files = []
        else:
            raw = lecture(organisation=organisation, title=f"第{n}次学习", occurred={"from": f"{day}T14:30+08:00"})
            files = [attached(f"签到表{n}-{k}.txt", f"第{n}次学习第{k}份签到表" * 9) for k in range(n % 3)]
        made.codes.append(archive.file(admin, raw, files).record.code)
        if n % STEP == STEP - 1:
            _publish(made, house)
    items = [archive.find(code) for code in made.codes[ITEMS - 1 :: ITEMS]]
    stamp, noted = Stamp("admin", house.clock(), entropy.salt), []
    for n in range(NOTES):
        item, revision = items[n % len(items)], 2 + n // len(items)
        noted.append(ProgressNoted(on="2023-11-02", note=f"第{n}次进展", **stamp.header(item.id, revision)))
        if n % 40 == 39:  # appended together, as quickly as that may be
            house.events.append(noted)
            noted = []
            _publish(made, house)
    house.events.append(noted)
    for n in (1, 4, 8, 12, 18):
        changed = lecture(organisation=(HERE, THERE)[n % 2], title=f"第{n}次学习（更正）")
        archive.correct(admin, made.codes[n], changed, "笔误")
    for n in (0, 6, 9):
        archive.sign_off(admin, made.codes[n])
    for n in (13, 14):
        archive.withdraw(admin, made.codes[n], "重复")
    archive.send_back(admin, made.codes[16], "缺签到表")
    archive.attach(admin, made.codes[5], [attached("补交.txt", "后来补交的一份材料")])
    archive.close_item(admin, made.codes[11], "已解决", (), "2023-12-10")
    _publish(made, house)


def _publish(made: Made, house: House) -> None:
    """Integrate, and remember the public files, as a backup of that hour has them."""
    integrate(house)
    made.public[house.ledger.size()] = public_files(house)


def public_files(house: House) -> dict[str, bytes]:
    with closing(parts.evidence(house.settings).published.open()) as published:
        return {name: published.read(name) or b"" for name, _ in published.listing()}


def _prove(made: Made, vkeys: tuple[str, ...], stack: ExitStack) -> None:
    """Have the last checkpoint cosigned and time-stamped."""
    witness = make_witness(made.folder / "witness")
    with closing(open_archive(made.settings())) as house:
        for key in house.keys.known():
            witness.state.add_log(key, 0.0)
    url = stack.enter_context(served(witness))
    [key] = [signer.vkey() for signer in witness.signers if signer.key.kind == COSIGNATURE_ED25519]
    logs = "".join(f"log {vkey}\n" for vkey in vkeys)
    policy = made.folder / "policy"
    policy.write_text(f"{logs}witness w1 {key} {url}\nquorum w1\n")
    made.environment["JIANZHENG_POLICY"] = str(policy)
    if shutil.which("openssl"):
        authority = stack.enter_context(serving(make(made.folder / "tsa")))
        roots = made.folder / "roots"
        roots.mkdir()
        shutil.copy(authority.roots, roots / "tsa.pem")
        made.environment["JIANZHENG_TIMESTAMP_AUTHORITIES"] = f"tsa={authority.url}"
        made.environment["JIANZHENG_TIMESTAMP_ROOTS"] = str(roots)
    with closing(open_archive(made.settings())) as house:
        witnessing(house, time.time, lambda: 0.0).run_once(forced=True)
        kept = house.cosignatures.witnessed()
        assert kept is not None, "the witness did not cosign"
        if shutil.which("openssl"):
            [outcome] = stamping(house, time.time, lambda: 0.0).run_all()
            assert outcome.stamped is not None, outcome.fault


def _seal(made: Made) -> None:
    """Look at everything once more, as it lies there."""
    with closing(open_archive(made.settings())) as house:
        made.public[house.ledger.size()] = public_files(house)
        positions = [leaf.position for leaf in house.ledger.leaves(0, house.ledger.size())]
        made.rows = house.events.rows_at(positions)
        made.records = {house.archive.find(code).id: code for code in made.codes}
        with closing(parts.evidence(house.settings).tables.ledger()) as ledger:
            made.notes = dict(ledger.checkpoints())
        made.ends = sorted(made.notes)
        with closing(parts.index(house.settings).open()) as index:
            names = {each.name for each in index.entries(0, 1)}
            made.documents = {doc.id: doc for each in index.named(names) for doc in each.documents}


@contextmanager
def opened(made: Made, home: Path, **others: str) -> Iterator[House]:
    """A copy of the archive, as a command opens it."""
    house = open_archive(made.settings(home, **others))
    try:
        yield house
    finally:
        house.close()


def say(text: str) -> None:
    """Progress, for whoever watches."""
    sys.stderr.write(text + "\n")

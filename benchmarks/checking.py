"""Row 4: ``verify`` of all events, against SHA-256 of the same bytes and nothing else.

Beside it stands what other people's checker needs for the same log: Tessera's ``fsck`` reads tiles and bundles from the
same disk, hashes every entry and builds the tree; it knows nothing of the events behind them.
"""

from __future__ import annotations

import subprocess
from hashlib import sha256
from pathlib import Path

from adapters import parts
from adapters.bootstrap import House
from benchmarks.measure import Comparison, Result, Target, paired, seconds
from benchmarks.world import World
from domain.ledger.entry import entry
from indexers.verification import verify_archive
from indexers.verify.run import Subject, verify
from tests.interop.programs import FSCK, installed
from tests.servers.cache import Unavailable

ROW, NAME = 4, "verify-events"

WHOLE = "`jianzheng verify`: the ledger, every stream replayed by the rules, reports"
INDEXED = ", and the search index held against the events"
"""What it does besides, where the archive was indexed for another row before."""


def run(world: World, records: int) -> Result:
    house = world.archive(records)
    count = house.ledger.size()
    states: list[bytes] = []
    entries: list[bytes] = []
    position = 0
    while rows := house.events.rows(position, 4096):
        states += [row.state for row in rows]
        entries += [b"\x00" + entry(row.id, row.version, row.topic, row.state) for row in rows]
        position = rows[-1].position

    def limit(_: int) -> float:
        def hash_all() -> None:
            for state in states:
                sha256(state).digest()
            for each in entries:
                sha256(each).digest()

        return count / seconds(hash_all)

    def ledger_only(_: int) -> float:
        return count / seconds(lambda: _sound(verify(_ledger(house)).ok))

    def everything(_: int) -> float:
        return count / seconds(lambda: _sound(verify_archive(house).ok))

    fsck = None if house.servers.bucket is not None else _fsck()

    def peer(_: int) -> float:
        return count / seconds(lambda: _walk(house, fsck)) if fsck else 0.0

    rounds = world.rounds(5 if records < 50_000 else 3)
    ledger, whole, limits, walked = paired(rounds, ledger_only, everything, limit, peer)
    against = "SHA-256 of the same states and entries in memory, one core"
    return Result(
        ROW,
        NAME,
        records,
        [
            Comparison(
                "verify the ledger: rows, leaves, tiles, tree, signature",
                against,
                "events/s",
                ledger,
                limits,
                Target("at least", 0.5),
            ),
            Comparison(
                WHOLE + (INDEXED if house.engine.position() else ""),
                against,
                "events/s",
                whole,
                limits,
            ),
            *(
                [
                    Comparison(
                        "verify the ledger: rows, leaves, tiles, tree, signature",
                        "Tessera's `fsck` v1.0.4: bundles, tiles, tree, signature, from the same disk",
                        "events/s",
                        ledger,
                        walked,
                    )
                ]
                if fsck
                else []
            ),
        ],
        {"events": count, "bytes": sum(map(len, states)) + sum(map(len, entries))},
    )


def _ledger(house: House) -> Subject:
    return Subject(
        evidence=parts.evidence(house.settings),
        last_signed=house.settings.keys_folder / "last-signed",
        vkey=house.signer.vkey(),
    )


def _sound(ok: bool) -> None:
    if not ok:
        raise AssertionError("the archive of the benchmark does not verify")


def _fsck() -> Path | None:
    """None where it cannot be had on this machine."""
    try:
        return installed(FSCK)
    except Unavailable:
        return None


def _walk(house: House, program: Path) -> None:
    """Its exit code says nothing; its last line does."""
    key = house.settings.home / "vkey"
    key.write_text(house.signer.vkey())
    ran = subprocess.run(
        [
            program,
            f"--storage_url=file://{house.settings.ledger_folder}/",
            f"--public_key={key}",
            "--ui=false",
            "--N=2",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    _sound("Successfully fsck'd log" in ran.stderr)

"""Row 4: ``verify`` of all events, against SHA-256 of the same bytes and nothing else."""

from __future__ import annotations

from hashlib import sha256

from adapters import parts
from adapters.bootstrap import House
from benchmarks.measure import Comparison, Result, Target, paired, seconds
from benchmarks.world import World
from domain.ledger.entry import entry
from indexers.verification import verify_archive
from indexers.verify.run import Subject, verify

ROW, NAME = 4, "verify-events"


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

    rounds = world.rounds(5 if records < 50_000 else 3)
    ledger, whole, limits = paired(rounds, ledger_only, everything, limit)
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
                "`jianzheng verify`: the ledger, and every stream replayed by the rules",
                against,
                "events/s",
                whole,
                limits,
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

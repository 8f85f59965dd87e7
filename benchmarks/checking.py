"""Row 4: ``verify`` of all events, against SHA-256 of the same bytes and nothing else.

Beside it stands what other people's checker needs for the same log: Tessera's ``fsck`` reads tiles and bundles, hashes
every entry and builds the tree; it knows nothing of the events behind them. It reads those of an embedded archive from
the same disk. Those of an archive on servers it asks our application for, as anybody outside would.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

from adapters.home import parts
from adapters.home.house import House
from benchmarks.measure import Comparison, Result, Target, paired, seconds
from benchmarks.tessera import FSCK_NAME, fsck
from benchmarks.world import World
from domain.ledger.entry import entry
from operations.verification import verify_archive
from operations.verify.run import Subject, verify
from tests.interop.logs import served

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

    walker = fsck(house.signer.vkey(), world.fresh("fsck"))

    def peer(_: int) -> float:
        if walker is None:
            return 0.0
        with _published(house) as address:
            taken = seconds(lambda: walker.walk(address))
        return count / taken

    rounds = world.rounds(5 if records < 50_000 else 3)
    ledger, whole, limits, walked = paired(rounds, ledger_only, everything, limit, peer)
    way = "from the same disk" if house.settings.bucket is None else "from our application"
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
                        f"{FSCK_NAME}: bundles, tiles, tree, signature, {way}",
                        "events/s",
                        ledger,
                        walked,
                        Target("at least", 1),
                    )
                ]
                if walker is not None
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


@contextmanager
def _published(house: House) -> Iterator[str]:
    """Where others find the tiles."""
    if house.settings.bucket is None:
        yield f"file://{house.settings.ledger_folder}/"
        return
    with served(house) as address:
        yield f"{address}/ledger/"

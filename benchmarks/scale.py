"""Row 14: ``jianzheng verify`` of a large archive, against hashing the same bytes on all cores; and its memory.

A million events, then 10 GiB of files, each beside an archive of a tenth of it: the speed is to stay near the limit,
memory is to stay as it is. The command runs as a user runs it, its start included. Fewer ``--records`` than usual make
both archives smaller in proportion. Asked for by name: it takes its time, and disk space.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from hashlib import sha256
from random import Random
from typing import NamedTuple

from adapters.blobs.names import kept_path
from adapters.home.house import House
from benchmarks.fixity import Download, Sha256sum
from benchmarks.generate import Generator
from benchmarks.hashing import CORES, hash_events, hash_files
from benchmarks.measure import Comparison, Result, Target, paired, seconds
from benchmarks.serving import command, environment
from benchmarks.tessera import FSCK_NAME, fsck
from benchmarks.watching import watched
from benchmarks.world import World, fill
from domain.access import SYSTEM
from domain.records.filing import IncomingFile
from indexers.pipeline import integrate

ROW, NAME = 14, "verify-scale"
RECORDS = (500_000,)
"""Where not asked otherwise: a million events."""

BYTES = 10 * 1024**3
"""Of files, at that number of records."""

FILE = 1024**2
TOGETHER = 10
"""Files of a record."""

STEP = 10
"""The archives beside them are so many times smaller."""

ROOM = 16 * 1024**3
"""Bytes of disk that everything takes at that number of records."""

COPIES = 3
"""How many times as much it is on servers, whose disks keep redundant copies."""

FLAT = Target("at most", 1.3)
LIMIT = f"SHA-256 of the same {{}} on all cores ({CORES} processes)"


class Measured(NamedTuple):
    """An archive, and what its check came to."""

    what: str
    peaks: list[float]
    comparisons: list[Comparison]


def run(world: World, records: int) -> Result:
    require_room(world, records)
    result = Result(ROW, NAME, records, facts={"cores": CORES})
    for measure, most in ((_events, records), (_files, max(1, BYTES // FILE * records // RECORDS[0]))):
        small, large = (measure(world, count) for count in (max(1, most // STEP), most))
        memory = f"peak memory of `jianzheng verify` of {large.what}, all its processes"
        result.comparisons += [
            *small.comparisons,
            *large.comparisons,
            Comparison(memory, f"the same of {small.what}", "MiB", large.peaks, small.peaks, FLAT),
        ]
    return result


def require_room(world: World, records: int) -> None:
    """Raises `SystemExit` where the disk has less room than the archives will take."""
    needed = ROOM * records // RECORDS[0] * (COPIES if world.servers else 1)
    free = shutil.disk_usage(world.folder).free
    if free < needed:
        raise SystemExit(f"{needed / 1024**3:.1f} GiB of disk are needed, {free / 1024**3:.1f} are free.")


def _checked(world: World, house: House, peaks: list[float]) -> Callable[[int], float]:
    """What verifies an archive by the command, and gives the seconds."""
    line, archive = command("verify", "--json"), environment(world.environment(house))

    def verify(_: int) -> float:
        ran = watched(line, archive)
        if not json.loads(ran.said)["ok"]:
            raise AssertionError("the archive of the benchmark does not verify")
        peaks.append(ran.peak)
        return ran.seconds

    return verify


def _over(amount: float, times: list[float]) -> list[float]:
    return [amount / each for each in times]


def _drop(house: House) -> None:
    """Its folder goes at once: the next archive needs the room."""
    house.close()
    shutil.rmtree(house.settings.home, ignore_errors=True)


# ── events ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _events(world: World, records: int) -> Measured:
    house = world.empty_archive(f"events-{records}")
    fill(house, records)
    count, head, peaks = house.ledger.size(), house.events.head(), list[float]()
    walker = fsck(house.signer.vkey(), world.fresh("fsck")) if world.servers is None else None

    def peer(_: int) -> float:
        return seconds(lambda: walker.walk(f"file://{house.settings.ledger_folder}/")) if walker else 1.0

    verify, limit = _checked(world, house, peaks), lambda _: hash_events(house.settings, head)
    ours, limits, walked = (_over(count, each) for each in paired(world.rounds(3), verify, limit, peer))
    _drop(house)
    what = f"{count:,} events"
    work, against = f"`jianzheng verify` of {what}", LIMIT.format("states and entries")
    comparisons = [Comparison(work, against, "events/s", ours, limits, Target("at least", 0.5))]
    if walker is not None:
        against = f"{FSCK_NAME} of the same log: bundles, tiles, tree, signature"
        comparisons.append(Comparison(work, against, "events/s", ours, walked, Target("at least", 1)))
    return Measured(what, peaks, comparisons)


# ── files ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _files(world: World, count: int) -> Measured:
    house = world.empty_archive(f"files-{count}")
    digests, peaks = _filed(house, count), list[float]()
    folder = house.settings.blobs_folder
    tool = Sha256sum(folder) if world.servers is None else Download(world.environment(house)["JIANZHENG_BLOBS"])

    def limit(_: int) -> float:
        return hash_files([kept_path(folder, digest) for digest in digests]) if world.servers is None else 1.0

    verify = _checked(world, house, peaks)
    total = count * FILE / 1e9
    times = paired(world.rounds(3), verify, limit, lambda _: seconds(lambda: tool.read(digests)))
    ours, limits, others = (_over(total, each) for each in times)
    _drop(house)
    what = f"{count:,} files of {FILE // 1024**2} MiB"
    work, comparisons = f"`jianzheng verify` of {what}", list[Comparison]()
    if world.servers is None:
        against = LIMIT.format("files, read again")
        comparisons.append(Comparison(work, against, "GB/s", ours, limits, Target("at least", 0.8)))
    return Measured(what, peaks, [*comparisons, Comparison(work, tool.what, "GB/s", ours, others, tool.target)])


def _filed(house: House, count: int) -> list[str]:
    """So many files of random bytes, some a record; their digests, in the order in which they are checked."""
    generator, random, digests = Generator(count), Random(count), list[str]()
    house.events.append(list(generator.directory("top")))
    for first in range(0, count, TOGETHER):
        incoming = []
        for n in range(first, min(first + TOGETHER, count)):
            data = random.randbytes(FILE)
            digests.append(sha256(data).hexdigest())
            incoming.append(IncomingFile(f"{n}.bin", house.blobs.stage(iter([data])), "application/octet-stream"))
        organisation = generator.organisations[first // TOGETHER % len(generator.organisations)]
        raw = {
            "organisation": organisation,
            "family": "paper",
            "form": "summary",
            "title": f"扫描件 {first}",
            "occurred": {"from": "2023-04-21"},
        }
        house.archive.file(SYSTEM, raw, incoming)
    integrate(house)
    return sorted(digests)

"""One soak from the beginning to the verdict."""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from adapters.home.house import House
from tests import forking
from tests.faults.soak import oracle, views
from tests.faults.soak.cutter import Cutter
from tests.faults.soak.importing import Importer
from tests.faults.soak.journal import Journal
from tests.faults.soak.killer import Bell, Death, Killer
from tests.faults.soak.load import API, Client
from tests.faults.soak.members import Member, left_behind, waited
from tests.faults.soak.watch import Watch
from tests.faults.soak.world import ADMIN, World, make_world

CLIENTS = 8
UP = 180.0
"""Seconds in which the first start must be through."""

DRAIN = 240.0
"""Seconds in which, after the last death, everything that was begun must be finished."""

LOOK = 0.5
"""Seconds between two looks at the database's connections."""

EVERY = 10.0
"""Seconds between two lines of progress."""


@dataclass
class Report:
    """What came of it. ``faults`` is empty where every promise was kept."""

    seed: int
    seconds: float
    faults: list[str] = field(default_factory=list)
    deaths: list[Death] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    events: int = 0
    checkpoints: int = 0
    drained: float = 0.0
    connections: int = 0  # to the database, at most, of all processes together
    memory: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        lines = [
            f"seed {self.seed}, {self.seconds:g} s: {len(self.deaths)} deaths, {self.events} events, "
            f"{self.checkpoints} checkpoints seen, level {self.drained:.1f} s after the last death, "
            f"at most {self.connections} connections to the database",
            "  " + ", ".join(f"{what} {count}" for what, count in sorted(self.counts.items())),
            *(f"  memory of {name}: {said}" for name, said in self.memory.items()),
            *(f"FAULT {fault}" for fault in self.faults),
        ]
        if self.faults:
            lines += ["the deaths were:", *(f"  {death}" for death in self.deaths)]
        return "\n".join(lines)


def soak(
    folder: Path,
    servers: Mapping[str, str],
    *,
    seconds: float,
    seed: int,
    clients: int = CLIENTS,
    cut: bool = False,
    say: Callable[[str], None] = lambda line: None,
) -> Report:
    """``folder`` is an empty one for archive and logs; ``servers`` the settings that name servers, or nothing.

    ``cut``: connections to the database are broken too, between processes that live on.
    """
    report = Report(seed, seconds)
    world = make_world(folder, servers, clients)
    house = world.open()
    try:
        database, cutter = house.servers.database, None
        if cut and database is not None:
            cutter = Cutter(servers["JIANZHENG_DATABASE"], database.owns)
        _soak(world, house, report, cutter, say)
    finally:
        house.close()
        for member in world.members:
            member.kill()
    return report


def _soak(world: World, house: House, report: Report, cutter: Cutter | None, say: Callable[[str], None]) -> None:
    journal, bell, stop, give_up = Journal(), Bell(), threading.Event(), threading.Event()
    clients = [Client(n, world, journal, bell, report.seed, give_up) for n in range(len(world.tokens) - 2)]
    desks = [*clients, Importer(world, journal, report.seed, give_up)]
    threads = [threading.Thread(target=desk.run, args=(stop,), daemon=True) for desk in desks]
    begun = time.monotonic()
    for member in world.members:
        member.start()
    _await_all(world.members, UP)
    watch, killer = Watch(house), Killer(world.members, report.seed, bell, time.monotonic() - begun, cutter)
    for each in (killer, watch, *threads):
        each.start()
    told = 0.0
    for gone in waited(report.seconds, LOOK):
        report.connections = max(report.connections, connections(house))
        if gone - told > EVERY:
            told = gone
            done = f"{len(killer.deaths)} deaths, {journal.counts['filed']} records, {len(journal.faults)} faults"
            say(f"{gone:.0f} s: {done}")
    stop.set()
    killer.make_peace()
    peace = time.monotonic()
    for thread in threads:
        thread.join(max(1.0, peace + DRAIN - time.monotonic()))
    give_up.set()
    faults = report.faults
    status = _level(world, house, peace + DRAIN, faults, say)
    report.drained = time.monotonic() - peace
    _use_what_was_held_back(clients, journal)
    views.tried_again(house, journal)
    status = _level(world, house, time.monotonic() + DRAIN, faults, say) or status
    faults += views.set_aside(status or {"text": {"aside": []}, "search": {"unreadable": []}})
    killer.stop()
    watch.stop()
    _end(world, house, faults)
    faults += journal.faults
    faults += killer.surprises
    journal.counts["connections cut"] = killer.cuts
    report.deaths, report.counts = killer.deaths, journal.counts
    report.checkpoints, report.memory = len(watch.checkpoints), {m.name: memory(m) for m in world.members}
    say("the processes have ended; looking at what they left")
    there = oracle.held(house)
    report.events = len(there.rows)
    faults += oracle.judge(house, journal, watch)
    faults += views.found(house, journal)
    faults += _verify(world)
    faults += views.rebuilt(house, there)


def _await_all(members: list[Member], seconds: float) -> None:
    for _ in waited(seconds):
        if all(member.answers() for member in members):
            return
    raise AssertionError("\n".join(f"{m.name}:\n{m.said()[-2000:]}" for m in members))


def _level(
    world: World, house: House, deadline: float, faults: list[str], say: Callable[[str], None]
) -> dict[str, Any] | None:
    """Wait until nothing is behind any more; the last status."""
    status, said, told = None, "no web process answers", time.monotonic()
    while time.monotonic() < deadline:
        status = _status(world)
        if status is not None:
            said = views.behind(status, house)
            if not said:
                return status
        if time.monotonic() - told > EVERY:
            told = time.monotonic()
            say(f"not level yet: {said}")
        time.sleep(0.2)
    faults.append(f"{DRAIN:g} s after the last death: {said}; {json.dumps(status and status['faults'])}")
    return status


def _status(world: World) -> dict[str, Any] | None:
    for web in world.webs:
        connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=30)
        try:
            connection.request("GET", f"{API}/index/status", headers={"Authorization": f"Bearer {world.tokens[ADMIN]}"})
            answer = connection.getresponse()
            if answer.status == 200:
                return dict(json.loads(answer.read()))
        except (OSError, http.client.HTTPException):
            continue
        finally:
            connection.close()
    return None


def _use_what_was_held_back(clients: list[Client], journal: Journal) -> None:
    """An upload that was acknowledged long ago, by a process that is dead, can still be named in a record."""
    for client in clients:
        client.asker.give_up = threading.Event()
        waiting = [each for each in journal.uploads if not each.named and each.user == client.user]
        client.file_with(waiting)


def connections(house: House) -> int:
    """To the database of the archive, besides those of this process."""
    database = house.servers.database
    if database is None:
        return 0
    found = database.all("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
    return sum(not database.owns(pid) for (pid,) in found)


def _end(world: World, house: House, faults: list[str]) -> None:
    """Everybody ends when asked to, with nothing to complain of and nobody left behind."""
    for member in world.members:
        if (code := member.stop()) != 0:
            faults.append(f"{member.name} was asked to end and did with {code}")
        said = member.said()
        if "Traceback" in said:
            at = said.index("Traceback")
            faults.append(f"the log of {member.name}: …{said[max(0, at - 300) : at + 3000]}")
    for _ in waited(10):
        if not left_behind(world.members):
            break
    faults += [f"left behind: {each}" for each in left_behind(world.members)]
    for _ in waited(10):
        if not connections(house):
            break
    else:
        faults.append(f"{connections(house)} connections to the database are still open")


def _verify(world: World) -> list[str]:
    """`jianzheng verify` on what is left: clean."""
    ran = forking.run(
        [sys.executable, "-m", "api.cli", "verify", "--json"], cwd=world.folder, env=world.environment(),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if ran.returncode or not (found := json.loads(ran.stdout))["ok"]:
        return [f"verify ended with {ran.returncode}: {ran.stdout[:3000]} {ran.stderr[-2000:]}"]
    return [f"verify did not check: {each}" for each in found["not_checked"]]


def memory(member: Member) -> str:
    """The largest resident set, and by how much a process grew an hour, as the longest life shows it."""
    if not member.memory:
        return "never measured"
    most = max(kib for _, _, kib in member.memory)
    life = Counter(number for number, _, _ in member.memory).most_common(1)[0][0]
    ages = [(age, kib) for number, age, kib in member.memory if number == life and age > 10]
    said = f"at most {most / 1024:.0f} MiB in {member.lives} lives"
    if len(ages) < 12:
        return said
    third = len(ages) // 3
    grown = median(kib for _, kib in ages[-third:]) - median(kib for _, kib in ages[:third])
    return f"{said}; {grown / 1024:+.1f} MiB over the {ages[-1][0]:.0f} s of its longest"

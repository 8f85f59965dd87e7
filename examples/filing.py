"""Live through the journal: file, sign off, correct, with a clock that is set to when it happened.

The clock belongs to the demonstration alone. It lets the archive's own time advance over seven years in half a
minute, so that "as it stood then" has something to show; at the end the archive is opened anew with the real clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from adapters.home.founding import create_archive
from adapters.home.house import House
from adapters.home.settings import Settings
from adapters.intake.folders import Filed, Ingest
from adapters.intake.record_yaml import read_record
from domain.access import Actor
from examples import people
from indexers.pipeline import Pipeline

Progress = Callable[[int, int, str], None]
"""Told journal lines done, all of them, and the day that is being lived through."""


@dataclass
class SimulatedClock:
    """Says what it was set to, a little later each time; it never goes back."""

    now: datetime

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=20)
        return self.now

    def set(self, moment: datetime) -> None:
        self.now = max(self.now, moment)


class JournalBroken(Exception):
    """A line of the journal could not be carried out: the demonstration itself is wrong."""


def file_everything(settings: Settings, folder: Path, on_progress: Progress | None = None) -> dict[str, str]:
    """Create the archive of ``settings`` and file what `generate` wrote; returns archival codes by record name.

    Ends with everything integrated and the archive closed. Search is left to a pipeline with the real clock.
    """
    clock = SimulatedClock(datetime.fromisoformat(f"{people.FIRST_DAY}T08:30:00+08:00"))
    first = people.ACCOUNTS[0]
    house = create_archive(
        settings, name=people.BUREAU_NAME, origin=people.ORIGIN, code=people.BUREAU, admin=first.username,
        password=first.password, clock=clock,
    )  # fmt: skip
    try:
        clerk = _Clerk(house, clock, folder)
        clerk.set_up(yaml.safe_load((folder / "directory.yaml").read_text("utf-8")))
        clerk.live(yaml.safe_load((folder / "journal.yaml").read_text("utf-8")), on_progress)
        return clerk.codes
    finally:
        house.close()


@dataclass
class _Clerk:
    """Carries out the journal. ``later`` are changes of the directory that wait for their day."""

    house: House
    clock: SimulatedClock
    folder: Path
    codes: dict[str, str] = field(default_factory=dict)
    later: list[tuple[str, Callable[[], None]]] = field(default_factory=list)

    # ── the directory ───────────────────────────────────────────────────────────────────────────────────────────

    def set_up(self, directory: dict[str, Any]) -> None:
        run, admin = self.house.administration, self.house.operator()
        for o in directory["organisations"]:
            run.add_organisation(admin, o["code"], o["name"], o["parent"], o["kind"])
        for person in directory["people"]:
            code, posts = person["code"], person["posts"]
            for number, post in enumerate(posts):
                fact: tuple[str, str] = (post["organisation"], post["post"])
                if number == 0:
                    run.add_person(admin, code, person["name"], *fact, since=post["since"])
                else:
                    self._when(post["since"], partial(run.take_post, admin, code, *fact, since=post["since"]))
                if post["until"]:
                    self._when(post["until"], partial(run.leave_post, admin, code, *fact, post["until"]))
        for account in directory["accounts"][1:]:
            self._when(account["since"] or people.FIRST_DAY, partial(self._open, account))
            if account["until"]:
                self._when(account["until"], partial(run.close_account, admin, account["username"]))
        self.later.sort(key=lambda change: change[0])
        self._changes_until(people.FIRST_DAY)

    def _open(self, account: dict[str, Any]) -> None:
        run, admin = self.house.administration, self.house.operator()
        run.open_account(admin, account["username"], account["person"])
        run.grant(admin, account["username"], account["role"], account["organisation"], account["since"])
        if not account["until"]:  # who has left by now has no use for a password
            password = next(a.password for a in people.ACCOUNTS if a.username == account["username"])
            self.house.accounts.set_password(account["username"], password)

    def _when(self, day: str, change: Callable[[], None]) -> None:
        self.later.append((day, change))

    def _changes_until(self, day: str) -> None:
        while self.later and self.later[0][0] <= day:
            on, change = self.later.pop(0)
            self.clock.set(datetime.fromisoformat(f"{on}T08:30:00+08:00"))
            change()

    # ── the journal ─────────────────────────────────────────────────────────────────────────────────────────────

    def live(self, journal: list[dict[str, Any]], on_progress: Progress | None) -> None:
        pipeline = Pipeline(self.house)
        month = people.FIRST_DAY[:7]
        for number, line in enumerate(journal, 1):
            day = line["at"][:10]
            if day[:7] != month:  # what came in during a month stands in that month's checkpoint
                pipeline.integrate()
                month = day[:7]
            self._changes_until(day)
            self.clock.set(datetime.fromisoformat(line["at"]))
            self._do(line)
            if on_progress:
                on_progress(number, len(journal), day)
        pipeline.integrate()

    def _do(self, line: dict[str, Any]) -> None:
        actor = self.house.directory().account(line["by"]).actor()
        name, archive = line["record"], self.house.archive
        if line["act"] == "file":
            self.codes[name] = self._file(actor, name)
            return
        code, text = self.codes[name], line["text"]
        match line["act"]:
            case "sign_off":
                archive.sign_off(actor, code, text)
            case "return":
                archive.send_back(actor, code, text)
            case "withdraw":
                archive.withdraw(actor, code, text)
            case "progress":
                archive.note_progress(actor, code, text, line["on"])
            case "close":
                proofs = [self.codes[other] for other in line.get("evidence", ())]
                archive.close_item(actor, code, text, proofs, line["on"])
            case "correct":
                content = read_record(self.folder / line["content"]).raw
                archive.correct(actor, code, content, text)
            case other:
                raise JournalBroken(f"{line['at']} {name}: there is no act “{other}”")

    def _file(self, actor: Actor, name: str) -> str:
        house = self.house
        run = Ingest(house.archive, house.blobs, house.settings.zone, actor)
        for answer in run.run([self.folder / "records" / name]):
            if isinstance(answer, Filed):
                return answer.outcome.record.code
            raise JournalBroken(f"{name}: {answer.error.message('en')}") from answer.error
        raise JournalBroken(f"{name}: nothing was filed")

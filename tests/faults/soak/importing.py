"""Commands beside the servers: folders are filed with ``jianzheng ingest``, which is killed too, and typed again.

A command that did not end with an answer is repeated as it was; the archive files the same folder once.
"""

from __future__ import annotations

import hashlib
import json
import math
import subprocess
import sys
import threading
from pathlib import Path
from random import Random

from tests import forking
from tests.faults.soak.journal import Filing, Journal, Upload
from tests.faults.soak.world import ADMIN, SCHOOLS, World

LIFE = (0.3, 12.0)
"""Seconds after which a command is killed that is not through; drawn anew each time, evenly on a logarithmic scale."""

YEAR = 2021
PATIENCE = 120.0

RECORD = """\
organisation: {organisation}
family: study_session
form: 党课
title: {title}
occurred: {{from: {year}-04-21T14:30+08:00, to: {year}-04-21T16:30+08:00}}
chair: 张敏
body: 大家谈了认识。
"""


class Importer:
    """Somebody at a terminal."""

    def __init__(self, world: World, journal: Journal, seed: int, give_up: threading.Event) -> None:
        self.world, self.journal, self.give_up = world, journal, give_up
        self.chance = Random(f"{seed}/import")
        self.made = 0

    def run(self, stop: threading.Event) -> None:
        try:
            while not stop.is_set():
                self.bring(stop)
                stop.wait(self.chance.uniform(0, 2))
        except Exception as error:  # one that ends would hide what it has not asked
            self.journal.fault(f"the importer stumbled: {error!r}")

    def bring(self, stop: threading.Event) -> None:
        """One folder, until it is filed; when the test is over the command may take its time."""
        folder, filing = self._folder()
        self.journal.filing(filing)
        while not self.give_up.is_set():
            low, high = map(math.log, LIFE)
            life = PATIENCE if stop.is_set() else math.exp(self.chance.uniform(low, high))
            answer = self._command(["ingest", str(folder), "--json"], life)
            if answer is None:
                self.journal.count("command killed")
                continue
            filed = [*answer.get("filed", ()), *answer.get("unchanged", ())]
            if len(filed) == 1:
                filing.codes.add(filed[0]["code"])
                filing.record = filed[0]["record"]
                self.journal.count("ingested" if answer["filed"] else "ingested before")
                return

    def _command(self, words: list[str], life: float) -> dict[str, list[dict[str, str]]] | None:
        """Its answer; None where it was killed. Code 3 says that something cannot be reached now: try again."""
        running = forking.Popen(
            [sys.executable, "-m", "api.cli", *words], cwd=self.world.folder, env=self.world.environment(),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            out, err = running.communicate(timeout=life)
        except subprocess.TimeoutExpired:
            running.kill()
            running.communicate()
            return None
        if "Traceback" in err or running.returncode not in (0, 3):
            self.journal.fault(f"{words[0]} ended with {running.returncode}: {out[:500]} {err[:2000]}")
        return dict(json.loads(out)) if running.returncode == 0 else {}

    def _folder(self) -> tuple[Path, Filing]:
        self.made += 1
        mark = f"i{self.made}z{self.chance.getrandbits(40):010x}"
        folder = self.world.folder / "brought" / mark
        folder.mkdir(parents=True)
        title, organisation = f"专题党课 {mark}", self.chance.choice(SCHOOLS)
        text = f"{mark} 签到 " * self.chance.randint(1, 3000)
        (folder / "签到表.txt").write_text(text, "utf-8")
        said = RECORD.format(organisation=organisation, title=title, year=YEAR)
        (folder / "record.yaml").write_text(said, "utf-8")
        data = text.encode()
        upload = Upload("签到表.txt", hashlib.sha256(data).hexdigest(), len(data), ADMIN, mark, named=True)
        return folder, Filing("", ADMIN, title, organisation, YEAR, [upload])

"""The clients: they file records with attachments, sign off, correct, attach, search, read and report, all at once.

Each asks as a careful program does: what was not answered is asked again with the same key, and what cannot have a key
is looked up before it is done again. What they see on the way is judged too: an acknowledged record can be read at once
from every web process, no page of hits names a record twice.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from random import Random
from urllib.parse import quote

from tests.faults.soak.asking import Abandoned, Asker, Reply
from tests.faults.soak.journal import Act, Filing, Journal, Upload
from tests.faults.soak.killer import ACKNOWLEDGED, Bell
from tests.faults.soak.world import SCHOOLS, SECRETARY, World, clerk

API = "/api/v1"
YEARS = (2022, 2023)
WORDS = ("学习贯彻", "会议精神", "立行立改", "专题研讨", "整改落实", "调查研究", "师德师风", "校园安全", "主题教育")


class Client:
    """A clerk at a desk. ``run`` ends when told to, or when there is nobody to answer any more."""

    def __init__(
        self, number: int, world: World, journal: Journal, bell: Bell, seed: int, give_up: threading.Event
    ) -> None:
        self.user, self.organisation = clerk(number), SCHOOLS[number % len(SCHOOLS)]
        self.chance = Random(f"{seed}/{number}")
        self.journal, self.bell = journal, bell
        self.asker = Asker(world.webs, world.tokens[self.user], journal, bell, Random(f"{seed}/{number}/ask"), give_up)
        self.secretary = world.tokens[SECRETARY]
        self.mine: list[Filing] = []
        self.number, self.made = number, 0

    def run(self, stop: threading.Event) -> None:
        acts: list[tuple[int, Callable[[], None]]] = [
            (8, self.file), (3, self.sign_off), (3, self.correct), (2, self.attach), (3, self.search), (3, self.show),
            (1, self.report), (1, self.hold_back),
        ]  # fmt: skip
        try:
            while not stop.is_set():
                self.chance.choices([act for _, act in acts], [weight for weight, _ in acts])[0]()
                time.sleep(self.chance.uniform(0, 0.2))
        except Abandoned:
            self.journal.count("abandoned")
        except Exception as error:  # a client that ends would hide what it has not asked
            self.journal.fault(f"client {self.number} stumbled: {error!r}")

    # ── what it does ────────────────────────────────────────────────────────────────────────────────────────────

    def file(self) -> None:
        mark, year = self._mark(), self.chance.choice(YEARS)
        files = [self._upload() for _ in range(self.chance.choice((0, 1, 1, 2, 3)))]
        filing = Filing(f"key-{mark}", self.user, f"专题党课 {mark}", self.organisation, year, files)
        self.journal.filing(filing)
        self.send(filing)

    def file_with(self, waiting: list[Upload]) -> None:
        """A record for uploads that waited."""
        if waiting:
            mark = self._mark()
            filing = Filing(f"key-{mark}", self.user, f"专题党课 {mark}", self.organisation, YEARS[0], waiting)
            self.journal.filing(filing)
            self.send(filing)

    def send(self, filing: Filing) -> None:
        """Ask until it is filed; every now and then once more, as someone does who did not see the answer."""
        named = [{"name": each.name, "sha256": each.sha256} for each in filing.files]
        body = {**self._content(filing), "files": named}
        for _ in range(1 + (self.chance.random() < 0.1)):
            reply, _ = self.asker.ask("POST", f"{API}/records", body, Idempotency_Key=filing.key)
            filing.attempts += 1
            if reply.status not in (200, 201):
                self.journal.fault(f"filing {filing.title}: {reply}")
                return
            filing.codes.add(reply.json["code"])
            self.bell.ring(ACKNOWLEDGED)
        for each in filing.files:
            each.named = True
        self.mine.append(filing)
        self.journal.count("filed")
        self._read(filing)

    def sign_off(self) -> None:
        self._act("sign-off", lambda filing, mark: {"remark": mark}, self.secretary)

    def correct(self) -> None:
        self._act("correct", lambda filing, mark: {"record": self._content(filing, mark), "reason": mark})

    def attach(self) -> None:
        upload = self._upload()
        named = {"files": [{"name": upload.name, "sha256": upload.sha256}]}
        filing = self._act("attach", lambda filing, mark: named, mark=upload.name)
        if filing is not None:
            upload.named = True
            filing.files.append(upload)

    def search(self) -> None:
        words = self.chance.choice(WORDS) if not self.mine or self.chance.random() < 0.5 else self._known().title
        reply, _ = self.asker.ask("GET", f"{API}/search?q={quote(words)}&limit=20")
        codes = [hit["code"] for hit in reply.json["hits"]] if reply.status == 200 else []
        if reply.status != 200 or len(set(codes)) < len(codes):
            self.journal.fault(f"search for {words}: {reply}")

    def show(self) -> None:
        if filings := self.journal.acknowledged():
            self._read(self.chance.choice(filings), self.secretary)

    def report(self) -> None:
        year = self.chance.choice(YEARS)
        reply, _ = self.asker.ask("GET", f"{API}/reports/annual?organisation={self.organisation}&year={year}")
        if reply.status != 200 or reply.json["year"] != year:
            self.journal.fault(f"report: {reply}")

    def hold_back(self) -> None:
        """An upload that waits for its record until the end."""
        self._upload()

    # ── how ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _act(self, kind: str, body: Callable[[Filing, str], object], token: str = "", mark: str = "") -> Filing | None:
        if not self.mine:
            return None
        filing = self._known()
        act = Act(kind, mark or self._mark())  # type: ignore[arg-type]  # one of its kinds
        filing.acts.append(act)
        reply, lost = self._done("POST", f"{API}/records/{filing.code}/{kind}", body(filing, act.mark), token)
        if reply.status == 409 and reply.code == "act_not_possible":  # signed off before; perhaps by us
            act.acknowledged = lost > 0 and self._in_history(filing, act)
            self.journal.count(f"{kind} " + ("found done" if act.acknowledged else "not possible"))
            return filing if act.acknowledged else None
        if reply.status != 200:
            self.journal.fault(f"{kind} {filing.code}: {reply}")
            return None
        act.acknowledged = True
        self.bell.ring(ACKNOWLEDGED)
        self.journal.count(kind)
        if not self._in_history(filing, act):
            self.journal.fault(f"{kind} {act.mark} of {filing.code} was acknowledged and is not in its history")
        return filing

    def _done(self, method: str, path: str, body: object, token: str = "") -> tuple[Reply, int]:
        """Asked again where somebody else was quicker to change this record: the archive looks anew."""
        lost = 0
        while True:
            reply, more = self.asker.ask(method, path, body, token)
            lost += more
            if reply.status != 409 or reply.code != "version_conflict":
                return reply, lost
            self.journal.count("version conflict")

    def _in_history(self, filing: Filing, act: Act) -> bool:
        reply, _ = self.asker.ask("GET", f"{API}/records/{filing.code}", token=self.secretary)
        return reply.status == 200 and any(act.mark in line["reason"] for line in reply.json["history"])

    def _read(self, filing: Filing, token: str = "") -> None:
        reply, _ = self.asker.ask("GET", f"{API}/records/{filing.code}", token=token)
        if reply.status != 200 or filing.title not in reply.json["title"]:
            self.journal.fault(f"{filing.title} was acknowledged as {filing.code}: {reply}")
            return
        there = {each["sha256"] for each in reply.json["files"]}
        if missing := {each.sha256 for each in filing.files} - there:
            self.journal.fault(f"{filing.code} lacks {missing}")

    def _upload(self) -> Upload:
        name, data, word = self._file()
        reply, _ = self.asker.ask("POST", f"{API}/uploads?name={quote(name)}", data)
        upload = Upload(name, hashlib.sha256(data).hexdigest(), len(data), self.user, word)
        if reply.status != 201 or (reply.json["sha256"], reply.json["size"]) != (upload.sha256, upload.size):
            self.journal.fault(f"upload of {len(data)} bytes: {reply}")
        self.journal.upload(upload)
        self.journal.count("uploaded")
        return upload

    def _file(self) -> tuple[str, bytes, str]:
        word, fate = self._mark(), self.chance.random()
        if fate < 0.08:  # the same bytes from everybody, under a name of its own
            return f"通知-{word}.txt", "各校：请于本周五前上报材料。".encode(), ""
        if fate < 0.2:
            return f"照片-{word}.jpg", b"\xff\xd8\xff\xe0" + self.chance.randbytes(self.chance.randint(1, 4 << 20)), ""
        text = " ".join(self.chance.choices(WORDS, k=int(10 ** self.chance.uniform(1, 4))))
        if fate < 0.5:
            return f"纪要-{word}.html", f"<html><body><h1>{word}</h1><p>{text}</p></body></html>".encode(), word
        return f"纪要-{word}.txt", f"{word} {text}".encode(), word

    def _content(self, filing: Filing, mark: str = "") -> dict[str, object]:
        return {
            "organisation": filing.organisation,
            "family": "study_session",
            "form": "党课",
            "title": filing.title,
            "occurred": {"from": f"{filing.year}-04-21T14:30+08:00", "to": f"{filing.year}-04-21T16:30+08:00"},
            "chair": "张敏",
            "hours": 2,
            "body": f"围绕立行立改谈了认识。{mark}",
        }

    def _known(self) -> Filing:
        return self.chance.choice(self.mine)

    def _mark(self) -> str:
        """A word that nobody else uses."""
        self.made += 1
        return f"q{self.number}z{self.made}z{self.chance.getrandbits(40):010x}"

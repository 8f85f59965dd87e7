"""How a client asks: of any web process, again and again until it is answered, as a good client of the archive does."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, NamedTuple

from tests.faults.soak.journal import Journal
from tests.faults.soak.killer import Bell
from tests.faults.soak.members import Member

TIMEOUT = 60.0
"""Seconds of silence after which an answer counts as lost."""

LATER = (0.02, 0.5)
"""Seconds before the same is asked again."""

BUSY = {503, 507}
"""What says that one should try again."""


class Reply(NamedTuple):
    status: int
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """Our error code, "" where it is none."""
        try:
            said = json.loads(self.body)
        except ValueError:
            return ""
        return str(said.get("code", "")) if isinstance(said, dict) else ""

    def __str__(self) -> str:
        return f"{self.status} {self.body[:300].decode('utf-8', 'replace')}"


class Abandoned(Exception):
    """The time for asking again is over."""


@dataclass
class Asker:
    """One client's way to the archive. ``deadline`` may be moved by whoever ends the test."""

    webs: Sequence[Member]
    token: str
    journal: Journal
    bell: Bell
    chance: Random
    give_up: threading.Event

    def ask(self, method: str, path: str, body: Any = None, token: str = "", **headers: str) -> tuple[Reply, int]:
        """The first answer that is one, and how many answers were lost before it. Raises `Abandoned`."""
        lost = 0
        while True:
            web = self.chance.choice(self.webs)
            try:
                reply = self._once(web, method, path, body, token or self.token, headers)
            except (OSError, http.client.HTTPException) as error:
                refused = isinstance(error, ConnectionRefusedError)
                self.journal.count("nobody there" if refused else "answer lost")
                lost += not refused
            else:
                if reply.status not in BUSY:
                    self._judge(method, path, reply)
                    return reply, lost
                self.journal.count(f"{reply.status} {reply.code}")
                lost += 1  # it may have been done: what failed can also be the making of the answer
            if self.give_up.wait(self.chance.uniform(*LATER)):
                raise Abandoned

    def _once(self, web: Member, method: str, path: str, body: Any, token: str, headers: dict[str, str]) -> Reply:
        said = {"Authorization": f"Bearer {token}"} | {name.replace("_", "-"): text for name, text in headers.items()}
        if not isinstance(body, bytes | None):
            body = json.dumps(body).encode()
            said["Content-Type"] = "application/json"
        connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=TIMEOUT)
        try:
            connection.connect()
            if method == "POST":
                self.bell.ring(web.name)
            connection.request(method, path, body, said)
            answer = connection.getresponse()
            return Reply(answer.status, answer.read())
        finally:
            connection.close()

    def _judge(self, method: str, path: str, reply: Reply) -> None:
        self.journal.count(f"{method} {reply.status}")
        if reply.status >= 500:
            self.journal.fault(f"{method} {path}: {reply}")

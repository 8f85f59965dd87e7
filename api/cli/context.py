"""What a running command has: settings, language, the archive when it asks for it, and where to print."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from domain.errors import InputError, IntegrityFault, JianzhengError, Lang, Unavailable

if TYPE_CHECKING:
    from adapters.home.house import House
    from adapters.home.settings import Settings
    from api.common.shapes.records import RecordShapes
    from domain.access import Actor
    from indexers.loop.dead_letters import NameOf
    from indexers.pipeline import Pipeline

T = TypeVar("T")


class PasswordNeeded(InputError):
    code = "password_needed"
    zh = "需要口令，但这里不能输入。"
    en = "A password is needed, and it cannot be asked for here."
    next_zh = "请在终端里运行，或用环境变量 {variable} 给出，也可以写在 {variable}_FILE 指的文件里。"
    next_en = "Run it in a terminal, or give the password in {variable} or in a file that {variable}_FILE names."


class PasswordsDiffer(InputError):
    code = "passwords_differ"
    zh = "两次输入的口令不一样。"
    en = "The two passwords are not the same."


@dataclass
class Screen:
    """Answers go to standard output, everything else to standard error; colour only where a person looks."""

    lang: Lang
    json: bool

    @cached_property
    def colour(self) -> bool:
        return not self.json and sys.stdout.isatty() and "NO_COLOR" not in os.environ

    def say(self, zh: str, en: str) -> None:
        """A line of the answer for a person; nothing under ``--json``."""
        if not self.json:
            self.line(zh if self.lang == "zh" else en)

    def line(self, text: str = "") -> None:
        if not self.json:
            sys.stdout.write(text + "\n")

    def document(self, document: Any) -> None:
        """The one JSON document; nothing without ``--json``."""
        if self.json:
            import json

            sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")

    def flush(self) -> None:
        sys.stdout.flush()

    def note(self, zh: str, en: str) -> None:
        sys.stderr.write((zh if self.lang == "zh" else en) + "\n")

    def progress(self, zh: str, en: str) -> None:
        """A line that the next one replaces; nothing where standard error is no terminal."""
        if sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K" + (zh if self.lang == "zh" else en))
            sys.stderr.flush()

    def progress_done(self) -> None:
        if sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def bold(self, text: str) -> str:
        return f"\x1b[1m{text}\x1b[0m" if self.colour else text

    def mark(self, text: str) -> str:
        return f"\x1b[1;31m{text}\x1b[0m" if self.colour else text

    def dim(self, text: str) -> str:
        return f"\x1b[2m{text}\x1b[0m" if self.colour else text


class Part(Generic[T]):
    """A part of the archive, by name. The archive is opened when a command first asks for one."""

    def __init__(self, of: Callable[[House], T]) -> None:
        self._of = of

    def __get__(self, context: Context, _: type[Context]) -> T:
        return self._of(context.house)


class Context:
    """Puts together what a command asks for, opening the archive when it first does; `close` ends what was opened."""

    identity = Part(lambda house: house.identity)
    servers = Part(lambda house: house.servers)
    archive = Part(lambda house: house.archive)
    directory = Part(lambda house: house.directory)
    administration = Part(lambda house: house.administration)
    accounts = Part(lambda house: house.accounts)
    events = Part(lambda house: house.events)
    blobs = Part(lambda house: house.blobs)
    ledger = Part(lambda house: house.ledger)
    publisher = Part(lambda house: house.publisher)
    signer = Part(lambda house: house.signer)
    key_keeping = Part(lambda house: house.key_keeping)
    receipts = Part(lambda house: house.receipts)
    searching = Part(lambda house: house.searching)
    engine = Part(lambda house: house.engine)
    reporting = Part(lambda house: house.reporting)
    figures = Part(lambda house: house.figures)
    erasing = Part(lambda house: house.erasing)
    erasures = Part(lambda house: house.erasures)
    queue = Part(lambda house: house.queue)
    work = Part(lambda house: house.work)
    clock = Part(lambda house: house.clock)

    def __init__(self, settings: Settings, environment: Mapping[str, str], json: bool) -> None:
        self.settings = settings
        self.environment = environment
        self.screen = Screen(settings.lang, json)
        self.fault: JianzhengError | None = None
        """What went wrong behind an act that was recorded all the same."""
        self._house: House | None = None
        self._pipeline: Pipeline | None = None

    @property
    def house(self) -> House:
        if self._house is None:
            from adapters.home.house import open_archive

            self._house = open_archive(self.settings)
        return self._house

    @property
    def shapes(self) -> RecordShapes:
        """What makes the JSON of records."""
        from api.common.composing import record_shapes

        return record_shapes(self.house)

    @property
    def pipeline(self) -> Pipeline:
        if self._pipeline is None:
            from indexers.pipeline import Pipeline

            self._pipeline = Pipeline(self.house)
        return self._pipeline

    @cached_property
    def actor(self) -> Actor:
        """Whom the command acts as."""
        return self.house.operator()

    def tree_size(self, said: str | None) -> int | None:
        """How many leaves ``--as-of`` means; None for now. Raises `BadInstant`, `NotYetReached`."""
        from api.common.instants import tree_size

        return None if said is None else tree_size(said, self.house.moments)

    def name_of(self) -> NameOf:
        """What records are called to whoever acts."""
        from api.common.composing import names

        return names(self.house)(self.actor)

    def require_keeper(self) -> None:
        """Raises `NotAllowed` for whoever may not see to what the whole archive is built of."""
        self.archive.policy.require_at_top(self.actor, "index.manage")

    def own(self, house: House) -> None:
        """A house that a command made itself is closed with the context."""
        self._house = house

    def catch_up(
        self, zh: str = "已经存好；检索和账本稍后跟上", en: str = "It is stored; index and ledger follow later"
    ) -> None:
        """Take in what was just recorded. It is recorded whatever happens here: a fault is a note, not a failure."""
        try:
            self.pipeline.catch_up()
        except (Unavailable, IntegrityFault) as error:
            self.fault = error
            said = error.message(self.screen.lang).rstrip("。.")
            self.screen.note(f"{zh}（{said}）", f"{en} ({said})")

    def refresh(self) -> None:
        """Before a search: take in what an interrupted command, or another process, left behind."""
        if self.ledger.tracking() < self.events.head() or self.engine.position() < self.ledger.size():
            self.catch_up("检索和账本还没有跟上", "Index and ledger are behind")

    def password(self, variable: str, zh: str, en: str) -> str:
        """From the environment, else asked for twice without showing it."""
        from adapters.servers.secret_files import secret

        given = secret(self.environment, variable)
        if given:
            return given
        if not sys.stdin.isatty():
            raise PasswordNeeded(variable=variable)
        from getpass import getpass

        zh_lang = self.screen.lang == "zh"
        first = getpass(zh + "：" if zh_lang else en + ": ")
        if getpass("再输一次：" if zh_lang else "Once more: ") != first:
            raise PasswordsDiffer
        return first

    def close(self) -> None:
        if self._house is not None:
            with suppress(Unavailable):
                self._house.close()

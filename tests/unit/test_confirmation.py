"""What is asked of a server before its first use: by who comes first, until it is answered well, then never again."""

from __future__ import annotations

import threading
from copy import copy

import pytest

from adapters.servers.confirmation import Confirmation
from domain.errors import ArchiveBusy


def test_it_is_asked_until_it_ends_well() -> None:
    """With what the user passes; a question that raises keeps everybody out."""
    asked: list[str] = []

    def ask(link: str) -> None:
        asked.append(link)
        if len(asked) < 3:
            raise ArchiveBusy

    confirmation: Confirmation[[str]] = Confirmation()
    confirmation.require("before there is a question")
    confirmation.expect(ask)
    for link in ("a", "b"):
        with pytest.raises(ArchiveBusy):
            confirmation.require(link)
    for link in ("c", "d"):
        confirmation.require(link)
    assert asked == ["a", "b", "c"]


def test_the_question_may_use_what_it_is_about() -> None:
    """The thread that asks is let through; a copy made before the question was there asks no second time."""

    class Client:
        confirmation: Confirmation[[]]
        uses = 0

        def use(self) -> None:
            self.confirmation.require()
            Client.uses += 1

    client = Client()
    client.confirmation = Confirmation()
    early = copy(client)
    client.confirmation.expect(client.use)
    early.use()
    client.use()
    assert Client.uses == 3


def test_others_wait_for_the_answer() -> None:
    """Nobody passes while it is asked, and who waited does not ask again."""
    asking, answer, passed = threading.Event(), threading.Event(), list[str]()

    def ask() -> None:
        asking.set()
        answer.wait(30)
        passed.append("asked")

    confirmation: Confirmation[[]] = Confirmation()
    confirmation.expect(ask)

    def use() -> None:
        confirmation.require()
        passed.append("used")

    threads = [threading.Thread(target=use) for _ in range(3)]
    threads[0].start()
    asking.wait(30)
    for thread in threads[1:]:
        thread.start()
    assert passed == []
    answer.set()
    for thread in threads:
        thread.join()
    assert passed == ["asked", "used", "used", "used"]

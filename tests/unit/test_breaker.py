"""The breaker: one asks a silent server, the others do not wait, and its return is noticed by whoever asks."""

from __future__ import annotations

import threading

from adapters.servers.breaker import REST, Breaker


class Silent:
    """A server that answers, or not, as the test says; counts how often it is asked."""

    def __init__(self) -> None:
        self.back, self.asked = False, 0

    def __call__(self) -> bool:
        self.asked += 1
        return self.back


def test_a_server_that_answers_is_never_asked() -> None:
    """While nobody waited in vain, requests go straight on."""
    server = Silent()
    breaker = Breaker(server)
    assert breaker.passes() and breaker.passes()
    assert (server.asked, breaker.closed) == (0, True)


def test_its_return_is_noticed_by_the_first_who_comes() -> None:
    """Open, it asks for who comes, but for a moment after each time; an answer closes it, and nobody asks any more."""
    server, now = Silent(), 100.0
    breaker = Breaker(server, lambda: now)
    breaker.open("no answer in time")
    for _ in range(2):
        assert not breaker.passes() and not breaker.passes()
        now += REST
    assert (server.asked, breaker.closed, breaker.reason) == (2, False, "no answer in time")
    server.back = True
    assert breaker.passes() and breaker.passes()
    assert (server.asked, breaker.closed) == (3, True)


def test_only_one_waits() -> None:
    """Who comes while another one is asking is told at once."""
    asking, answer = threading.Event(), threading.Event()

    def slow() -> bool:
        asking.set()
        return answer.wait(30)

    breaker = Breaker(slow)
    breaker.open("no answer in time")
    passed: list[bool] = []
    first = threading.Thread(target=lambda: passed.append(breaker.passes()))
    first.start()
    assert asking.wait(30)
    assert not breaker.passes()
    answer.set()
    first.join()
    assert passed == [True]
    assert breaker.passes()


def test_asking_a_server_of_which_nothing_bad_is_known_yet() -> None:
    """`probe` asks in any case, and opens the breaker for everybody where there is no answer."""
    server, now = Silent(), 100.0
    breaker = Breaker(server, lambda: now)
    assert not breaker.probe()
    assert not breaker.closed
    server.back, now = True, now + REST
    assert breaker.probe() and breaker.closed

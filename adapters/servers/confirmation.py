"""Something is asked of a server before it is used for anything else: whose it is (`adapters.servers.binding`)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, ParamSpec

P = ParamSpec("P")
"""What the question is asked with, where it is not asked by the client itself: the connection."""


class Confirmation(Generic[P]):
    """Held by the client of one server, and shared by its copies. Safe to use from several threads.

    Who comes while it is asked waits for the answer, but for the thread that asks: the question is put by means of the
    client that it is about. Where it raises, the next user asks again; once it ended well nobody does any more.
    """

    def __init__(self) -> None:
        self._guard = threading.RLock()  # owns the fields below
        self._ask: Callable[P, None] | None = None
        self._asking = False

    def expect(self, ask: Callable[P, None]) -> None:
        """Have this asked before the first use."""
        with self._guard:
            self._ask = ask

    def require(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Called before each use. Raises what the question raises."""
        if self._ask is None:
            return
        with self._guard:
            if self._ask is None or self._asking:
                return
            self._asking = True
            try:
                self._ask(*args, **kwargs)
                self._ask = None
            finally:
                self._asking = False

"""A heartbeat beside long work: it says every few seconds that the work goes on, and falls silent with its process."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from domain.errors import JianzhengError

log = logging.getLogger("jianzheng.heartbeat")


@contextmanager
def beating(beat: Callable[[], None], every: float) -> Iterator[None]:
    """Call ``beat`` every so many seconds while the block runs. One that fails is followed by the next."""
    over = threading.Event()

    def run() -> None:
        while not over.wait(every):
            try:
                beat()
            except JianzhengError as error:
                log.warning("%s", error)

    thread = threading.Thread(target=run, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()

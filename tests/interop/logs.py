"""Logs of synthetic events, made by the ledger's own integrator and publishers, and served by the real application."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn

from adapters.home.house import House
from adapters.keys.key_folder import of_one
from adapters.keys.ring import KeyRing
from api.app import create_app
from tests.ledger_world import World, open_world, some_rows


def log_at(home: Path, publisher: Any = None) -> World:
    """An empty log; ``publisher`` where its public files do not lie in a folder."""
    world = open_world(home)
    world.publisher = publisher or world.publisher
    return world


def grow(world: World, size: int) -> None:
    """Integrate and publish until there are so many leaves, as one more publication."""
    here = world.ledger.size()
    if size > here:
        world.events.add(some_rows(size - here, seed=size))
        world.integrator().run_once()
    assert world.ledger.size() == world.ledger.published() == size


def take_the_place(house: House, world: World) -> None:
    """Let an archive's application serve this log instead of its own."""
    house.publisher = world.publisher
    signer = world.signer.signer
    house.signer = KeyRing(of_one(signer, house.settings.keys_folder), house.events)


@contextmanager
def served(house: House) -> Iterator[str]:
    """The address of the archive's application, on a socket."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()  # connections wait in the queue until the server takes them
    server = uvicorn.Server(uvicorn.Config(create_app(house), log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listener.close()

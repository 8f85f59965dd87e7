"""What all tests share: the same surroundings on every machine, and no way out to the network."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["pytester", "tests.servers.plugin", "tests.tiers"]

# Nothing is timed: a busy machine must not turn a property red.
settings.register_profile("jianzheng", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("jianzheng")

COLOUR_SWITCHES = ("FORCE_COLOR", "CLICOLOR_FORCE", "PY_COLORS", "GITHUB_ACTIONS")
LOCALE = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LC_CTYPE")


class ConnectionOutside(AssertionError):
    """A test tried to leave the machine. Not an `OSError`: code that handles those must not hide it."""


def pytest_configure() -> None:
    """Forget the developer's settings: archives, servers, language, colour, and whether an interrupt is ignored, as a
    shell has it for what runs in the background. Child processes inherit that.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in [name for name in os.environ if name.startswith("JIANZHENG_")]:
        del os.environ[name]
    for name in (*COLOUR_SWITCHES, *LOCALE):
        os.environ.pop(name, None)
    os.environ["LANG"] = "C.UTF-8"


def is_local(family: int, address: Any) -> bool:
    """Whether a socket address stays on this machine (any family but IP does)."""
    if family not in (socket.AF_INET, socket.AF_INET6):
        return True
    host = str(address[0])
    return host in ("localhost", "::1", "") or host.startswith(("127.", "::ffff:127."))


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """Connections of the test process reach loopback only."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))
        yield


def _guarded(method: Any) -> Any:
    def connect(self: socket.socket, address: Any) -> Any:
        if not is_local(self.family, address):
            raise ConnectionOutside(f"tests must not connect to {address!r}")
        return method(self, address)

    return connect

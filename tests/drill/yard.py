"""Where copies of a sealed archive in a folder are made, and thrown away."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.drill.hands import Embedded, Hands
from tests.drill.world import Made


class Yard:
    """Nothing that is done to a copy touches the archive: every byte of it is the copy's own."""

    on_servers = False

    def __init__(self, made: Made) -> None:
        self.made = made

    @contextmanager
    def copy(self) -> Iterator[Hands]:
        home = self.made.folder / "copy"
        shutil.copytree(self.made.home, home)
        try:
            yield Embedded(self.made, home)
        finally:
            _remove(home)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder)

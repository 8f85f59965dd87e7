"""Time stamps in the ledger's public folder. Written elsewhere first: what is half written is never public."""

from __future__ import annotations

from pathlib import Path

from adapters.disk.durable import make_dirs, storage_errors, write_new
from domain.ledger.timestamps import FOLDER, StampName, parse_label


class FolderTimestamps:
    """`domain.ledger.timestamps.TimestampStore`. ``staging``: on the same file system, and nobody else's."""

    def __init__(self, public: Path, staging: Path) -> None:
        self._public, self._staging = public, staging

    def keep(self, name: str, data: bytes) -> bool:
        path = self._public / name
        with storage_errors():
            make_dirs(path.parent)
            make_dirs(self._staging)
        return write_new(path, data, mode=0o444, staging=self._staging)

    def read(self, name: str) -> bytes | None:
        with storage_errors():
            try:
                return (self._public / name).read_bytes()
            except FileNotFoundError:
                return None

    def names(self) -> list[str]:
        with storage_errors():
            folder = self._public / FOLDER
            return [f"{FOLDER}{path.name}" for path in folder.iterdir()] if folder.is_dir() else []

    def begin(self, what: StampName) -> None:
        with storage_errors():
            make_dirs(self._staging)
            write_new(self._staging / what.label, b"")

    def end(self, what: StampName) -> None:
        with storage_errors():
            (self._staging / what.label).unlink(missing_ok=True)

    def unfinished(self) -> list[StampName]:
        with storage_errors():
            paths = sorted(self._staging.iterdir()) if self._staging.is_dir() else []
        return [name for path in paths if (name := parse_label(path.name)) is not None]

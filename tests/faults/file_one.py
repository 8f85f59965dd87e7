"""A process that files one record with one file, under an id it is given: to be killed on the way.

``python -m tests.faults.file_one ID TEXT`` on the archive of the environment.
"""

from __future__ import annotations

import sys
from uuid import UUID

from adapters.home import settings
from adapters.home.house import open_archive
from domain.records.filing import IncomingFile
from tests.fakes import lecture


def main(record: str, text: str) -> None:
    house = open_archive(settings.read())
    staged = house.blobs.stage(iter([text.encode()]))
    files = [IncomingFile("签到表.txt", staged, "text/plain")]
    house.archive.file(house.operator(), lecture(organisation="top"), files, record_id=UUID(record))


if __name__ == "__main__":
    main(*sys.argv[1:])

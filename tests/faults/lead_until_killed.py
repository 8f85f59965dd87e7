"""A process that becomes the leader of one job and stops in the middle of it, holding everything, until it is killed.

``python -m tests.faults.lead_until_killed PART`` on the archive of the environment; prints ``stuck`` when it is.
"""

from __future__ import annotations

import sys
import time

from adapters.home import settings
from adapters.home.house import open_archive
from indexers.pipeline import Pipeline


def stuck(*_: object, **__: object) -> None:
    print("stuck", flush=True)
    time.sleep(3600)


def main(part: str) -> None:
    house = open_archive(settings.read())
    if part == "ledger":
        house.publisher.write = stuck  # type: ignore[method-assign]  # its leaves are committed, nothing is published
    elif part == "figures":
        house.figures.write = stuck  # type: ignore[assignment, method-assign]
    else:
        house.engine.write = stuck  # type: ignore[method-assign]
    Pipeline(house).start()
    time.sleep(3600)


if __name__ == "__main__":
    main(sys.argv[1])

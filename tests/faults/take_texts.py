"""A process of its own that works at a text queue.

``python -m tests.faults.take_texts ADDRESS COUNT`` waits for a line on its standard input, so that several begin at
once; then it takes files one at a time and prints the digest of each, finishes COUNT of them, and keeps the next one
in its hands until it is killed. It ends by itself where nothing waits any more.
"""

from __future__ import annotations

import sys
import time

from tests.queue_world import opened


def main(address: str, count: int) -> None:
    with opened(address) as queue:
        print("ready", flush=True)
        sys.stdin.readline()
        while found := queue.next(time.time(), 1):
            print(found[0].sha256, flush=True)
            if count == 0:
                time.sleep(3600)
            queue.done(found[0].sha256)
            count -= 1


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

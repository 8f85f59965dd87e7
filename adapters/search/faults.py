"""What the search library reports, as one of our errors.

It says everything as a sentence in a `ValueError`. A fault of the operating system keeps its number in it; whatever
else goes wrong with an index that was written by us means that the index is damaged. On some damaged files the library
panics: that is no `Exception`, and would end a server's thread, or a command, with a traceback.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from adapters.disk.durable import storage_fault
from domain.errors import JianzhengError, StorageFailed
from domain.search.errors import IndexDamaged, IndexLocked

_OS_ERROR = re.compile(r"os error ([0-9]{1,5})")
_PANIC = "PanicException"  # of a module that cannot be imported


@contextmanager
def index_faults() -> Iterator[None]:
    """Turn what the library raises inside the block into `IndexDamaged`, `IndexLocked` or a fault of the storage."""
    try:
        yield
    except JianzhengError:
        raise
    except Exception as error:  # the library and what it hands out, read by us: there is nothing else in the block
        raise fault_of(error) from error
    except BaseException as error:
        if type(error).__name__ != _PANIC:
            raise
        raise fault_of(error) from None


def fault_of(error: BaseException) -> JianzhengError:
    """`IndexLocked`, a fault of the storage, or else `IndexDamaged`."""
    said = str(error)
    number = _OS_ERROR.search(said)
    if isinstance(error, OSError) or number is not None:
        system = error if isinstance(error, OSError) else OSError(int(number[1]) if number else 0, said)
        fault = storage_fault(system)
        if not isinstance(fault, StorageFailed):  # a file that is missing or cut short is damage
            return fault
    if "lockbusy" in said.lower().replace(" ", ""):
        return IndexLocked()
    return IndexDamaged(detail=said.splitlines()[0][:200] if said else type(error).__name__)

"""All kinds of tampering, entered."""

from tests.drill import (
    kinds_backups,
    kinds_events,
    kinds_files,
    kinds_ledger,
    kinds_public,
    kinds_rules,
    kinds_stamps,
    kinds_views,
)
from tests.drill.registry import KINDS

MODULES = (
    kinds_events, kinds_ledger, kinds_public, kinds_files, kinds_views, kinds_stamps, kinds_backups, kinds_rules,
)  # fmt: skip

__all__ = ["KINDS", "MODULES"]

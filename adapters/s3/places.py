"""What lies where in a bucket: the one list of the names under which an archive keeps things there."""

from __future__ import annotations

FILES = "files/"
"""Kept files, ``files/sha256/ab/cd/<digest>``."""

LEDGER = "ledger/"
"""The ledger's public files, and time stamps beside them."""

CHECKPOINT = f"{LEDGER}checkpoint"

TEXTS = "text/"
"""Texts that were extracted, which are made again where they are not whole."""

PENDING = "pending/"
"""Notes of filings under way."""

STAGING = "staging/"
"""Files that no event names yet."""

STAMPING = "stamping/"
"""Notes of time stamps that are being made."""

RETENTION = "retention/"
"""How far the walk over the locks of files is."""

IDENTITY = "archive.json"
"""Whose bucket it is."""

"""How an organisation's code is written."""

from __future__ import annotations

import re

ORGANISATION_CODE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")

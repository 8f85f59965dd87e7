"""The files a report can be made into, besides JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from adapters.rendering.html import html
from domain.errors import Lang
from domain.ports.reports import ReportRenderer


def renderers(fonts: Sequence[Path] = ()) -> Mapping[str, ReportRenderer]:
    """By file ending. ``fonts`` are the operator's (``JIANZHENG_FONTS``)."""

    def pdf(report: dict[str, Any], lang: Lang) -> bytes:
        # Typst is 30 MB to load and a report in HTML does not need it.
        from adapters.rendering.pdf import PdfRenderer

        return PdfRenderer(fonts)(report, lang)

    return {"html": html, "pdf": pdf}

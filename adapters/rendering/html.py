"""A report as one HTML file: nothing outside is fetched, no script runs, and it prints well."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from adapters.rendering.page import page
from domain.errors import Lang


def html(report: dict[str, Any], lang: Lang) -> bytes:
    """Every value is escaped; the file can be opened from anywhere, also years from now."""
    return _template().render(page=page(report, lang)).encode()


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("adapters.rendering", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("annual.html")

"""How the shape of a JSON answer is declared: a `TypedDict` whose docstring, and whose keys' docstrings, become the
OpenAPI document and the reference.

The type checker holds the function that makes an answer against its shape; nothing is checked, copied or left out
while an answer is sent. `NotRequired` marks a key that is absent in some answers. Keys may be added, never changed.
"""

from __future__ import annotations

from typing import Any, NotRequired, TypeVar

from typing_extensions import TypedDict  # of Python 3.11's own one pydantic cannot tell which keys are required

__all__ = ["Json", "Message", "NotRequired", "TypedDict", "open_shape", "shape"]

Json = dict[str, Any]
Shape = TypeVar("Shape", bound=type)


def shape(declared: Shape) -> Shape:
    """A shape with these keys and no others."""
    return _configured(declared)


def open_shape(declared: Shape) -> Shape:
    """A shape that has other keys beside these: those of a form, or what an error says of itself."""
    return _configured(declared, extra="allow")


def _configured(declared: Shape, **options: Any) -> Shape:
    # Where `pydantic.with_config` would put it; commands need not load pydantic for it.
    declared.__pydantic_config__ = {"use_attribute_docstrings": True, **options}  # type: ignore[attr-defined]
    return declared


@shape
class Message(TypedDict):
    """An error that stands somewhere in an answer, in the reader's language."""

    code: str
    message: str

"""What a line holds: entries, each with its type and the strings of it that may be changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from .json_bytes import Value, is_json, root, string_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["TYPES", "Adapter", "Entry", "Field", "description_of"]

TYPES = ("header", "user", "assistant", "tool", "system")
UNKNOWN = ""


class Field(NamedTuple):
    """A string of an entry that transforms may change; `output` where it is a tool's output."""

    value: Value
    output: bool


@dataclass(slots=True)
class Entry:
    """One entry of a line.

    `type` is one of TYPES, or UNKNOWN for what is kept as it is.  `tool_input` is a string that
    holds JSON, or an object.  `fields` may be empty, whatever the type.
    """

    type: str
    fields: Iterable[Field] = ()
    tool_name: str = ""
    tool_input: Value | None = None


class Adapter(Protocol):
    """Reads the entries of a format's lines; one object may remember calls from line to line."""

    def entries(self, value: Value) -> Iterable[Entry]:
        """The entries of a line that is JSON; none at all stands for one of unknown type."""
        ...


def description_of(tool_input: Value | None) -> str:
    """The trimmed `description` of a tool's input, in JSON in a string or plain; else empty."""
    if tool_input is None:
        return ""
    if tool_input.is_string:
        inner = string_of(tool_input)
        # A lone surrogate is no UTF-8, but may well stand in a description.
        if b"description" not in inner and b"\\u" not in inner:
            return ""
        inner = _respelled(inner)
        if not is_json(inner):
            return ""
        tool_input = root(inner)
    return string_of(tool_input.get(b"description")).decode("utf-8", "surrogatepass").strip()


def _respelled(text: bytes) -> bytes:
    """Lone surrogates as escapes, wherever they stand."""
    if b"\xed" not in text:
        return text
    return text.decode("utf-8", "surrogatepass").encode("utf-8", "backslashreplace")

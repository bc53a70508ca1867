"""What a line holds: entries, each with its type and the strings of it that may be changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from .json_bytes import SMALL, Value, is_json, loaded, root, string_of, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["TYPES", "Adapter", "Entry", "Field", "description_in", "description_of"]

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
        return _description(_respelled(inner))
    return text_of(tool_input.get(b"description")).strip()


def description_in(tool_input: object) -> str:
    """As `description_of`, of an input that has been loaded."""
    if isinstance(tool_input, str):
        if "description" not in tool_input and "\\u" not in tool_input:
            return ""
        inner = tool_input.encode("utf-8", "backslashreplace")
        if len(inner) > SMALL:
            return _description(inner)
        try:
            tool_input = loaded(inner)
        except ValueError:
            return ""
        except RecursionError:
            return _description(inner)
    if not isinstance(tool_input, dict):
        return ""
    description = tool_input.get("description")
    return description.strip() if isinstance(description, str) else ""


def _description(inner: bytes) -> str:
    if not is_json(inner):
        return ""
    return text_of(root(inner).get(b"description")).strip()


def _respelled(text: bytes) -> bytes:
    """Lone surrogates as escapes, wherever they stand."""
    if b"\xed" not in text:
        return text
    return text.decode("utf-8", "surrogatepass").encode("utf-8", "backslashreplace")

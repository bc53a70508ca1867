"""The plain format: an object a line, with type, content, tool_name, tool_input, tool_output."""

from __future__ import annotations

from ..entries import TYPES, Entry, Field
from ..json_bytes import string_of, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..json_bytes import Value

__all__ = ["Plain"]

_NAMES = frozenset((b"type", b"content", b"tool_name", b"tool_input", b"tool_output"))
_TYPES = {name.encode(): name for name in TYPES}


class Plain:
    """A line is an entry."""

    def entries(self, value: Value) -> Iterator[Entry]:
        """The entry of a line; none for an unknown type."""
        found = value.members(_NAMES)
        kind = _TYPES.get(string_of(found.get(b"type")))
        if kind is None:
            return
        yield Entry(
            kind,
            [
                Field(found[name], name == b"tool_output")
                for name in (b"content", b"tool_output")
                if name in found
            ],
            text_of(found.get(b"tool_name")),
            found.get(b"tool_input"),
        )

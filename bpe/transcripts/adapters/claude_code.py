"""Session logs of Claude Code: `projects/<folder>/<session>.jsonl`.

The format is not published; this is its form since 2025, as its many readers describe it.  A line
has a type of its own.  Those of user and assistant hold a message of the Messages API, whose
content blocks are the entries: a block `tool_use` is a call, a block `tool_result`, which stands in
a line of type user, its result.  The result's data are there a second time in `toolUseResult`.
"""

from __future__ import annotations

from ..entries import UNKNOWN, Entry, Field
from ..json_bytes import string_of, text_of
from .calls import Calls
from .content import content_fields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..json_bytes import Value

__all__ = ["ClaudeCode"]

_LINE = frozenset((b"type", b"message", b"content", b"toolUseResult"))
_BLOCK = frozenset(
    (b"type", b"text", b"id", b"name", b"input", b"tool_use_id", b"content"),
)
_RESULT = frozenset((b"stdout", b"stderr", b"content", b"result", b"file"))

_SPEAKERS = {b"user": "user", b"assistant": "assistant"}
# Titles of sessions.
_HEADERS = frozenset((b"summary", b"custom-title", b"ai-title"))
# The client's own book-keeping.
_HOUSEKEEPING = frozenset((b"system", b"progress", b"file-history-snapshot"))


class ClaudeCode:
    """Content blocks are entries; a summary is a header; lines of other types are unknown."""

    def __init__(self) -> None:
        self._calls = Calls()

    def entries(self, value: Value) -> Iterator[Entry]:
        """The entries of a line, in their order."""
        found = value.members(_LINE)
        kind = string_of(found.get(b"type"))
        if kind in _SPEAKERS:
            yield from self._message(_SPEAKERS[kind], found)
        elif kind in _HEADERS:
            yield Entry("header")
        elif kind in _HOUSEKEEPING:
            yield Entry("system", content_fields(found.get(b"content"), False))
        else:
            yield Entry(UNKNOWN)

    def _message(self, speaker: str, found: dict[bytes, Value]) -> Iterator[Entry]:
        message = found.get(b"message")
        content = None if message is None else message.get(b"content")
        blocks = 0
        if content is not None:
            result = found.get(b"toolUseResult")
            for block in content.items():
                blocks += 1
                entry = self._block(speaker, block, result)
                if entry.type == "tool" and entry.tool_input is None:
                    # The data belong to one result; they have no mark of whose they are.
                    result = None
                yield entry
        if not blocks:
            yield Entry(speaker, content_fields(content, False))

    def _block(self, speaker: str, block: Value, data: Value | None) -> Entry:
        found = block.members(_BLOCK)
        kind = string_of(found.get(b"type"))
        if kind.endswith(b"tool_use"):
            name = text_of(found.get(b"name"))
            self._calls.add(string_of(found.get(b"id")), name)
            return Entry("tool", (), name, found.get(b"input"))
        if kind.endswith(b"tool_result"):
            fields = [*content_fields(found.get(b"content"), True), *_data_fields(data)]
            name = self._calls.name(string_of(found.get(b"tool_use_id")))
            return Entry("tool", fields, name)
        text = found.get(b"text")
        if kind == b"text" and text is not None:
            return Entry(speaker, (Field(text, False),))
        # Thinking is signed, and images are what they are.
        return Entry(speaker)


def _data_fields(data: Value | None) -> Iterator[Field]:
    if data is None:
        return
    if data.is_string:
        yield Field(data, True)
        return
    found = data.members(_RESULT)
    for name, value in found.items():
        if name == b"file":
            inner = value.get(b"content")
            if inner is not None and inner.is_string:
                yield Field(inner, True)
        else:
            yield from content_fields(value, True)

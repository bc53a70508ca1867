"""Messages of the chat completions API: one a line, a list of them, or an object with `messages`.

The forms are those of the API's reference and of its files for batches and fine-tuning.
"""

from __future__ import annotations

from ..entries import UNKNOWN, Entry
from ..json_bytes import string_of, text_of
from .calls import Calls
from .content import content_fields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..json_bytes import Value

__all__ = ["OpenAI"]

_LINE = frozenset((b"role", b"messages"))
_MESSAGE = frozenset(
    (b"role", b"content", b"refusal", b"name", b"tool_calls", b"function_call", b"tool_call_id"),
)
_CALL = frozenset((b"id", b"function", b"custom"))
_FUNCTION = frozenset((b"name", b"arguments", b"input"))
_ROLES = {
    b"system": "system",
    b"developer": "system",
    b"user": "user",
    b"tool": "tool",
    b"function": "tool",
}


class OpenAI:
    """A message is an entry, and so is each call in it."""

    def __init__(self) -> None:
        self._calls = Calls()

    def entries(self, value: Value) -> Iterator[Entry]:
        """The entries of a line, in their order."""
        messages = value
        if value.is_object:
            found = value.members(_LINE)
            if b"role" in found or b"messages" not in found:
                yield from self._message(value)
                return
            messages = found[b"messages"]
        if not messages.is_array:
            yield Entry(UNKNOWN)
        for message in messages.items():
            yield from self._message(message)

    def _message(self, message: Value) -> Iterator[Entry]:
        found = message.members(_MESSAGE)
        role = string_of(found.get(b"role"))
        content = found.get(b"content")
        if role == b"assistant":
            yield from self._assistant(found, content)
            return
        kind = _ROLES.get(role, UNKNOWN)
        name = ""
        if kind == "tool":
            call = string_of(found.get(b"tool_call_id"))
            name = self._calls.name(call) or text_of(found.get(b"name"))
        yield Entry(kind, content_fields(content, kind == "tool"), name)

    def _assistant(self, found: dict[bytes, Value], content: Value | None) -> Iterator[Entry]:
        calls = 0
        listed = found.get(b"tool_calls")
        said = _says(content) or _says(found.get(b"refusal"))
        if said:
            yield Entry("assistant", content_fields(content, False))
        if listed is not None:
            for call in listed.items():
                calls += 1
                parts = call.members(_CALL)
                function = parts.get(b"function") or parts.get(b"custom")
                yield self._call(function, string_of(parts.get(b"id")))
        function = found.get(b"function_call")
        if function is not None and function.is_object:
            calls += 1
            yield self._call(function, b"")
        if not said and not calls:
            yield Entry("assistant")

    def _call(self, function: Value | None, call: bytes) -> Entry:
        found = {} if function is None else function.members(_FUNCTION)
        name = text_of(found.get(b"name"))
        self._calls.add(call, name)
        return Entry("tool", (), name, found.get(b"arguments") or found.get(b"input"))


def _says(content: Value | None) -> bool:
    """Whether there is anything in it: an empty string, an empty list and null are nothing."""
    if content is None:
        return False
    if content.is_string:
        return content.end - content.start > 2
    return any(True for _ in content.items())

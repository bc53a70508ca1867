"""Session logs of Codex: `sessions/<date>/rollout-<time>-<id>.jsonl`.

A line is `{"timestamp", "type", "payload"}`; the types and payloads are those of the protocol of
its open source.  Older logs have the payloads of `response_item` bare, after a first line about the
session.
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

__all__ = ["Codex"]

_LINE = frozenset((b"type", b"payload", b"record_type", b"id", b"timestamp", b"instructions"))
_ITEM = frozenset(
    (
        b"type",
        b"role",
        b"content",
        b"name",
        b"arguments",
        b"input",
        b"action",
        b"call_id",
        b"output",
        b"message",
        b"stdout",
        b"stderr",
        b"aggregated_output",
        b"formatted_output",
    ),
)
_ROLES = {
    b"user": "user",
    b"assistant": "assistant",
    b"developer": "system",
    b"system": "system",
}
# What is called, by the type of the item, and the member that says with what.
_CALLS = {
    b"function_call": b"arguments",
    b"custom_tool_call": b"input",
    b"local_shell_call": b"action",
    b"web_search_call": b"action",
}
_OUTPUTS = frozenset((b"function_call_output", b"custom_tool_call_output"))
_SPOKEN_EVENTS = {b"user_message": "user", b"agent_message": "assistant"}
# Events about calls, each with what it repeats of the output.
_TOOL_EVENTS = frozenset(
    (
        b"exec_command_begin",
        b"exec_command_output_delta",
        b"exec_command_end",
        b"patch_apply_begin",
        b"patch_apply_end",
        b"mcp_tool_call_begin",
        b"mcp_tool_call_end",
        b"web_search_begin",
        b"web_search_end",
    ),
)
_TOOL_TEXTS = (b"stdout", b"stderr", b"aggregated_output", b"formatted_output")
_HOUSEKEEPING_EVENTS = frozenset(
    (b"token_count", b"task_started", b"task_complete", b"turn_started", b"turn_complete"),
)


class Codex:
    """A line is an entry; its kind is that of the payload."""

    def __init__(self) -> None:
        self._calls = Calls()

    def entries(self, value: Value) -> Iterator[Entry]:
        """The entry of a line."""
        found = value.members(_LINE)
        kind = string_of(found.get(b"type"))
        payload = found.get(b"payload")
        if kind == b"session_meta":
            yield Entry("header")
        elif kind == b"turn_context" or (not kind and b"record_type" in found):
            yield Entry("system")
        elif kind == b"response_item" and payload is not None:
            yield self._item(payload)
        elif kind == b"event_msg" and payload is not None:
            yield _event(payload)
        elif not kind and b"id" in found and b"timestamp" in found and payload is None:
            yield Entry("header")
        elif payload is None:
            yield self._item(value)
        else:
            yield Entry(UNKNOWN)

    def _item(self, item: Value) -> Entry:
        found = item.members(_ITEM)
        kind = string_of(found.get(b"type"))
        if kind == b"message":
            speaker = _ROLES.get(string_of(found.get(b"role")), UNKNOWN)
            return Entry(speaker, content_fields(found.get(b"content"), False))
        if kind == b"reasoning":
            # Encrypted, or a summary that belongs to what is.
            return Entry("assistant")
        if kind == b"ghost_snapshot":
            return Entry("system")
        if kind in _CALLS:
            name = text_of(found.get(b"name"))
            self._calls.add(string_of(found.get(b"call_id")), name)
            return Entry("tool", (), name, found.get(_CALLS[kind]))
        if kind in _OUTPUTS:
            output = found.get(b"output")
            if output is not None and output.is_object:
                output = output.get(b"content")
            name = self._calls.name(string_of(found.get(b"call_id")))
            return Entry("tool", content_fields(output, True), name)
        return Entry(UNKNOWN)


def _event(event: Value) -> Entry:
    found = event.members(_ITEM)
    kind = string_of(found.get(b"type"))
    if kind in _SPOKEN_EVENTS:
        return Entry(_SPOKEN_EVENTS[kind], content_fields(found.get(b"message"), False))
    if kind in _TOOL_EVENTS:
        texts = (found[name] for name in _TOOL_TEXTS if name in found)
        return Entry("tool", [Field(text, True) for text in texts if text.is_string])
    if kind in _HOUSEKEEPING_EVENTS:
        return Entry("system")
    if kind.startswith(b"agent_reasoning"):
        return Entry("assistant")
    return Entry(UNKNOWN)

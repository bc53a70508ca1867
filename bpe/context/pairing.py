"""Calls of tools and their results: whether each has the other."""

from __future__ import annotations

from .messages import as_mapping, fail

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from .messages import Where

__all__ = ["check_pairs"]

# Items of the Responses API; their results may come in any later item.
_ITEM_CALLS = frozenset(("function_call", "custom_tool_call"))
_ITEM_RESULTS = frozenset(("function_call_output", "custom_tool_call_output"))


class _Calls:
    """Calls that wait for their result, by id, with the place of each."""

    __slots__ = ("answered", "waiting")

    def __init__(self) -> None:
        self.waiting: dict[str, Where] = {}
        self.answered: set[str] = set()

    def add(self, call_id: object, where: Where) -> None:
        if not isinstance(call_id, str) or not call_id:
            fail(where, "is missing: a call needs an id, which its result repeats")
        if call_id in self.waiting:
            fail(where, f"is the id of an earlier call too: {call_id!r}")
        self.waiting[call_id] = where
        self.answered.discard(call_id)

    def answer(self, call_id: object, where: Where) -> None:
        if not isinstance(call_id, str) or not call_id:
            fail(where, "is missing: a result needs the id of its call")
        if call_id not in self.waiting:
            again = call_id in self.answered
            fail(where, f"answers {'a call again' if again else 'no call'}: {call_id!r}")
        del self.waiting[call_id]
        self.answered.add(call_id)

    def check_none_waits(self, before: str) -> None:
        for call_id, where in self.waiting.items():
            fail(where, f"is a call without a result {before}: {call_id!r}")


def check_pairs(messages: Sequence[Mapping[str, Any]]) -> None:
    """Raises TokenCountError for the first call or result that stands alone."""
    calls, items, named = _Calls(), _Calls(), _Calls()
    for index, message in enumerate(messages):
        where: Where = ("messages", index)
        role, form = message.get("role"), message.get("type")
        if role is None:
            if form in _ITEM_CALLS:
                items.add(message.get("call_id"), (*where, "call_id"))
            elif form in _ITEM_RESULTS:
                items.answer(message.get("call_id"), (*where, "call_id"))
            continue
        if role == "tool":
            calls.answer(message.get("tool_call_id"), (*where, "tool_call_id"))
            continue
        if role == "function":
            named.answer(message.get("name"), (*where, "name"))
            continue
        for part, here in _parts(message, where, "tool_result"):
            calls.answer(part.get("tool_use_id"), (*here, "tool_use_id"))
        before = f"before messages[{index}]"
        calls.check_none_waits(before)
        named.check_none_waits(before)
        for at, call in enumerate(message.get("tool_calls") or ()):
            fields = as_mapping(call) or {}
            calls.add(fields.get("id"), (*where, "tool_calls", at, "id"))
        for part, here in _parts(message, where, "tool_use"):
            calls.add(part.get("id"), (*here, "id"))
        function = as_mapping(message.get("function_call"))
        if function is not None:
            named.add(function.get("name"), (*where, "function_call", "name"))
    for left in (calls, named, items):
        left.check_none_waits("before the messages end")


def _parts(
    message: Mapping[str, Any], where: Where, form: str
) -> Iterator[tuple[Mapping[str, Any], Where]]:
    content = message.get("content")
    if isinstance(content, (list, tuple)):
        for at, part in enumerate(content):
            fields = as_mapping(part)
            if fields is not None and fields.get("type") == form:
                yield fields, (*where, "content", at)

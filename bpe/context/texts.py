"""The texts of messages that may be exchanged for others, and messages with them exchanged."""

from __future__ import annotations

from typing import NamedTuple

from .messages import RESULTS, as_mapping, compact_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, TypeAlias

    Path: TypeAlias = tuple[str | int, ...]

__all__ = ["ASSISTANT", "RESULT", "USER", "Slot", "results_in", "texts_in", "with_values"]

RESULT, ASSISTANT, USER = "result", "assistant", "user"

_TEXT = frozenset(("text", "input_text", "output_text"))
_ITEM_RESULTS = frozenset(("function_call_output", "custom_tool_call_output"))
_DEEPEST = 50


class Slot(NamedTuple):
    """A text in a message: where it is, and whose it is.

    `is_object`: the value is an object, of which `text` is the JSON.
    """

    path: Path
    text: str
    owner: str
    is_object: bool = False


def texts_in(message: Any) -> list[Slot]:
    """The texts of tool results, assistants and users; not of instructions, calls or thoughts."""
    fields = message if type(message) is dict else as_mapping(message)
    if fields is None:
        return []
    role = fields.get("role")
    if role is None:
        if fields.get("type") in _ITEM_RESULTS:
            return [*_of_result(fields.get("output"), ("output",), 0)]
        return []
    content = fields.get("content")
    if role in RESULTS:
        return [*_of_result(content, ("content",), 0)]
    if role not in (USER, ASSISTANT):
        return []
    return [*_of_content(content, ("content",), role, 0)]


def _of_content(content: object, path: Path, owner: str, depth: int) -> Iterator[Slot]:
    if isinstance(content, str):
        yield Slot(path, content, owner)
    elif isinstance(content, (list, tuple)) and depth <= _DEEPEST:
        for at, part in enumerate(content):
            if isinstance(part, str):
                yield Slot((*path, at), part, owner)
                continue
            fields = part if type(part) is dict else as_mapping(part)
            if fields is None:
                continue
            form = fields.get("type", "text" if "text" in fields else None)
            if form in _TEXT and isinstance(fields.get("text"), str):
                yield Slot((*path, at, "text"), fields["text"], owner)
            elif form == "tool_result":
                yield from _of_result(fields.get("content"), (*path, at, "content"), depth + 1)


def _of_result(content: object, path: Path, depth: int) -> Iterator[Slot]:
    if content is None or isinstance(content, (str, list, tuple)):
        yield from _of_content(content, path, RESULT, depth)
    else:
        yield Slot(path, compact_json(content, path), RESULT, True)


def results_in(message: Any) -> list[tuple[Path, Any, object]]:
    """The results in a message: for each its path, what was returned, and the id of the call."""
    fields = message if type(message) is dict else as_mapping(message)
    if fields is None:
        return []
    role = fields.get("role")
    if role in RESULTS:
        return [(("content",), fields.get("content"), fields.get("tool_call_id"))]
    if role is None:
        if fields.get("type") in _ITEM_RESULTS:
            return [(("output",), fields.get("output"), fields.get("call_id"))]
        return []
    content = fields.get("content")
    if role != USER or not isinstance(content, (list, tuple)):
        return []
    found: list[tuple[Path, Any, object]] = []
    for at, part in enumerate(content):
        block = part if type(part) is dict else as_mapping(part)
        if block is not None and block.get("type") == "tool_result":
            path = ("content", at, "content")
            found.append((path, block.get("content"), block.get("tool_use_id")))
    return found


def with_values(message: Any, changes: Mapping[Path, object]) -> dict[str, Any]:
    """A copy of the message with other values at these paths; nothing of the original changes."""
    fields: dict[str, Any] = dict(as_mapping(message) or {})
    for path, value in changes.items():
        here: Any = fields
        for step in path[:-1]:
            inner = here[step]
            copied: Any
            if isinstance(inner, (list, tuple)):
                copied = [*inner]
            else:
                copied = dict(as_mapping(inner) or {})
            here[step] = copied
            here = copied
        here[path[-1]] = value
    return fields

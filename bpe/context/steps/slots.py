"""Texts of a message that a step may rewrite, and the message with other ones in their place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..messages import RESULTS, as_mapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, TypeAlias

    Path: TypeAlias = tuple[str | int, ...]

__all__ = ["Slot", "call_names", "is_system", "role_of", "slots_of", "text_of", "with_texts"]

_TEXT = frozenset(("text", "input_text", "output_text"))
_DEEPEST = 50


@dataclass(frozen=True, slots=True)
class Slot:
    """A text of a message: `path` leads to it, `result` says whether a call of a tool gave it."""

    path: Path
    result: bool
    text: str


def role_of(message: object) -> str:
    """The role; "assistant" and "tool" for items of the Responses API that are calls, results."""
    fields = as_mapping(message) or {}
    role = fields.get("role")
    if isinstance(role, str):
        return role
    return "tool" if str(fields.get("type")).endswith("_output") else "assistant"


def is_system(message: object) -> bool:
    """Whether it instructs the model: a system or developer message."""
    return role_of(message) in ("system", "developer")


def slots_of(message: object) -> list[Slot]:
    """All texts that are content: no calls, no thoughts, no refusals, nothing that is signed."""
    fields = as_mapping(message) or {}
    result = fields.get("role") in RESULTS
    if fields.get("role") is None and str(fields.get("type")).endswith("_output"):
        return [*_content(fields.get("output"), ("output",), True, 0)]
    return [*_content(fields.get("content"), ("content",), result, 0)]


def text_of(message: object) -> str:
    """All its texts, one after the other."""
    return "\n".join(slot.text for slot in slots_of(message))


def with_texts(message: object, texts: Mapping[Path, str | None]) -> Any:
    """A copy with other texts at these paths, nothing else changed; of None the part goes.

    A part goes only while others stay beside it; else its text becomes empty.
    """
    changed: Any = as_mapping(message)
    for path, text in sorted(texts.items(), key=lambda item: _order(item[0]), reverse=True):
        changed = _put(changed, path, text)
    return changed


def call_names(message: object) -> Iterator[str]:
    """Names of the tools that a message calls, in any of the vendors' forms."""
    fields = as_mapping(message) or {}
    calls: list[object] = [fields.get("function_call")]
    if str(fields.get("type")).endswith("_call"):
        calls.append(fields)
    for key in ("tool_calls", "content"):
        found = fields.get(key)
        if isinstance(found, (list, tuple)):
            for each in found:
                call = as_mapping(each)
                if call is None:
                    continue
                if key == "content" and not str(call.get("type")).endswith(
                    ("tool_use", "tool_call", "function_call")
                ):
                    continue
                calls += (call, call.get("function"), call.get("custom"))
    for each in calls:
        call = as_mapping(each)
        if call is not None and isinstance(call.get("name"), str):
            yield call["name"]


def _content(content: object, path: Path, result: bool, depth: int) -> Iterator[Slot]:
    if isinstance(content, str):
        yield Slot(path, result, content)
        return
    if not isinstance(content, (list, tuple)) or depth > _DEEPEST:
        return
    for at, part in enumerate(content):
        if isinstance(part, str):
            yield Slot((*path, at), result, part)
            continue
        fields = as_mapping(part)
        if fields is None:
            continue
        form = fields.get("type")
        if form in _TEXT or form is None:
            if isinstance(fields.get("text"), str):
                yield Slot((*path, at, "text"), result, fields["text"])
        elif isinstance(form, str) and form.endswith("tool_result"):
            yield from _content(fields.get("content"), (*path, at, "content"), True, depth + 1)


def _order(path: Path) -> tuple[tuple[int, str], ...]:
    """Later parts first, so that what goes does not move what is still to be changed."""
    return tuple((step, "") if isinstance(step, int) else (0, step) for step in path)


def _put(value: Any, path: Path, text: str | None) -> Any:
    if not path:
        return text or ""
    step, rest = path[0], path[1:]
    if isinstance(value, Sequence) and not isinstance(value, str) and isinstance(step, int):
        parts = [*value]
        if text is None and rest in ((), ("text",)) and len(parts) > 1:
            del parts[step]
        else:
            parts[step] = _put(parts[step], rest, text)
        return parts
    fields = dict(as_mapping(value) or {})
    fields[str(step)] = _put(fields[str(step)], rest, text)
    return fields

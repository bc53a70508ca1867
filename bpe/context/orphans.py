"""Calls without results and results without calls, taken out of a conversation."""

from __future__ import annotations

from .groups import groups_of, has_own_content
from .messages import as_mapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from .groups import Group, Stray

__all__ = ["without_orphans"]


def without_orphans(
    messages: Sequence[Any], groups: list[Group]
) -> tuple[list[Any], list[int], list[Group]]:
    """What is left, the index of each message that is left, and its groups.

    A result that answers nothing goes, and a message of calls none of which was answered goes
    whole.  Of a message with other calls, other results or a user's words only the orphans are
    taken out: it becomes a new mapping without them.
    """
    left, origin = [*messages], [*range(len(messages))]
    while any(group.strays for group in groups):
        gone: set[int] = set()
        for group in groups:
            for index, strays in _by_message(group.strays).items():
                changed = _without(left[index], strays)
                if changed is None:
                    gone.add(index)
                else:
                    left[index] = changed
        if gone:
            kept = [index for index in range(len(left)) if index not in gone]
            left, origin = [left[index] for index in kept], [origin[index] for index in kept]
        groups = groups_of(left)
    return left, origin, groups


def _by_message(strays: Sequence[Stray]) -> dict[int, list[Stray]]:
    found: dict[int, list[Stray]] = {}
    for stray in strays:
        found.setdefault(stray.index, []).append(stray)
    return found


def _without(message: Any, strays: Sequence[Stray]) -> Mapping[str, Any] | None:
    """A copy of the message without these; None if nothing of its own is left."""
    fields = dict(as_mapping(message) or {})
    places: dict[str, set[int]] = {}
    calls = 0
    for stray in strays:
        if stray.place is None:
            return None
        places.setdefault(stray.where, set()).add(stray.place)
        calls += stray.is_call
    if calls and calls == _count_calls(fields):
        return None
    for where, taken in places.items():
        if where == "function_call":
            del fields[where]
            continue
        kept = [entry for at, entry in enumerate(fields[where]) if at not in taken]
        if kept or where == "content":
            fields[where] = kept
        else:
            del fields[where]
    if calls or fields.get("role") != "user":
        return fields
    return fields if has_own_content(fields) or _has_results(fields) else None


def _count_calls(fields: Mapping[str, Any]) -> int:
    count = len(fields.get("tool_calls") or ()) + (fields.get("function_call") is not None)
    return count + _blocks(fields, "tool_use")


def _has_results(fields: Mapping[str, Any]) -> bool:
    return _blocks(fields, "tool_result") > 0


def _blocks(fields: Mapping[str, Any], form: str) -> int:
    content = fields.get("content")
    if not isinstance(content, (list, tuple)):
        return 0
    return sum((as_mapping(part) or {}).get("type") == form for part in content)

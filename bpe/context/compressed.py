"""What compressing a conversation returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

__all__ = [
    "CLEARED",
    "DEDUPLICATED",
    "ORPHANED",
    "REMOVED",
    "SHORTENED",
    "Action",
    "CompressedContext",
]

REMOVED = "removed"
ORPHANED = "orphaned"
CLEARED = "cleared"
DEDUPLICATED = "deduplicated"
SHORTENED = "shortened"


class Action(NamedTuple):
    """What was done to `messages[index]` of the input, and how many tokens that saved.

    `kind` is "removed" (the message is gone), "orphaned" (calls without results or results without
    calls were taken out of it, or it was nothing but these and is gone), "cleared" (a tool result
    became `[cleared: N tokens]`), "deduplicated" (it became a reference to an equal, newer result)
    or "shortened" (head and tail of its text are left).

    `saved` is of the message alone.  Where what a message costs depends on those before it, as in
    DeepSeek's formats, these need not add up to the difference of the totals.
    """

    kind: str
    index: int  # type: ignore[assignment]  # the name of a tuple's method, too
    saved: int


@dataclass(frozen=True, slots=True)
class CompressedContext:
    """A conversation that fits.

    - `messages`: what is left, in its order; messages that were not changed are the same objects.
    - `total_tokens`, `original_tokens`: what `count_messages` gives for it and for the input, with
      the same tools.
    - `removed_count`: how many messages are gone.
    - `compression_ratio`: total / original, 1.0 where there was nothing.
    - `selected_indices`: for each kept message its index in the input.
    - `actions`: what was done to which message, in the order of messages.
    """

    messages: list[Any]
    total_tokens: int
    original_tokens: int
    removed_count: int
    compression_ratio: float
    selected_indices: list[int]
    actions: list[Action]

    @classmethod
    def of(
        cls,
        messages: list[Any],
        total: int,
        original: int,
        size: int,
        selected: list[int],
        actions: list[Action],
    ) -> CompressedContext:
        """What is left of `size` messages."""
        ratio = total / original if original > 0 else 1.0
        return cls(messages, total, original, size - len(messages), ratio, selected, actions)

"""What must stay, but does not fit: its texts are shortened, results of tools first."""

from __future__ import annotations

import json
from math import ceil

from .shorten import shorten_result, shorten_text
from .texts import ASSISTANT, RESULT, USER, texts_in, with_values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .draft import Draft
    from .texts import Slot

__all__ = ["shorten_protected"]

# Rounds in which a level that did not save enough is lowered; then all is cut to one token.
_ROUNDS = 24


def shorten_protected(draft: Draft, limit: int) -> dict[int, int]:
    """Shortens protected texts until they fit; for each message that changed, the tokens saved.

    First the results of tools, then what assistants said, then what users said: of each kind the
    longest texts are cut to a common length, which is as long as possible.  Where all of a kind is
    down to one token, the next kind follows.  Whether it fits in the end is in `draft.fixed`.
    """
    originals = [*draft.messages]
    slots: dict[str, list[tuple[int, Slot]]] = {RESULT: [], ASSISTANT: [], USER: []}
    for index in sorted(draft.protected_indices()):
        for slot in texts_in(originals[index]):
            slots[slot.owner].append((index, slot))
    changes: dict[int, dict[tuple[str | int, ...], object]] = {}
    saved: dict[int, dict[tuple[str | int, ...], int]] = {}
    counter = draft.meter.counter
    error = 0.0 if counter.exact else counter.error
    for owner in (RESULT, ASSISTANT, USER):
        own = slots[owner]
        sizes = counter.count_batch([slot.text for _, slot in own])
        needed, level = 0, -1
        for turn in range(_ROUNDS):
            if draft.fixed <= limit:
                break
            excess = draft.fixed - limit
            needed += max(1, ceil(excess / (draft.meter.scale * (1.0 + error))))
            last, level = level, 1 if turn == _ROUNDS - 1 else _level(sizes, needed)
            if level == last:
                if level <= 1:
                    break
                level -= 1
            touched: set[int] = set()
            for (index, slot), size in zip(own, sizes, strict=True):
                if size > level:
                    value, length = _shortened(slot, level, counter)
                    changes.setdefault(index, {})[slot.path] = value
                    saved.setdefault(index, {})[slot.path] = size - length
                    touched.add(index)
            draft.exchange(
                {index: with_values(originals[index], changes[index]) for index in sorted(touched)}
            )
            draft.sum_up()
    return {index: sum(of_slots.values()) for index, of_slots in sorted(saved.items())}


def _level(sizes: list[int], needed: int) -> int:
    """The highest level, at least 1, such that cutting all sizes to it saves so many."""
    if sum(sizes) - len(sizes) < needed:
        return 1
    left = needed
    ordered = sorted(sizes, reverse=True)
    for count, size in enumerate(ordered, 1):
        below = ordered[count] if count < len(ordered) else 0
        step = count * (size - below)
        if step >= left:
            return max(1, size - -(-left // count))
        left -= step
    return 1


def _shortened(slot: Slot, level: int, counter: Any) -> tuple[object, int]:
    if slot.owner != RESULT:
        text = shorten_text(slot.text, level, counter)
        return text, counter.count(text)
    text = shorten_result(slot.text, level, counter)
    length = counter.count(text)
    if slot.is_object:
        try:
            return json.loads(text), length
        except ValueError:
            return text, length
    return text, length

"""How important a group of messages is, as a small whole number: its tier.

The tiers are few on purpose.  Within one it is not importance that decides, but how many groups
can stay, and how much of the conversation's beginning stays cached.
"""

from __future__ import annotations

import re

from .groups import has_own_content
from .messages import as_mapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .groups import Group

__all__ = ["tiers_of"]

# Of each text so much is looked at: its beginning and its end.
_HEAD, _TAIL = 800, 300

# What went wrong, and what was settled: these are asked for later.  In lower case.
_WEIGHTY = (
    "error",
    "fail",
    "exception",
    "traceback",
    "fatal",
    "denied",
    "timed out",
    "decided",
    "decision",
    "agreed",
    "conclusion",
    "must ",
    "never ",
    "always ",
    "important",
    "require",
    "root cause",
    "fixed",
    "workaround",
    "deadline",
)
# Figures, places, names of code: each alternative begins with a single class, which is fast.
_PRECISE = re.compile(r"\d\d|/\w|`|\(\)")

_USER, _ANSWER = 3, 1
_FIRST_USER = 2
_WEIGHT, _PRECISION = 2, 1
# Groups from the end, and what it counts for to be among them.
_RECENT = ((4, 4), (12, 3), (32, 2), (96, 1))


def tiers_of(messages: Sequence[Any], groups: Sequence[Group]) -> list[int]:
    """The tier of each group; more is more important.

    - 3 for a user's own words (2 more for the first), 1 for what the assistant said, 0 for calls
      and their results;
    - 2 for errors and decisions, 1 for numbers, paths and names;
    - 4 for the last 4 groups, 3 for the last 12, 2 for the last 32, 1 for the last 96.
    """
    tiers: list[int] = []
    first = True
    size = len(groups)
    for number, group in enumerate(groups):
        tier = 0
        texts = [text for index in group.indices for text in _texts(messages[index])]
        if any(has_own_content(messages[index]) for index in group.indices):
            tier += _USER + first * _FIRST_USER
            first = False
        elif not group.calls and any(texts):
            tier += _ANSWER
        looked = "\n".join(
            [text if len(text) <= _HEAD + _TAIL else text[:_HEAD] + text[-_TAIL:] for text in texts]
        )
        if _PRECISE.search(looked):
            tier += _PRECISION
        looked = looked.lower()
        if any(word in looked for word in _WEIGHTY):
            tier += _WEIGHT
        from_end = size - number
        for within, worth in _RECENT:
            if from_end <= within:
                tier += worth
                break
        tiers.append(tier)
    return tiers


def _texts(message: Any) -> list[str]:
    fields = message if type(message) is dict else as_mapping(message)
    if fields is None:
        return []
    content = fields.get("content", fields.get("output"))
    if isinstance(content, str):
        return [content]
    found: list[str] = []
    _collect(content, found, 0)
    return found


def _collect(content: object, found: list[str], depth: int) -> None:
    if not isinstance(content, (list, tuple)) or depth > 3:
        return
    for part in content:
        fields = part if type(part) is dict else as_mapping(part)
        if fields is None:
            if isinstance(part, str):
                found.append(part)
            continue
        for key in ("text", "content"):
            value = fields.get(key)
            if isinstance(value, str):
                found.append(value)
            else:
                _collect(value, found, depth + 1)

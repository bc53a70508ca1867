"""History: messages that were counted, what each had, and which of them have changed since."""

from __future__ import annotations

from operator import eq

from .snapshots import message_snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TypeAlias

    # What a message is looked for by; None for those that have no such thing.
    Hint: TypeAlias = str | None

__all__ = ["History"]

# Of messages with the same hint, so many are compared with one that stands at another place.
_CANDIDATES = 16


class History:
    """The messages of the last count, as snapshots, and the tokens of each; not thread-safe."""

    __slots__ = ("_snapshots", "_tokens")

    def __init__(self) -> None:
        self._snapshots: list[object] = []
        self._tokens: list[int] = []

    def __len__(self) -> int:
        return len(self._snapshots)

    def unchanged(self, messages: Sequence[Any]) -> int:
        """How many of `messages`, from the first on, are as they were."""
        snapshots = self._snapshots
        try:
            if all(map(eq, snapshots, messages)):
                return min(len(snapshots), len(messages))
            return [*map(eq, snapshots, messages)].index(False)
        except Exception:  # whatever a foreign object does when it is compared
            return 0

    def noted(self, messages: Sequence[Any], unchanged: int) -> History:
        """A history of `messages` without tokens; the first of them are `unchanged`."""
        noted = History()
        noted._snapshots = self._snapshots[:unchanged]
        noted._snapshots += map(message_snapshot, messages[unchanged:])
        return noted

    def count(
        self, messages: Sequence[Any], unchanged: int, count: Callable[[Any, int], int]
    ) -> int:
        """The sum of `count(message, index)`, which is asked only about what is new or changed.

        The first messages are `unchanged`.  If `count` raises, what was known stays known.
        """
        snapshots = self._snapshots[:unchanged]
        tokens = self._tokens[:unchanged]
        known = _by_hint(self._snapshots[unchanged:], self._tokens[unchanged:])
        for index in range(unchanged, len(messages)):
            message = messages[index]
            found = _found(known, message) if known else None
            if found is None:
                # The snapshot first: if the message changes meanwhile, the next check sees that.
                found = message_snapshot(message), count(message, index)
            snapshots.append(found[0])
            tokens.append(found[1])
        self._snapshots = snapshots
        self._tokens = tokens
        return sum(tokens)


def _by_hint(
    snapshots: Sequence[object], tokens: Sequence[int]
) -> dict[Hint, list[tuple[object, int]]]:
    known: dict[Hint, list[tuple[object, int]]] = {}
    for pair in zip(snapshots, tokens, strict=True):
        known.setdefault(_hint(pair[0]), []).append(pair)
    return known


def _found(
    known: dict[Hint, list[tuple[object, int]]], message: object
) -> tuple[object, int] | None:
    """The snapshot and tokens of an equal message that stood elsewhere, or here."""
    for pair in known.get(_hint(message), ())[:_CANDIDATES]:
        try:
            if pair[0] == message:
                return pair
        except Exception:  # whatever a foreign object does when it is compared
            return None
    return None


def _hint(message: object) -> Hint:
    """A str that few messages share: the text, or the first of its parts or calls."""
    if type(message) is not dict:
        return None
    content = message.get("content")
    if isinstance(content, str):
        return content
    for key in ("text", "tool_use_id", "id"):
        found = _of_first(content, key)
        if found is not None:
            return found
    return _of_first(message.get("tool_calls"), "id")


def _of_first(items: object, key: str) -> Hint:
    if type(items) is list and items and type(items[0]) is dict:
        found = items[0].get(key)
        return found if isinstance(found, str) else None
    return None

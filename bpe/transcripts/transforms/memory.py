"""A memory of texts by their hashes, bounded: the least recently used is forgotten."""

from __future__ import annotations

from collections import OrderedDict
from hashlib import sha256

__all__ = ["SeenTexts"]


class SeenTexts:
    """The lines on which texts were first seen; of `size` texts, each by its SHA-256."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._lines: OrderedDict[bytes, int] = OrderedDict()

    def first(self, text: bytes, line: int) -> tuple[bytes, int | None]:
        """The hash, and the line of the first one; None, and `line` is kept, if it is new."""
        key = sha256(text).digest()
        if not self._size:
            return key, None
        known = self._lines.get(key)
        if known is not None:
            self._lines.move_to_end(key)
            return key, known
        self._lines[key] = line
        if len(self._lines) > self._size:
            self._lines.popitem(last=False)
        return key, None

    def forget(self, key: bytes) -> None:
        """Take the text of this hash for a new one again."""
        self._lines.pop(key, None)

"""`<system-reminder>` blocks, which clients repeat from turn to turn."""

from __future__ import annotations

from .memory import SeenTexts

__all__ = ["Reminders"]

_OPEN = b"<system-reminder>"
_CLOSE = b"</system-reminder>"
# Distinct blocks that are remembered.
_KEPT = 1024


class Reminders:
    """Replaces the blocks of one transcript that were there before, byte for byte."""

    def __init__(self) -> None:
        self._seen = SeenTexts(_KEPT)
        # The hashes and blocks that the last text brought.
        self._new: list[tuple[bytes, bytes]] = []

    def dedupe(self, text: bytes, line: int) -> tuple[bytes, int]:
        """The text with `[system-reminder: as in line 7]` for known blocks, and their number."""
        self._new.clear()
        start = text.find(_OPEN)
        if start < 0:
            return text, 0
        made = bytearray()
        place = number = 0
        while start >= 0:
            end = text.find(_CLOSE, start)
            if end < 0:
                break
            end += len(_CLOSE)
            block = text[start:end]
            key, first = self._seen.first(block, line)
            if first is None:
                self._new.append((key, block))
            else:
                made += text[place:start]
                made += b"[system-reminder: as in line %d]" % first
                place = end
                number += 1
            start = text.find(_OPEN, end)
        if not number:
            return text, 0
        made += text[place:]
        return bytes(made), number

    def forget_new_ones_outside(self, text: bytes) -> None:
        """What the last text brought and its rest, `text`, lacks cannot be referred to."""
        if self._new:
            left = _blocks(text)
            for key, block in self._new:
                if block not in left:
                    self._seen.forget(key)
            self._new.clear()


def _blocks(text: bytes) -> set[bytes]:
    found = set()
    start = text.find(_OPEN)
    while start >= 0:
        end = text.find(_CLOSE, start)
        if end < 0:
            break
        end += len(_CLOSE)
        found.add(text[start:end])
        start = text.find(_OPEN, end)
    return found

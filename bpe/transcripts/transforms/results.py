"""Outputs of tools that were there before."""

from __future__ import annotations

import json

from .memory import SeenTexts

__all__ = ["Results"]

_REF = b'{"type":"tool_ref","hash":"'
# Bytes of the output that a reference shows, and hexadecimal digits of its SHA-256.
_SAMPLE = 80
_DIGITS = 16


class Results:
    """Replaces the outputs of one transcript that were there before, byte for byte."""

    def __init__(self, size: int, min_bytes: int) -> None:
        self._seen = SeenTexts(size)
        self._min_bytes = min_bytes

    def dedupe(self, text: bytes, line: int) -> tuple[bytes, int]:
        """A tool_ref in place of a known output, and 1; the output itself, and 0, if it is new.

        The tool_ref is JSON: type, hash, the line of the first one, and a sample of its beginning.
        """
        if len(text) < self._min_bytes or text.startswith(_REF):
            return text, 0
        key, first = self._seen.first(text, line)
        if first is None:
            return text, 0
        end = _SAMPLE
        while end and text[end : end + 1] and text[end] & 0xC0 == 0x80:
            end -= 1
        sample = text[:end].decode("utf-8", "surrogatepass")
        ref = {"type": "tool_ref", "hash": key.hex()[:_DIGITS], "line": first, "sample": sample}
        made = json.dumps(ref, ensure_ascii=False, separators=(",", ":"))
        return made.encode("utf-8", "surrogatepass"), 1

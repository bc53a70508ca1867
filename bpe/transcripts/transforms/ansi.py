"""Escape sequences of terminals: colours, cursor movements, titles, links."""

from __future__ import annotations

import re

__all__ = ["strip_ansi"]

# ECMA-48, 5.4: CSI, parameter bytes, intermediate bytes, final byte.  OSC as xterm writes it, up
# to BEL or ST; one that does not end on its line is no sequence: it would take what follows.  The
# 8-bit forms (U+009B, U+009D) stay: in UTF-8 they are more often letters that were misread.
_SEQUENCE = re.compile(
    rb"\x1b(?:\[[0-?]*+[ -/]*+[@-~]|\][^\x07\x1b\n]*+(?:\x07|\x1b\\))",
)


def strip_ansi(text: bytes) -> tuple[bytes, int]:
    """The text without CSI and OSC sequences, and how many there were."""
    if b"\x1b" not in text:
        return text, 0
    made = bytearray()
    place = number = 0
    for sequence in _SEQUENCE.finditer(text):
        made += text[place : sequence.start()]
        place = sequence.end()
        number += 1
    if not number:
        return text, 0
    made += text[place:]
    return bytes(made), number

r"""Progress bars: lines that were written over themselves with a carriage return."""

from __future__ import annotations

import re

__all__ = ["collapse_progress"]

_RETURN = re.compile(rb"\r(?!\n)")


def collapse_progress(text: bytes) -> tuple[bytes, int]:
    r"""Of each line's parts between `\r` the last that is not empty, and how many lines had some.

    The `\r` of a line end `\r\n` is part of that end and stays.
    """
    found = _RETURN.search(text)
    if found is None:
        return text, 0
    made = bytearray()
    place = number = 0
    while found is not None:
        start = text.rfind(b"\n", place, found.start()) + 1 or place
        end = text.find(b"\n", found.start())
        stop = end if end >= 0 else len(text)
        if end >= 0 and text[end - 1 : end] == b"\r":
            stop = end - 1
        frames = text[start:stop].rstrip(b"\r")
        made += text[place:start]
        made += frames[frames.rfind(b"\r") + 1 :]
        place = stop
        number += 1
        found = _RETURN.search(text, stop)
    made += text[place:]
    return bytes(made), number

"""Files that were read whole: their head and their tail stay."""

from __future__ import annotations

__all__ = ["cut_read", "is_read"]


def is_read(tool_name: str) -> bool:
    """Whether a tool of this name reads files: Read, read_file and other spellings of these."""
    return tool_name.replace("_", "").replace("-", "").casefold() in ("read", "readfile")


def cut_read(text: bytes, max_lines: int, keep_lines: int) -> tuple[bytes, int]:
    r"""The first and last `keep_lines` of more than `max_lines` lines, and how many went.

    The last line may lack its `\n`.  One line alone is never cut: its marker would be no shorter.
    """
    ends = text.count(b"\n")
    lines = ends if text.endswith(b"\n") else ends + bool(text)
    elided = lines - 2 * keep_lines
    if lines <= max_lines or elided < 2:
        return text, 0
    head = 0
    for _ in range(keep_lines):
        head = text.index(b"\n", head) + 1
    # The place after the line end before the last lines; the end of the text ends one of them.
    tail = len(text)
    if keep_lines:
        tail -= text.endswith(b"\n")
        for _ in range(keep_lines):
            tail = text.rindex(b"\n", 0, tail)
        tail += 1
    return b"%b[... %d lines elided ...]\n%b" % (text[:head], elided, text[tail:]), elided

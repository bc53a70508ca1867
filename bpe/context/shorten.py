"""Texts shortened to so many tokens: head and tail stay, and a marker says what is missing.

A counter is anything with `count(text)`.  Results always fit by that counter, and text that fits
is returned as it is, the same object.
"""

from __future__ import annotations

from ..errors import TokenTypeError
from .json_shape import Shape, parse_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class TextCounter(Protocol):
        """Counts the tokens of a text."""

        def count(self, text: str) -> int: ...


__all__ = ["MARKER", "cleared", "shorten_json", "shorten_result", "shorten_text"]

# What stands for the middle of a text, with the number of its tokens; where there is no room for
# that, the ellipsis.
MARKER = "\n[... {} tokens left out ...]\n"
ELLIPSIS = "…"

# The part of a head or tail that may be given up to end it at the end of a line, sentence or word.
_LINE, _SENTENCE, _WORD = 0.35, 0.25, 0.15

# Code points that belong to the character before them: variation selectors, joiners, the second
# half of a surrogate pair, modifiers of emoji.  Combining marks are asked of unicodedata.
_JOINER = "\u200d"


def cleared(tokens: int) -> str:
    """What stands for a tool result that was cleared: `[cleared: 812 tokens]`."""
    return f"[cleared: {tokens} tokens]"


def shorten_text(text: str, max_tokens: int, counter: TextCounter, marker: str = MARKER) -> str:
    r"""Head and tail of `text`, with a marker between, in at most `max_tokens` tokens.

    Both are cut between characters (as people see them), and where it costs little at the end of
    a line, a sentence or a word.  `marker` may have a `{}` for the number of tokens left out.
    Where there is no room for the marker an ellipsis stands for it, and for 0 tokens nothing is
    left.  Only as much text is looked at as may stay, besides one count of the whole.

    >>> import bpe
    >>> text = "One line.\nTwo lines.\nThree lines.\nFour lines.\nFive lines.\n" * 9
    >>> print(shorten_text(text, 24, bpe.load("o200k_base")))
    One line.
    Two lines.
    <BLANKLINE>
    [... 123 tokens left out ...]
    Four lines.
    Five lines.
    <BLANKLINE>
    """
    _check_tokens(max_tokens)
    total = counter.count(text)
    if total <= max_tokens:
        return text
    if max_tokens < 1:
        return ""
    room = max_tokens - counter.count(marker.format(total))
    if room < 4:
        # A beginning says more than a marker with nothing round it.
        marker = ELLIPSIS
        room = max_tokens - counter.count(marker)
        if room < 0:
            return ""
    for _ in range(12):
        made = _cut(text, total, room, counter, marker)
        taken = counter.count(made)
        if taken <= max_tokens:
            return made
        # Tokens may join otherwise at the seams.
        room = max(0, room - max(1, taken - max_tokens))
        if not room:
            break
    bare = marker.format(total)
    return bare if counter.count(bare) <= max_tokens else ""


def shorten_json(text: str, max_tokens: int, counter: TextCounter) -> str | None:
    """JSON shortened to JSON, or None where `text` is none (or there is no room for any value).

    Of arrays the first and the last items stay, with `"[... 12 items left out ...]"` between them;
    long strings are cut in their middle; of objects the keys status, error, id, name, type,
    success, code, message, path and url stay longest, and the number of the others that went is
    said.  What stays keeps its spelling (numbers, duplicate keys), but not its white space.  Of a
    number alone that is too long a string is made.

    >>> import bpe
    >>> text = '{"status": "ok", "rows": [' + ", ".join(map(str, range(500))) + "]}"
    >>> shorten_json(text, 30, bpe.load("o200k_base"))
    '{"status":"ok","rows":[0,1,2,3,4,"[... 493 items left out ...]",498,499]}'
    """
    _check_tokens(max_tokens)
    if max_tokens < 1:
        return None
    if counter.count(text) <= max_tokens:
        return text if parse_json(text) is not None else None
    parsed = parse_json(text)
    if parsed is None:
        return None
    value = parsed.value

    def fits(made: str) -> bool:
        return counter.count(made) <= max_tokens

    # White space alone may be enough.  What is far too long is not worth rendering.
    widest = 4 * max_tokens + 64
    whole = Shape(0, unlimited=True).render(value)
    if fits(whole):
        return whole
    if isinstance(value, str):
        # A number, too, which can be cut as a string only.
        value = str(value)
    best: str | None = None
    low, high = 0, widest
    while low <= high:
        middle = (low + high) // 2
        made = Shape(middle).render(value)
        if fits(made):
            best, low = made, middle + 1
        else:
            high = middle - 1
    if best is not None:
        return best
    for made in (Shape(0, bare=True).render(value), _said(value), _empty(value)):
        if fits(made):
            return made
    return None


def shorten_result(text: str, max_tokens: int, counter: TextCounter) -> str:
    """A tool's result: as JSON where it is JSON, else as text."""
    _check_tokens(max_tokens)
    start = text[:64].lstrip()[:1]
    if start and start in '{["-0123456789':
        made = shorten_json(text, max_tokens, counter)
        if made is not None:
            return made
    return shorten_text(text, max_tokens, counter)


def _check_tokens(max_tokens: object) -> None:
    if isinstance(max_tokens, bool) or not isinstance(max_tokens, int):
        raise TokenTypeError(
            f"max_tokens must be an integer, not {type(max_tokens).__name__}", value=max_tokens
        )


def _said(value: object) -> str:
    count = len(value) if isinstance(value, list) else 1
    return f'["[... {count} items left out ...]"]' if type(value) is list else f'"{ELLIPSIS}"'


def _empty(value: object) -> str:
    if type(value) is list:
        return "[]"
    return "{}" if isinstance(value, list) else '""'


def _cut(text: str, total: int, room: int, counter: TextCounter, marker: str) -> str:
    """Head, marker and tail, which have about `room` tokens without the marker."""
    size = len(text)
    head = _fit(size, total, room - room // 2, lambda n: counter.count(text[:n]))
    head = _end_of_head(text, head)
    left = room - (counter.count(text[:head]) if head else 0)
    tail = _fit(size - head, total, left, lambda n: counter.count(text[size - n :]))
    start = _start_of_tail(text, max(head, size - tail))
    if start <= head:
        start = head + 1
    if "{}" in marker:
        kept = counter.count(text[:head]) + counter.count(text[start:])
        marker = marker.format(max(1, total - kept))
    return text[:head] + marker + text[start:]


def _fit(size: int, total: int, room: int, count: Callable[[int], int]) -> int:
    """The most characters, up to `size`, with at most `room` tokens; found by bisection.

    It starts from the average length of a token, so that texts far longer than what stays are not
    read.
    """
    if room < 1:
        return 0
    low, high = 0, min(size, max(4, room * size // max(1, total)))
    while high < size and count(high) <= room:
        low, high = high, min(size, 2 * high)
    if high == size and count(size) <= room:
        return size
    while low + 1 < high:
        middle = (low + high) // 2
        if count(middle) <= room:
            low = middle
        else:
            high = middle
    return low


def _end_of_head(text: str, end: int) -> int:
    if end <= 0 or end >= len(text):
        return max(0, end)
    if text[end - 1] == "\n":
        return end
    line = text.rfind("\n", int(end * (1 - _LINE)), end)
    if line >= 0:
        return line + 1
    floor = int(end * (1 - _SENTENCE))
    sentence = max([text.rfind(stop, floor, end) for stop in (". ", "! ", "? ", "; ")])
    wide = max([text.rfind(stop, floor, end) for stop in "。！？।"])
    if max(sentence, wide) >= 0:
        return max(sentence, wide) + 1
    word = text.rfind(" ", int(end * (1 - _WORD)), end + 1)
    if word > 0:
        return word
    while end > 0 and _continues(text, end):
        end -= 1
    return end


def _start_of_tail(text: str, start: int) -> int:
    size = len(text)
    if start >= size or start <= 0:
        return min(size, max(0, start))
    if text[start - 1] == "\n":
        return start
    length = size - start
    line = text.find("\n", start, start + int(length * _LINE))
    if 0 <= line < size - 1:
        return line + 1
    ceiling = start + int(length * _SENTENCE)
    ends = [text.find(stop, start, ceiling) for stop in (". ", "! ", "? ", "; ")]
    found = [end + 2 for end in ends if end >= 0]
    found += [
        end + 1 for end in (text.find(stop, start, ceiling) for stop in "。！？।") if end >= 0
    ]
    if found and min(found) < size:
        return min(found)
    word = text.find(" ", start, start + int(length * _WORD))
    if 0 <= word < size - 1:
        return word + 1
    while start < size and _continues(text, start):
        start += 1
    return start


def _continues(text: str, at: int) -> bool:
    """Whether a character that people see goes on at this place."""
    char = text[at]
    if char < "\u0300":
        return char == "\n" and text[at - 1] == "\r"
    if "\udc00" <= char <= "\udfff":
        return "\ud800" <= text[at - 1] <= "\udbff"
    if char == _JOINER or text[at - 1] == _JOINER:
        return True
    if "\ufe00" <= char <= "\ufe0f" or "\U0001f3fb" <= char <= "\U0001f3ff":
        return True
    from unicodedata import category

    return category(char).startswith("M")

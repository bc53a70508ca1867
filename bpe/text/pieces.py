r"""The piece at the end of a text: where it starts, and which characters go on with it.

For texts, and stretches of them, in which no safe cut is near: a megabyte of one letter, of
ideographs, of blanks or dashes.
"""

from __future__ import annotations

from .._core.patterns import DEEPSEEK, GPT2, O200K, translate
from .boundaries import (
    KANA,
    KANA_OTHER,
    LETTER,
    LETTERS,
    LOWER,
    MARK,
    NUMBER,
    REST,
    SIGN,
    SIGNS,
    UPPER,
    WHITE,
    WHITES,
    Cuts,
)
from .merging import Merging

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re

    from .measure import Measure

# A text that ends in a run of one class, as an expression for each.
_KANA_RANGE = "\u3040-\u30ff\u4e00-\u9fa5"
_LETTER = r"\p{L}*+"
_NUMBER = r"\p{N}*+"
_OTHER = r"[^\s\p{L}\p{N}]*+"
_WHITE = r"\s*+"
_NEWLINE = r"[\r\n]*+"
_UPPER = r"[\p{Lu}\p{Lt}]*+"
_LOWER = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]*+"
_UNCASED = r"[\p{Lm}\p{Lo}\p{M}]*+"
_NEWLINE_SLASH = r"[\r\n/]*+"
_ASCII_LETTER = "[A-Za-z]*+"
_KANA_LETTER = rf"(?:(?=[{_KANA_RANGE}])\p{{L}})*+"
_WORD = rf"(?:(?![{_KANA_RANGE}])[\p{{L}}\p{{M}}])*+"
_PUNCTUATION = rf"(?:(?![{_KANA_RANGE}])[\p{{P}}\p{{S}}])*+"
_UNMATCHED = rf"(?:(?![{_KANA_RANGE}])[^\s\p{{L}}\p{{M}}\p{{N}}\p{{P}}\p{{S}}])*+"

# Words of o200k may end in a contraction of so many characters.
_CONTRACTION = 3
# Characters before the end of a text which no attempt to match an earlier piece looks at, unless
# it ran through letters or whitespace: a contraction, and one more.
_MARGIN = 4
# Of the text before, what a cut may need to see.
_CONTEXT = 4


class Run:
    """The last piece of a text, and how it goes on; immutable.

    It holds the text of the piece in parts, for when it ends in a way that needs all of it.
    """

    __slots__ = ("_blanks", "_merged", "_more", "_parts", "_recent", "_until", "count")

    def __init__(
        self,
        merged: Merging,
        more: re.Pattern[str],
        parts: tuple[object, str],
        recent: str,
        until: int = -1,
        blanks: Merging | None = None,
    ) -> None:
        self._merged = merged
        self._more = more
        self._parts = parts
        self._recent = recent
        # Of whitespace where newlines end a piece: its tokens up to the last newline, and the
        # blanks behind that, which are a piece of their own unless a newline follows.
        self._until = until
        self._blanks = blanks
        self.count = merged.count if blanks is None else until + blanks.count

    def taken(self, text: str) -> int:
        """How many of the first characters of `text` go on with the piece."""
        found = self._more.match(text)
        return found.end() if found else 0

    def grown(self, measure: Measure, text: str) -> Run | None:
        """With `text`, all of which goes on with the piece; None: it must be merged anew."""
        if not text:
            return self
        until, blanks = self._until, self._blanks
        merged: Merging | None = self._merged
        rest = text
        if blanks is not None:
            place = max(text.rfind("\n"), text.rfind("\r")) + 1
            if place:
                merged = self._merged.grown(text[:place].encode())
                blanks = Merging.of(measure, b"")
                if merged is None or blanks is None:
                    return None
                until, rest = merged.count, text[place:]
            if blanks is not self._merged:
                blanks = blanks.grown(rest.encode())
                if blanks is None:
                    return None
        grown = merged.grown(rest.encode()) if merged else None
        if grown is None:
            return None
        if blanks is merged:
            blanks = grown
        recent = (self._recent + text)[-_CONTEXT:]
        return Run(grown, self._more, (self._parts, text), recent, until, blanks)

    def is_cut(self, cuts: Cuts, text: str) -> bool:
        """Whether the piece ends, safely, before `text`."""
        return cuts.at(self._recent + text[:2], len(self._recent))

    def text(self) -> str:
        """All of the piece."""
        parts = []
        node: object = self._parts
        while isinstance(node, tuple):
            node, part = node
            parts.append(part)
        return "".join(reversed(parts))


def settled_part(cuts: Cuts, text: str, starts: list[int]) -> int:
    """A start of a piece that stays one whatever follows `text`, and is a safe cut; else 0.

    An attempt to match a piece looks beyond the piece only along whitespace or the letters of a
    word, at most to the end of such a run, and at some characters of a contraction.
    """
    if len(starts) < 2:
        return 0
    kind = cuts.kind
    end = len(text) - _MARGIN
    for run in (WHITES, LETTERS | {MARK, KANA_OTHER}):
        while end > starts[1] and kind[text[end - 1]] in run:
            end -= 1
    for start in reversed(starts):
        if 0 < start < end and kind[text[start - 1]] not in WHITES:
            return start
    return 0


def last_run(measure: Measure, cuts: Cuts, text: str, starts: list[int]) -> tuple[int, Run] | None:
    """Where the last piece of `text` starts, and how it goes on; None if that is not certain.

    `starts` are those of all pieces; that of the last one and those before it are then the same
    whatever follows.
    """
    index = len(starts) - 1
    # All whitespace at the end is one piece, or will be when a newline follows.
    while index and not text[starts[index - 1] :].strip(WHITE):
        index -= 1
    place = starts[index]
    piece = text[place:]
    more = _continuation(cuts, text, place)
    if more is None:
        return None
    merged = Merging.of(measure, piece.encode())
    if merged is None:
        return None
    run = Run(merged, translate(more), (None, piece), piece[-_CONTEXT:])
    if more == _WHITE and cuts.pattern in (O200K, DEEPSEEK):
        newline = max(piece.rfind("\n"), piece.rfind("\r")) + 1
        head = Merging.of(measure, piece[:newline].encode())
        blanks = Merging.of(measure, piece[newline:].encode()) if newline else merged
        if head is None or blanks is None:
            return None
        run = Run(merged, translate(more), (None, piece), piece[-_CONTEXT:], head.count, blanks)
    return place, run


def _continuation(cuts: Cuts, text: str, place: int) -> str | None:
    """What goes on with the last piece of `text`, which starts at `place`; None if not certain."""
    kind, pattern = cuts.kind, cuts.pattern
    piece = text[place:]
    last = kind[text[-1]]
    if last in WHITES:
        if not piece.strip(WHITE):
            return _WHITE
        # Signs have taken newlines.
        return _NEWLINE_SLASH if pattern == O200K else _NEWLINE
    if pattern == DEEPSEEK:
        return _deepseek_continuation(last, kind[piece[0]], piece[0])
    if pattern == O200K:
        before = kind[text[place - 1]] if place else SIGN
        return _o200k_continuation(cuts, piece, last, before)
    if last in LETTERS:
        return _LETTER
    if last == NUMBER:
        return _NUMBER if pattern == GPT2 else None
    return _OTHER


def _deepseek_continuation(last: int, first: int, char: str) -> str | None:
    if last in (UPPER, LOWER, LETTER, MARK):
        # One ASCII sign takes the ASCII letters after it, and only these.
        return _ASCII_LETTER if first in SIGNS and char.isascii() else _WORD
    if last in SIGNS:
        return _PUNCTUATION
    return {KANA: _KANA_LETTER, REST: _UNMATCHED}.get(last)


def _o200k_continuation(cuts: Cuts, piece: str, last: int, before: int) -> str | None:
    kind = cuts.kind
    if {kind[char] for char in piece.removeprefix(" ")[:2]} <= SIGNS | {REST}:
        # Two signs make no word: a run of signs, and of the marks in it.
        if "\n" not in piece and "\r" not in piece:
            return _OTHER
        return _NEWLINE_SLASH if piece[-1] == "/" else None
    if "'" in piece[-_CONTRACTION:]:
        return None
    if kind[piece[0]] == UPPER and before in (LETTER, KANA, MARK, KANA_OTHER):
        # With a lower letter behind them, these upper ones would go with what is before them.
        return None
    if last == MARK:
        # They go on with the letters of a word.
        base = next((kind[char] for char in reversed(piece) if kind[char] != MARK), SIGN)
        return _UNCASED if base in LETTERS else None
    return {LOWER: _LOWER, UPPER: _UPPER, LETTER: _UNCASED, KANA: _UNCASED}.get(last)

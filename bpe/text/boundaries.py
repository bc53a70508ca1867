"""Where a text can be cut so that the token counts of both sides always add up.

The published patterns do not look behind, so a place where a piece starts in every text is nearly
such a cut: what follows it is encoded alike with or without what stands before.  What stands before
is too, unless it ends in whitespace: only the alternatives for whitespace look ahead.  So pairs of
characters are enough, by the kinds of both, and a few words of context:

- after anything but whitespace, before a blank: no piece goes on with one;
- between letters, numbers and signs, as far as the pattern allows: signs may belong to the letters
  after them, an apostrophe to those before;
- behind newlines, which end a piece in all patterns but GPT-2's.

Kinds come from the bundled table of Unicode 16, the one that the cores use.  For other patterns
no place is known to be safe.
"""

from __future__ import annotations

from bisect import bisect_right

from .._core.patterns import CL100K, DEEPSEEK, GPT2, O200K
from .._core.unicode import CATEGORIES, WHITE_SPACE, category

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

# Kinds of characters: what some published pattern tells apart.  KANA is the range of letters which
# DeepSeek's pattern splits off, KANA_OTHER what is no letter there; HALF is half a surrogate pair.
(
    SPACE,
    BLANK,
    NEWLINE,
    UPPER,
    LOWER,
    LETTER,
    KANA,
    MARK,
    KANA_OTHER,
    NUMBER,
    SIGN,
    QUOTE,
    SLASH,
    REST,
    HALF,
) = KINDS = range(15)

WHITES = frozenset((SPACE, BLANK, NEWLINE))
LETTERS = frozenset((UPPER, LOWER, LETTER, KANA))
OTHERS = frozenset((MARK, KANA_OTHER, SIGN, QUOTE, SLASH, REST))
SIGNS = frozenset((SIGN, QUOTE, SLASH))
KANAS = frozenset((KANA, KANA_OTHER))

WHITE = "".join(chr(code) for first, last in WHITE_SPACE for code in range(first, last + 1))
# The first letters of 's 't 're 've 'm 'll 'd; (?i:s) matches U+017F too.
_CONTRACTED = frozenset("sStTrRvVmMlLdD\u017f")
# Signs of texts that have no spaces: known without the table, which takes milliseconds to read.
_USUAL_SIGNS = frozenset(
    "\u3001\u3002\u300a\u300b\u300c\u300d\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f"
)

NO, YES, LOOK = range(3)
# How far to look for a cut, first where one nearly always is.
_NEAR, _FAR = 64, 1024
# Newlines in a row behind which a sign is looked for.
_MOST_NEWLINES = 32
_MOST_KINDS = 1 << 15


class Cuts:
    """The safe cuts of one published pattern."""

    __slots__ = ("_absorbing", "_rows", "kind", "pattern", "threes")

    def __init__(self, pattern: str | tuple[str, ...]) -> None:
        self.pattern = pattern
        self.kind = _Kinds()
        self._rows = _rows(pattern)
        # Numbers are taken in threes from where they start.
        self.threes = pattern != GPT2
        # Signs that take the newlines after them.
        self._absorbing = {
            GPT2: frozenset[int](),
            CL100K: OTHERS,
            O200K: SIGNS | {REST},
            DEEPSEEK: SIGNS,
        }[pattern]

    def at(self, text: str, place: int, low: int = 0) -> bool:
        """Whether `text` can be cut before the character at `place` (0 < place < len).

        What stands before `low` is not looked at for newlines: cutting at `low` took it away.
        """
        kind = self.kind
        left, right = kind[text[place - 1]], kind[text[place]]
        found = self._rows[left][right]
        if found != LOOK:
            return found == YES
        if right == QUOTE:
            # A contraction belongs to the letters before it.
            return place + 1 < len(text) and text[place + 1] not in _CONTRACTED
        if left == LOWER:
            # Not inside a contraction, as in 'rE.
            return place < 2 or text[place - 2] != "'"
        # Newlines and a blank: a cut if a sign has taken the newlines.
        before = place - 1
        stop = max(low, place - _MOST_NEWLINES)
        while before >= stop and text[before] in "\r\n":
            before -= 1
        return before >= stop and kind[text[before]] in self._absorbing

    def last(self, text: str, low: int, high: int, seen: int = 0) -> int:
        """The last cut that is found in (low, high], else `low`, which must be a cut itself.

        Places up to `seen` are not looked at again.
        """
        high = min(high, len(text) - 1)
        floor = max(low, seen)
        near = max(floor, high - _NEAR)
        found = _last_space(text, near, high)
        if found > near:
            return found
        for place in range(high, near, -1):
            if self.at(text, place, low):
                return place
        if near > floor:
            found = _last_space(text, floor, near)
            for place in range(near, max(floor, high - _FAR, found), -1):
                if self.at(text, place, low):
                    return place
            if found > floor:
                return found
        return self._last_three(text, low, high)

    def first(self, text: str, low: int, high: int) -> int:
        """The first cut that is found in [low, high), else `high`; one for any start before it."""
        for place in range(max(low, 1), min(high, low + _FAR)):
            if self.at(text, place, place):
                return place
        # Spaces are found faster.
        place = text.find(" ", max(low + _FAR, 1), high)
        while place >= 0:
            if self.at(text, place, place):
                return place
            place = text.find(" ", place + 1, high)
        return high

    def _last_three(self, text: str, low: int, high: int) -> int:
        """The last cut between numbers: behind each three of a run that starts at or behind low."""
        kind = self.kind
        if not self.threes or high <= low or kind[text[high]] != NUMBER:
            return low
        start = high
        while start > low and kind[text[start - 1]] == NUMBER:
            start -= 1
        threes = (high - start) // 3
        return start + threes * 3 if threes else low


class _Kinds(dict[str, int]):
    """Character -> kind, found at the first use."""

    def __init__(self) -> None:
        super().__init__((chr(code), _ascii_kind(code)) for code in range(128))

    def __missing__(self, char: str) -> int:
        code = ord(char)
        if 0x4E00 <= code <= 0x9FA5 or 0x3041 <= code <= 0x3096 or 0x30A1 <= code <= 0x30FA:
            found = KANA
        elif 0xAC00 <= code <= 0xD7A3:
            found = LETTER
        elif char in WHITE:
            found = BLANK
        elif char in _USUAL_SIGNS:
            found = SIGN
        else:
            found = kind_by_table(code)
        if len(self) < _MOST_KINDS:
            self[char] = found
        return found


def _ascii_kind(code: int) -> int:
    char = chr(code)
    if char in " \r\n'/":
        return {" ": SPACE, "'": QUOTE, "/": SLASH}.get(char, NEWLINE)
    if char in WHITE:
        return BLANK
    if char.isalnum():
        return NUMBER if char.isdigit() else UPPER if char.isupper() else LOWER
    return SIGN if char.isprintable() else REST


_OF_CATEGORY = {"Lu": UPPER, "Lt": UPPER, "Ll": LOWER, "Lm": LETTER, "Lo": LETTER, "Cs": HALF}
_OF_GROUP = {"M": MARK, "N": NUMBER, "P": SIGN, "S": SIGN, "C": REST, "Z": BLANK}

_starts: list[int] = []
_kinds: list[int] = []


def kind_by_table(code: int) -> int:
    """The kind of a code point, by the table of general categories."""
    if not _starts:
        runs = sorted(
            (first, _OF_CATEGORY[name] if name in _OF_CATEGORY else _OF_GROUP[name[0]])
            for name in CATEGORIES.split()
            for first, _ in category(name) or ()
        )
        _kinds[:] = [kind for _, kind in runs]
        _starts[:] = [first for first, _ in runs]
    if code < 128:
        return _ascii_kind(code)
    if chr(code) in WHITE:
        return BLANK
    kind = _kinds[bisect_right(_starts, code) - 1]
    if 0x3040 <= code <= 0x30FF or 0x4E00 <= code <= 0x9FA5:
        return KANA if kind in LETTERS else KANA_OTHER
    return kind


def _last_space(text: str, low: int, high: int) -> int:
    """The last cut in (low, high] before a blank, found by a space; else `low`."""
    place = text.rfind(" ", low + 1, high + 1)
    while place > low:
        if text[place - 1] not in WHITE:
            return place
        # The start of the blanks; before newlines it takes more to be sure.
        place = low + len(text[low:place].rstrip(WHITE))
        if place == low:
            break
        if text[place] not in "\r\n":
            return place
        place = text.rfind(" ", low + 1, place)
    return low


def _rows(pattern: str | tuple[str, ...]) -> list[bytearray]:
    """For each kind at the left of a place and each at its right whether it is a cut."""
    rows = [bytearray(len(KINDS)) for _ in KINDS]

    def put(left: Iterable[int], right: Iterable[int], value: int = YES) -> None:
        for row in left:
            for column in right:
                rows[row][column] = value

    solid = frozenset(KINDS) - WHITES
    # Half a pair is of an unknown kind, but no whitespace.
    known = solid - {HALF}
    put(solid, (SPACE, BLANK))
    put(LETTERS | {NUMBER}, (NEWLINE,))
    put(known - {NUMBER}, (NUMBER,))
    put((NUMBER,), known - {NUMBER})
    if pattern == GPT2:
        put(solid, (NEWLINE,))
        put(LETTERS, OTHERS)
        put(OTHERS - {QUOTE}, LETTERS)
        return rows
    put((NEWLINE,), solid)
    put((NEWLINE,), (SPACE, BLANK), LOOK)
    if pattern == CL100K:
        put(LETTERS, OTHERS)
    elif pattern == O200K:
        put(LETTERS, (SIGN, SLASH, REST))
        put(LETTERS, (QUOTE,), LOOK)
        put((LOWER,), (UPPER,), LOOK)
        put((NEWLINE,), (SLASH,), NO)
    else:
        put((MARK,), (NEWLINE,))
        put((UPPER, LOWER, LETTER, MARK), SIGNS | {REST})
        put((REST,), SIGNS)
        # The splits before the last one make ends of the text, for blanks too.
        put(WHITES, (NUMBER,))
        put(KANAS, frozenset(KINDS) - KANAS)
        put(frozenset(KINDS) - KANAS, KANAS)
    return rows

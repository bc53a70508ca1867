"""The counts of many slices that end at one place, where no safe cut is near."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from .._core.patterns import CL100K, DEEPSEEK, GPT2, O200K
from .boundaries import (
    KANA,
    LETTER,
    LETTERS,
    LOWER,
    MARK,
    NUMBER,
    OTHERS,
    REST,
    SIGN,
    SIGNS,
    UPPER,
    WHITES,
)
from .merging import Merging

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .boundaries import Cuts
    from .measure import Measure

# How many characters in a row show that there is a run, and how near the end it must be.
_PROOF = 8
_NEAR = 64


class Leftward:
    """Counts of marker + text[start:end] for any start, best from right to left.

    In a run of characters of one kind each start begins a piece, which ends where those of the
    others end.  So only the bytes of the piece are merged, again and again from near its start
    only.  That never suffices for one character again and again, whose tokens all begin elsewhere
    when one is put before them; but then it makes no difference at which end it is put.  Numbers
    that are taken in threes go on with the count three further on.  Any other slice is counted as
    it is.
    """

    def __init__(self, measure: Measure, text: str, low: int, end: int, marker: str) -> None:
        self._measure = measure
        self._text = text
        self._low = low
        self._end = end
        self._marker = marker
        self._run: frozenset[int] = frozenset()
        # All from `_known` to `_proof` is in the run; nothing before `_floor` is.
        self._proof = self._known = end
        self._floor = low
        self._piece_end = end
        self._after = 0
        # By where the piece starts; of those of one character all that are not shorter than the
        # first, by their length.
        self._merged: list[tuple[int, Merging]] = []
        self._same: list[tuple[int, Merging]] = []
        self._numbers: tuple[dict[int, tuple[int, int]], ...] = ({}, {}, {})
        # The marker, if it is one character that the piece begins with.
        self._prefix = ""
        if measure.cuts is not None:
            self._find_run(measure.cuts)

    def count(self, start: int) -> int:
        """Tokens of the marker and text[start:end]."""
        found = self._in_run(start)
        if found is None:
            return self._measure.count(self._marker + self._text[start : self._end])
        return found

    def _find_run(self, cuts: Cuts) -> None:
        kind, text = cuts.kind, self._text
        length = 0
        run: frozenset[int] = frozenset()
        for place in range(self._end - 1, max(self._low, self._end - _NEAR) - 1, -1):
            found = kind[text[place]]
            if found not in run:
                run = next((one for one in _runs(cuts) if found in one), frozenset())
                length = 0
            length += 1
            if run and length == _PROOF:
                break
        else:
            return
        if not _is_clean(text[place : self._end]):
            return
        end = next(end for _, end in self._measure.pieces(text[place : self._end]))
        if run == WHITES and cuts.pattern != GPT2 and text[place + end - 1] not in "\r\n":
            # The last newline ends a piece: there must be none among those before.
            run = frozenset((kind[text[place]],))
            if any(kind[char] not in run for char in text[place : place + _PROOF]):
                return
        if _takes(cuts, self._marker, run):
            self._prefix = self._marker
        if NUMBER not in run or not cuts.threes:
            piece = text[place : place + end]
            merged = Merging.of(self._measure, piece.encode(), leftward=True)
            if merged is None:
                return
            self._merged.append((place, merged))
            same = Merging.of(self._measure, (self._prefix + piece).encode())
            if same is not None and piece == piece[0] * end:
                self._same.append((end, same))
        self._run = run
        self._proof = self._known = place
        self._piece_end = place + end
        self._after = self._measure.count(text[place + end : self._end])

    def _in_run(self, start: int) -> int | None:
        cuts, text, marker = self._measure.cuts, self._text, self._marker
        if cuts is None or start > self._proof or not self._run:
            return None
        kind = cuts.kind
        while self._known > start and self._floor < self._known:
            if kind[text[self._known - 1]] not in self._run:
                self._floor = self._known
                break
            self._known -= 1
        if start < self._known:
            return None
        extra = 0
        if marker and not self._prefix:
            # The marker must not go with the run.
            if not cuts.at(marker + text[start : start + 2], len(marker), len(marker)):
                return None
            extra = self._measure.count(marker)
        if not self._merged:
            return extra + self._count_numbers(start)
        found = self._count_same(self._piece_end - start) or self._count_merged(start)
        return None if found is None else extra + found + self._after

    def _count_same(self, length: int) -> int | None:
        """Tokens of the piece if it is one character `length` times."""
        if not self._same:
            return None
        char = self._text[self._piece_end - 1]
        index = bisect_right(self._same, length, key=_place) - 1
        known, merged = self._same[index]
        # What is known to be the same need not be looked at again.
        longest = self._same[-1][0]
        more = self._text[self._piece_end - length : self._piece_end - longest]
        if more.strip(char):
            return None
        grown = merged.grown((char * (length - known)).encode())
        if grown is None:
            grown = Merging.of(self._measure, (self._prefix + char * length).encode())
            if grown is None:
                return None
        if length > known:
            self._same.insert(index + 1, (length, grown))
        return grown.count

    def _count_merged(self, start: int) -> int | None:
        """Tokens of the piece from `start`."""
        text = self._text
        index = bisect_left(self._merged, start, key=_place)
        place, merged = self._merged[index]
        grown = merged.grown(text[start:place].encode())
        if grown is None:
            data = text[start : self._piece_end].encode()
            grown = Merging.of(self._measure, data, leftward=True)
            if grown is None:
                return None
        if start < place:
            self._merged.insert(index, (start, grown))
        if not self._prefix:
            return grown.count
        whole = grown.grown(self._prefix.encode())
        return None if whole is None else whole.count

    def _count_numbers(self, start: int) -> int:
        """The nearest known count at a start some threes further on, and the threes up to there."""
        known = self._numbers[start % 3]
        place = min((place for place in known if place >= start), default=None)
        if place is None:
            found = self._measure.count(self._text[start : self._end])
        else:
            found = self._measure.count(self._text[start:place]) + known[place][0]
        known[start] = (found, start)
        return found


def _place(entry: tuple[int, Merging]) -> int:
    return entry[0]


def _takes(cuts: Cuts, marker: str, run: frozenset[int]) -> bool:
    """Whether a piece that is a run begins with the marker, if that is before it."""
    if marker == " ":
        apart = {REST, KANA} if cuts.pattern == DEEPSEEK else set()
        return not run & apart and not (cuts.threes and NUMBER in run)
    # Any sign goes with the letters after it.
    return (
        len(marker) == 1
        and cuts.pattern in (CL100K, O200K)
        and run <= LETTERS
        and cuts.kind[marker] == SIGN
    )


def _runs(cuts: Cuts) -> tuple[frozenset[int], ...]:
    """Kinds whose runs are one piece from wherever it is begun; but for the last two characters."""
    common = (WHITES, frozenset((NUMBER,)))
    if cuts.pattern == DEEPSEEK:
        words = (frozenset((KANA,)), frozenset((UPPER, LOWER, LETTER, MARK)))
        return (*common, *words, SIGNS, frozenset((REST,)))
    if cuts.pattern == O200K:
        cases = (frozenset((UPPER,)), frozenset((LOWER,)), frozenset((LETTER, KANA)))
        return (*common, *cases, SIGNS | {REST})
    return (*common, LETTERS, OTHERS)


def _is_clean(text: str) -> bool:
    """Whether there are no surrogates in `text`."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True

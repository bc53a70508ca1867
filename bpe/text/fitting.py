"""The longest slice of a text that has at most so many tokens, by its own count.

The count of a slice does not always grow with the slice ("tok" may have more tokens than "token"),
so the last token boundary within the limit is not the answer.  What holds is that slices which end
behind a safe cut have at least the tokens of those that end at it: where the count at a cut is
above the limit, no longer slice fits.  So the answer lies between two neighbouring cuts, mostly
within one word, and there each slice is tried.

Only stretches without a cut (a megabyte of one letter) leave more places than can be tried; there
those that are up to LOOK bytes beyond the longest slice found are.  As removing the last token of a
long piece leaves the encoding of the rest, behind a slice that fits there is one with less tokens
that is at most a token shorter: with tokens of at most LOOK bytes hardly anything can be missed.
"""

from __future__ import annotations

from bisect import bisect_right

from .leftward import Leftward
from .measure import CHARS, EXTRA
from .streaming import StreamingCounter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .measure import Measure

# Bytes beyond a slice that fits in which a longer one is looked for: those of the longest token of
# each published encoding.
LOOK = 128
# Places between two cuts that are tried one by one from the start.
_FEW = 48
_MANY = 192
# A foreign pattern makes each try as long as the slice.
_FOREIGN_LOOK = 16


class Slices:
    """The slices text[low:low + d], for all lengths d; with a marker behind the slice.

    A cut is a safe cut of the text, or 0.
    """

    def __init__(self, measure: Measure, text: str, low: int, high: int, marker: str = "") -> None:
        self.measure = measure
        self.text = text
        self.low = low
        self.high = high - is_inside_pair(text, high)
        self.size = max(self.high - low, 0)
        self.marker = marker
        self.fixed = 0
        cuts = measure.cuts
        self.look = _FOREIGN_LOOK if cuts is None else LOOK
        # Of a long marker only what is before its first cut meets the slice.
        if cuts is not None and len(marker) > 1:
            cut = cuts.first(marker, 2, len(marker))
            self.fixed = measure.count(marker[cut:])
            self.marker = marker[:cut]

    def last_cut(self, start: int, end: int) -> int:
        """The last cut in (start, end], else `start`."""
        cuts = self.measure.cuts
        if cuts is None:
            return start
        return cuts.last(self.text, self.low + start, self.low + end) - self.low

    def count(self, start: int, end: int) -> int:
        """Tokens of the text between two cuts."""
        return self.measure.count(self.text[self.low + start : self.low + end])

    def joined(self, start: int, end: int) -> int:
        """Tokens from a cut to the end of a slice, and of the marker."""
        return self.measure.count(self.text[self.low + start : self.low + end] + self.marker)

    def splits(self, end: int) -> bool:
        """Whether the slice would end between the halves of a surrogate pair."""
        return is_inside_pair(self.text, self.low + end)

    def width(self, length: int) -> int:
        """Bytes of the last character of a slice."""
        return _width(self.text[self.low + length - 1])

    def beyond(self, start: int) -> Callable[[int], int]:
        """As `joined`, for many slices from one cut where no other one is near."""
        if self.measure.cuts is None:
            return lambda end: self.joined(start, end)
        counter = StreamingCounter(self.measure)
        places = [start]
        marks = [counter.mark()]

        def tokens(end: int) -> int:
            index = bisect_right(places, end) - 1
            counter.rollback(marks[index])
            counted = counter.append(self.text[self.low + places[index] : self.low + end])
            if end > places[index]:
                places.insert(index + 1, end)
                marks.insert(index + 1, counter.mark())
            return counter.append(self.marker) if self.marker else counted

        return tokens


class LeftSlices(Slices):
    """The slices text[high - d:high]; with a marker before them."""

    def __init__(self, measure: Measure, text: str, low: int, high: int, marker: str = "") -> None:
        super().__init__(measure, text, low + is_inside_pair(text, low), high)
        self.marker = marker
        if measure.cuts is not None and marker:
            cut = measure.cuts.last(marker, 0, len(marker) - 1)
            self.fixed = measure.count(marker[:cut]) if cut else 0
            self.marker = marker[cut:]

    def last_cut(self, start: int, end: int) -> int:
        cuts = self.measure.cuts
        if cuts is None:
            return start
        return self.high - cuts.first(self.text, self.high - end, self.high - start)

    def count(self, start: int, end: int) -> int:
        return self.measure.count(self.text[self.high - end : self.high - start])

    def joined(self, start: int, end: int) -> int:
        return self.measure.count(self.marker + self.text[self.high - end : self.high - start])

    def splits(self, end: int) -> bool:
        return is_inside_pair(self.text, self.high - end)

    def width(self, length: int) -> int:
        return _width(self.text[self.high - length])

    def beyond(self, start: int) -> Callable[[int], int]:
        leftward = Leftward(self.measure, self.text, self.low, self.high - start, self.marker)
        return lambda end: leftward.count(self.high - end)


def longest(slices: Slices, limit: int) -> tuple[int, int] | None:
    """Length and tokens (the marker's included) of the longest slice that fits; None: none does."""
    limit -= slices.fixed
    if limit < 0:
        return None
    found = _longest(slices, limit)
    return None if found is None else (found[0], found[1] + slices.fixed)


def _longest(slices: Slices, limit: int) -> tuple[int, int] | None:
    size = slices.size
    # A cut, and the tokens before it: at most the limit.
    start = done = 0
    while True:
        room = limit - done
        end = min(start + CHARS * room + EXTRA, size)
        if end < size:
            cut = slices.last_cut(start, end)
            if cut == start:
                return _try_far(slices, start, done, size, limit)
            end = cut
        tokens = slices.count(start, end)
        if done + tokens > limit:
            break
        start, done = end, done + tokens
        if end == size:
            if not slices.marker:
                return size, done
            return _try_all(slices, start, done, size, limit)
    # Nearer: by the share of the tokens that is left, in turn with the middle.
    guess = start + (end - start) * room // tokens
    turn = 0
    while end - start > _FEW and (room or slices.marker):
        cut = slices.last_cut(start, min(max(guess, start + 1), end - 1))
        if cut == start:
            cut = slices.last_cut(start, end - 1)
        if cut == start:
            if end - start <= _MANY:
                break
            return _try_far(slices, start, done, end, limit)
        part = slices.count(start, cut)
        if part <= room:
            start, done, room, tokens = cut, done + part, room - part, tokens - part
        else:
            end, tokens = cut, part
        turn += 1
        share = (end - start) * room // tokens if turn % 2 else (end - start) // 2
        guess = start + share
    return _try_all(slices, start, done, end, limit)


def _try_all(slices: Slices, cut: int, done: int, end: int, limit: int) -> tuple[int, int] | None:
    """The longest slice that fits, where none does that reaches the cut `end`.

    From there down, between one cut and the one after it, and so on.  `done` are the tokens up to
    `cut`.  With a marker the end of the slice may change how the text is cut there, so that a cut
    counts only two characters further on.
    """
    marker = bool(slices.marker)
    upper = min(end + 1, slices.size) if marker else end - 1
    while True:
        if upper - cut > _MANY:
            return _try_far(slices, cut, done, upper, limit)
        lower = cut + 2 if marker and cut else cut + 1 - marker
        for length in range(upper, lower - 1, -1):
            if not slices.splits(length):
                tokens = done + slices.joined(cut, length)
                if tokens <= limit:
                    return length, tokens
        if not marker and done <= limit:
            return cut, done
        if not cut:
            return None
        upper = min(upper, lower - 1)
        before = slices.last_cut(0, cut - 1)
        done -= slices.count(before, cut)
        cut = before


def _try_far(slices: Slices, cut: int, done: int, high: int, limit: int) -> tuple[int, int] | None:
    """The same where no cut is found between `cut` and `high`, which may fit itself."""
    count = slices.beyond(cut)
    good, tokens = -1, 0

    def fits(length: int) -> bool:
        nonlocal good, tokens
        found = done + count(length)
        if found <= limit and not slices.splits(length):
            good, tokens = length, found
        return found <= limit

    # As in _try_all, the first length for which the cut counts.
    length = cut + 2 if slices.marker and cut else cut
    end = min(length + slices.look, high)
    while good < 0 and length <= end:
        fits(length)
        length += 1
    if good < 0:
        return _try_all(slices, cut, done, cut, limit) if cut else None
    step = EXTRA
    bad = high + 1
    while good < high:
        length = min(good + step, high)
        length += slices.splits(length)
        if not fits(length):
            bad = length
            break
        # As many more as the tokens that are left will take, at this rate.
        step = max((length - cut) * (limit - tokens) // max(tokens - done, 1), 8)
    while bad - good > 1:
        middle = (good + bad) // 2
        if slices.splits(middle):
            middle += 1 if middle + 1 < bad else -1
        if middle <= good:
            break
        if not fits(middle):
            bad = middle
    length, beyond = good, 0
    while length < high and beyond < slices.look:
        length += 1
        beyond = 0 if fits(length) else beyond + slices.width(length)
    return good, tokens


def is_inside_pair(text: str, place: int) -> bool:
    """Whether `place` is between the halves of a surrogate pair."""
    return (
        0 < place < len(text)
        and "\ud800" <= text[place - 1] <= "\udbff"
        and "\udc00" <= text[place] <= "\udfff"
    )


def _width(char: str) -> int:
    code = ord(char)
    return 1 + (code > 0x7F) + (code > 0x7FF) + (code > 0xFFFF)

"""A text in chunks of at most so many tokens."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..arguments import described, shown
from ..errors import ArgumentError
from .fitting import LeftSlices, Slices, is_inside_pair, longest
from .measure import check_number, check_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .measure import Measure

_NEWLINE = r"(?>\r\n|\r|\n)"
_PARAGRAPH = rf"({_NEWLINE}[ \t]*{_NEWLINE})(?:[ \t]*{_NEWLINE})*+"
# Where units end: behind the match, or anywhere in it behind its group, for the blanks there go
# with either side.  A sentence ends by its last sign alone: abbreviations end some too.
_ENDS = {
    "paragraph": re.compile(_PARAGRAPH),
    "line": re.compile(f"({_NEWLINE})"),
    "sentence": re.compile(
        "(?<![.!?\u2026])([.!?\u2026]++[\"'\u2019\u201d\xbb)\\]}]*+(?=\\s))\\s++"
        "|([\u3002\uff01\uff1f\uff61]++[\u2019\u201d\u300d\u300f\uff09\u3011]*+)\\s*+"
        f"|{_PARAGRAPH}"
    ),
    "word": re.compile(r"(\S++)"),
}
# From fine to coarse.
_BOUNDARIES = ("token", "word", "sentence", "line", "paragraph")
# Characters in which the last end of a unit is looked for first, and how these grow.
_WINDOW, _GROWTH = 256, 8
# How far an end may be seen from.
_SIGHT = 64
# Starts of an overlap that are tried before those of smaller units.
_TRIES = 4


class Chunk(NamedTuple):
    """A slice of a text: `text` is source[start:end], and has `n_tokens` tokens by itself."""

    text: str
    start: int
    end: int
    n_tokens: int


def chunks(
    measure: Measure, text: str, max_tokens: int, overlap: int = 0, boundary: str = "token"
) -> Iterator[Chunk]:
    """See Tokenizer.chunks.  Arguments are checked at once, not at the first chunk."""
    check_text(text)
    check_number("max_tokens", max_tokens, 1)
    check_number("overlap", overlap, 0)
    if overlap >= max_tokens:
        raise ArgumentError(
            f"overlap must be less than max_tokens, or no chunk would bring anything new: "
            f"{shown(overlap)} and {shown(max_tokens)}"
        )
    if boundary not in _BOUNDARIES:
        raise ArgumentError(
            f"boundary must be one of {', '.join(_BOUNDARIES)}, not {described(boundary)}"
        )
    return _Chunks(measure, str.__str__(text), max_tokens, overlap, boundary).run()


class _Chunks:
    """One call of `chunks`."""

    def __init__(
        self, measure: Measure, text: str, max_tokens: int, overlap: int, boundary: str
    ) -> None:
        self.measure = measure
        self.text = text
        self.max_tokens = max_tokens
        self.overlap = overlap
        # Where a unit is too large, the next finer ones.
        self.kinds = _BOUNDARIES[_BOUNDARIES.index(boundary) : 0 : -1]

    def run(self) -> Iterator[Chunk]:
        text, size = self.text, len(self.text)
        start = done = 0
        while done < size:
            start, end, tokens = self.next_chunk(start, done)
            yield Chunk(text[start:end], start, end, tokens)
            done = end
            start = self.overlap_start(start, end) if self.overlap and end < size else end

    def next_chunk(self, start: int, done: int) -> tuple[int, int, int]:
        """Start, end and tokens of a chunk that starts at `start`, or else at `done`.

        It ends behind `done`, which is where the chunk before it ends.
        """
        end, tokens = self.fit(start)
        if start < done and end <= done:
            start = done
            end, tokens = self.fit(start)
        if end == start:
            self.refuse(start)
        if end == len(self.text):
            return start, end, tokens
        alone: tuple[int, int] | None = None
        for kind in self.kinds:
            found = self.last_end(kind, start, done, end)
            if found is not None:
                return start, *found
            if start < done:
                # Better a whole unit than an overlap.
                alone = alone or self.fit(done)
                if alone[0] == len(self.text):
                    return done, *alone
                found = self.last_end(kind, done, done, alone[0])
                if found is not None:
                    return done, *found
        return start, end, tokens

    def fit(self, start: int) -> tuple[int, int]:
        """End and tokens of the longest slice from `start` that fits."""
        found = longest(Slices(self.measure, self.text, start, len(self.text)), self.max_tokens)
        length, tokens = found or (0, 0)
        return start + length, tokens

    def last_end(self, kind: str, start: int, done: int, end: int) -> tuple[int, int] | None:
        """The last end of a unit in (done, end], and the tokens of the slice from `start` to it."""
        text, pattern = self.text, _ENDS[kind]
        window = _WINDOW
        limit = end
        while True:
            low = max(done, limit - window)
            places = []
            for match in pattern.finditer(text, low, min(len(text), limit + _SIGHT)):
                solid = match.end(match.lastindex or 0)
                if solid > limit:
                    break
                places.append(min(match.end(), limit))
            for place in reversed(places):
                tokens = self.measure.count(text[start:place])
                # A shorter slice may have more tokens, if hardly ever.
                if place > done and tokens <= self.max_tokens:
                    return place, tokens
            if low == done:
                return None
            window *= _GROWTH

    def overlap_start(self, start: int, end: int) -> int:
        """Where the next chunk starts, so that what it shares with text[start:end] fits."""
        measure, text = self.measure, self.text
        found = longest(LeftSlices(measure, text, start + 1, end), self.overlap)
        begin = end - (found[0] if found else 0)
        for kind in self.kinds:
            tries = 0
            for match in _ENDS[kind].finditer(text, max(begin - _SIGHT, 0), end):
                place = match.end()
                if begin <= place < end:
                    if measure.count(text[place:end]) <= self.overlap:
                        return place
                    tries += 1
                    if tries == _TRIES:
                        break
        return begin

    def refuse(self, start: int) -> None:
        size = 2 if is_inside_pair(self.text, start + 1) else 1
        char = self.text[start : start + size]
        raise ArgumentError(
            f"the character {char!r} at offset {start} alone has {self.measure.count(char)} "
            f"tokens, more than max_tokens={self.max_tokens}"
        )

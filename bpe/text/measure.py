"""Counting, and the limits that need no more than that: count_up_to, fits."""

from __future__ import annotations

from .._core.patterns import PUBLISHED, split
from ..arguments import described, shown, usable_text
from ..errors import ArgumentError, TokenTypeError
from .boundaries import Cuts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Protocol

    from ..vocabulary import Vocabulary

    class Engine(Protocol):
        """What is used of a core; see _core.interface.Core."""

        def count(self, text: str) -> int: ...
        def encode_bytes(self, data: bytes) -> list[int]: ...
        def token_id(self, token: bytes) -> int | None: ...
        def token_bytes(self, token: int) -> bytes: ...


# A byte that is in no UTF-8.
_STRANGER = b"\xff"
# Characters for each token of a limit that are counted at once: more than most tokens have, so that
# one slice decides most often.
CHARS = 4
EXTRA = 64


class Measure:
    """The functions of one tokenizer's core that the text operations need."""

    __slots__ = ("_engine", "_longest", "_stranger", "_vocabulary", "cuts")

    def __init__(self, engine: Engine, vocabulary: Vocabulary) -> None:
        self._engine = engine
        self._vocabulary = vocabulary
        self._longest = 0
        pattern = vocabulary.pattern
        # Without `keep_unmatched` DeepSeek's pattern drops text.
        known = pattern in PUBLISHED and (isinstance(pattern, str) or vocabulary.keep_unmatched)
        self.cuts = Cuts(pattern) if known else None
        # The bundled form is well formed, which merging from near the end relies on.
        self._stranger = engine.token_id(_STRANGER) if vocabulary.pairs is not None else None

    def count(self, text: str) -> int:
        """The number of ids of `text`, special tokens being text like any other."""
        try:
            return self._engine.count(text)
        except (UnicodeEncodeError, TypeError) as error:  # surrogates; a subclass of str
            return self._engine.count(usable_text(text, error))

    def merge(self, data: bytes) -> list[int] | None:
        """The ids of bytes that are one piece, whatever they are; None if that cannot be had.

        After a byte that is in no UTF-8 a core takes all that follows as one piece.  No token
        begins with that byte but itself, so the others are those of `data` alone.
        """
        if self._stranger is None:
            return None
        ids = self._engine.encode_bytes(_STRANGER + data)
        return ids[1:] if ids[0] == self._stranger else None

    def token_length(self, token: int) -> int:
        """The bytes of a token."""
        return len(self._engine.token_bytes(token))

    def pieces(self, text: str) -> Iterator[tuple[int, int]]:
        """The pieces of `text` as (start, end), by the pattern itself: slow."""
        return split(text, self._vocabulary.pattern, self._vocabulary.keep_unmatched)

    @property
    def longest(self) -> int:
        """The bytes of the longest token; takes some milliseconds at the first use."""
        if not self._longest:
            pairs = self._vocabulary.pairs
            if pairs is None:
                self._longest = max(map(len, self._vocabulary.ranks))
            else:
                self._longest = max(_lengths(pairs))
        return self._longest

    def count_up_to(self, text: str, limit: int) -> int:
        """`count(text)` if that is at most `limit`, else `limit + 1`.

        Slices are counted one after the other until the limit is passed.  Where a text cannot be
        cut, its length decides: as no token has more than `longest` bytes, so many characters for
        each token left are too many.
        """
        check_text(text)
        check_number("limit", limit, 0)
        start = done = 0
        size = len(text)
        cuts = self.cuts
        while True:
            ahead = start + CHARS * (limit - done) + EXTRA
            if cuts is None or size <= ahead + EXTRA:
                return min(done + self.count(text[start:] if start else text), limit + 1)
            end = cuts.last(text, start, ahead)
            if end == start:
                if size - start > (limit - done) * self.longest:
                    return limit + 1
                return min(done + self.count(text[start:]), limit + 1)
            done += self.count(text[start:end])
            if done > limit:
                return limit + 1
            start = end

    def fits(self, text: str, limit: int) -> bool:
        """Whether `text` has at most `limit` tokens."""
        check_text(text)
        check_number("limit", limit, 0)
        # A token has a byte at least, and a character four at most.
        return 4 * len(text) <= limit or self.count_up_to(text, limit) <= limit


def _lengths(pairs: bytes) -> list[int]:
    """The bytes of each token of a `pairs` table (see vocabulary.Vocabulary)."""
    from struct import unpack

    from ..vocabulary import BYTE

    numbers = unpack(f"<{len(pairs) // 4}I", pairs)
    lengths: list[int] = []
    append = lengths.append
    for left, right in zip(numbers[0::2], numbers[1::2], strict=True):
        append(1 if right == BYTE else lengths[left] + lengths[right])
    return lengths


def check_text(text: object) -> None:
    if not isinstance(text, str):
        raise TokenTypeError(f"text must be a str, not {described(text)}", value=text)


def check_number(name: str, number: object, least: int) -> None:
    """A number of tokens: an integer, not below `least`."""
    if not isinstance(number, int) or isinstance(number, bool):
        raise TokenTypeError(f"{name} must be an integer, not {described(number)}", value=number)
    if number < least:
        raise ArgumentError(f"{name} must be at least {least}: {shown(number)}")

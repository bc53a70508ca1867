"""RepetitionDetector: notices, while an answer streams in, that it goes round in circles.

The score is 1 - distinct / total over the n-grams of the last words: 0 where none occurs twice.

A word is a run of characters without white space, at most 64 of them, so that a run without end
("aaaa...", base64) is words too and costs no memory.  In scripts that are written without spaces
(Han, kana, Thai, Lao, Khmer, Burmese) each character is a word.
"""

from __future__ import annotations

import re
from collections import deque
from enum import Enum

from ..arguments import shown
from ..errors import ArgumentError, TokenTypeError
from .budget import LARGEST
from .token_counter import reaches

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

__all__ = ["RepetitionDetector", "RepetitionStatus"]

WINDOW: Final = 256
_LONGEST = 64
_UNSPACED = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f"  # Burmese
    "\u1780-\u17ff"  # Khmer
    "\u3040-\u30ff"  # hiragana, katakana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
)
_WORD = re.compile(rf"[{_UNSPACED}]|([^\s{_UNSPACED}]{{1,{_LONGEST}}})")

_Gram = tuple[str, ...]


class RepetitionStatus(Enum):
    """What a RepetitionDetector says of the text so far."""

    OK = "ok"
    WARNING = "warning"
    DEGENERATE = "degenerate"


class RepetitionDetector:
    """Feed it the pieces of an answer as they come; each time it says how repetitive it has become.

    - `ngram_size`: the words of an n-gram, at least 1.
    - `threshold`: from this score on the status is WARNING, from twice it DEGENERATE; 0..1.  At
      0.5 or more nothing is DEGENERATE.
    - `window`: how many of the last words count, at least `ngram_size`.

    However a text is divided into pieces, status and score after it are the same: those of all the
    text so far, with a word that may still go on taken as it stands.  The cost of a piece is that
    of its own words.  Not for several threads at once.

    >>> detector = RepetitionDetector()
    >>> detector.feed("All is well, and the answer goes on as it sho")
    <RepetitionStatus.OK: 'ok'>
    >>> detector.feed("uld. " + "So it goes. " * 20)
    <RepetitionStatus.DEGENERATE: 'degenerate'>
    """

    __slots__ = (
        "_counts",
        "_grams",
        "_open",
        "_recent",
        "_words",
        "ngram_size",
        "threshold",
        "window",
    )

    def __init__(
        self, ngram_size: int = 3, threshold: float = 0.3, *, window: int = WINDOW
    ) -> None:
        for name, value in (("ngram_size", ngram_size), ("window", window)):
            if type(value) is not int:
                raise TokenTypeError(
                    f"{name} must be an integer, not {type(value).__name__}", value=value
                )
        if isinstance(threshold, bool) or not isinstance(threshold, (int, float)):
            raise TokenTypeError(
                f"threshold must be a number, not {type(threshold).__name__}", value=threshold
            )
        if ngram_size < 1:
            raise ArgumentError(f"ngram_size must be at least 1: {shown(ngram_size)}")
        if window < ngram_size:
            raise ArgumentError(
                f"window must be at least ngram_size, {shown(ngram_size)}: {shown(window)}"
            )
        if window > LARGEST:
            raise ArgumentError(f"window must be at most {LARGEST}: {shown(window)}")
        if not 0 <= threshold <= 1:  # not a number is not, either
            raise ArgumentError(f"threshold must be between 0 and 1: {shown(threshold)}")
        self.ngram_size = ngram_size
        self.threshold = float(threshold)
        self.window = window
        self.reset()

    def reset(self) -> None:
        """Forget the text: for the next answer."""
        self._grams: deque[_Gram] = deque()
        self._counts: dict[_Gram, int] = {}
        self._recent: deque[str] = deque(maxlen=self.ngram_size)
        self._words = 0
        # The word at the end of the text, which the next piece may continue.
        self._open = ""

    def feed(self, text: str | None) -> RepetitionStatus:
        """Take the next piece, and return `status`; None, a delta without text, is no piece."""
        if text is None:
            return self.status
        if not isinstance(text, str):
            raise TokenTypeError(f"text must be a str, not {type(text).__name__}", value=text)
        text = self._open + text
        self._open = ""
        for match in _WORD.finditer(text):
            run = match[1]
            if run is not None and match.end() == len(text):
                self._open = run
            else:
                self._add(match[0])
        return self.status

    @property
    def words(self) -> int:
        """How many words the score is about, at most `window`."""
        return min(self.window, self._words + bool(self._open))

    @property
    def score(self) -> float:
        """1 - distinct / total n-grams over the last `window` words; 0.0 without n-grams."""
        repeated, total = self._figures()
        return repeated / total if total else 0.0

    @property
    def status(self) -> RepetitionStatus:
        """OK, WARNING from the threshold on, DEGENERATE from twice the threshold on."""
        repeated, total = self._figures()
        if reaches(repeated, total, 2 * self.threshold):
            return RepetitionStatus.DEGENERATE
        if reaches(repeated, total, self.threshold):
            return RepetitionStatus.WARNING
        return RepetitionStatus.OK

    def _add(self, word: str) -> None:
        self._words += 1
        self._recent.append(word)
        if len(self._recent) < self.ngram_size:
            return
        gram = tuple(self._recent)
        self._grams.append(gram)
        self._counts[gram] = self._counts.get(gram, 0) + 1
        if len(self._grams) > self.window - self.ngram_size + 1:
            oldest = self._grams.popleft()
            left = self._counts[oldest] - 1
            if left:
                self._counts[oldest] = left
            else:
                del self._counts[oldest]

    def _figures(self) -> tuple[int, int]:
        """How many n-grams are repetitions of another one, and how many there are."""
        total, distinct = len(self._grams), len(self._counts)
        if not self._open or len(self._recent) < self.ngram_size - 1:
            return total - distinct, total
        # As if the open word were complete, without noting it.
        before = list(self._recent)[1:] if len(self._recent) == self.ngram_size else self._recent
        gram = (*before, self._open)
        fresh = gram not in self._counts
        if total == self.window - self.ngram_size + 1:
            oldest = self._grams[0]
            if self._counts[oldest] == 1:
                distinct -= 1
                fresh = fresh or gram == oldest
        else:
            total += 1
        distinct += fresh
        return total - distinct, total

"""Sentences of texts, and how much each is worth keeping.

After H. P. Luhn, "The automatic creation of literature abstracts" (1958): a sentence is worth what
its significant words are worth.  Significant is what is rare in the conversation (the inverse
document frequency of K. Sparck Jones, 1972, with messages as documents), and beyond that what
others will have to refer to: numbers, names, paths, errors and decisions.
"""

from __future__ import annotations

import re
from math import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Worth", "first_sentence", "sentences"]

# Longer ones are cut, at a space where there is one: a text without any end is no one sentence.
_LONGEST = 600
_SHORTEST = 12

# Ends of sentences, with the white space after them.  A run of points is looked at once.
_END = re.compile(
    r"(?<![.!?…])[.!?…]++[\"'”’»)\]]*+\s+|[。！？]++[”’」』）]*+|\n\s*+",
)

# Words, by which sentences are compared; characters where words are not set apart.
_WORD = re.compile(r"[^\W\u2e80-\uffff\U00020000-\U0003ffff]+|[\u2e80-\uffff\U00020000-\U0003ffff]")

# What makes a sentence worth more, and by how much; several of a kind count a little each.
_SIGNALS = (
    # decisions
    (
        re.compile(
            r"\b(?:decid\w*|decision\w*|agreed?|chose|chosen|settled|approved|rejected|"
            r"conclu\w+|root cause|instead of|must|never|always|prefer\w*|"
            r"we(?:'ll| will) (?:use|go|keep)|going with|resolved|fixed)\b",
            re.IGNORECASE,
        ),
        2.0,
    ),
    # errors
    (
        re.compile(
            r"error|exception|traceback|\b(?:fail\w*|panic\w*|fatal|denied|refused|timed? ?out|"
            r"timeout|crash\w*|invalid|not found|unable|undefined|segfault|abort\w*|warn\w*)\b",
            re.IGNORECASE,
        ),
        2.0,
    ),
    # paths and addresses
    (re.compile(r"https?://|(?<![\w/\\])[~.]?[\w.-]*[/\\][\w.-]+|\b\w+\.[a-z]{1,4}\b"), 1.5),
    # numbers
    (re.compile(r"\d[\d.,:%]*"), 1.0),
    # names: capitals within a sentence, words joined or with capitals within, quoted code
    (
        re.compile(r"(?<=[a-z,;:] )[A-Z]\w+|\b\w+_\w+|\b[a-z]+[A-Z]\w*|\b[A-Z]{2,}\b|`[^`\s]+`"),
        0.8,
    ),
)
# Each further one of a kind counts so much of the first, and there are no more than so many.
_FURTHER, _MOST = 0.25, 6
_WORDS_WORTH = 0.12


def sentences(text: str) -> list[str]:
    """The sentences and lines of a text, with the white space after each: joined they are the text.

    None is longer than 600 characters.  Linear.

    >>> sentences("It failed. Why? No idea at all, sorry.")
    ['It failed. Why? ', 'No idea at all, sorry.']
    """
    pieces: list[str] = []
    begin = 0
    for match in _END.finditer(text):
        # A number in a list, an abbreviation: part of what follows, unless the line ends.
        if match.end() - begin >= _SHORTEST or "\n" in match[0]:
            pieces.append(text[begin : match.end()])
            begin = match.end()
    if begin < len(text):
        pieces.append(text[begin:])
    if all(len(piece) <= _LONGEST for piece in pieces):
        return pieces
    return [part for piece in pieces for part in _cut(piece)]


def _cut(piece: str) -> list[str]:
    parts = []
    begin = 0
    while len(piece) - begin > _LONGEST:
        end = piece.rfind(" ", begin + _LONGEST // 2, begin + _LONGEST) + 1
        end = end or begin + _LONGEST
        parts.append(piece[begin:end])
        begin = end
    parts.append(piece[begin:])
    return parts


def first_sentence(text: str) -> str:
    """The first sentence of a text, without the white space around it."""
    text = text.strip()
    for match in _END.finditer(text):
        point = match.start() + 1
        if "\n" in match[0] or not _abbreviated(text[max(0, point - 12) : point]):
            return text[: match.end()].rstrip()
    return text


def _abbreviated(text: str) -> bool:
    """Whether the point at its end is one of an abbreviation: "e.g.", "etc.", "A."."""
    word = text.rsplit(None, 1)[-1].rstrip(".").lower().lstrip("(")
    return len(word) == 1 or word in ("e.g", "i.e", "etc", "vs", "cf", "approx", "no", "incl")


class Worth:
    """What sentences are worth among these texts (one of each message)."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._frequency: dict[str, int] = {}
        self._texts = 0
        for text in texts:
            self._texts += 1
            for word in _words(text):
                self._frequency[word] = self._frequency.get(word, 0) + 1
        self._rarest = log(1 + self._texts) or 1.0

    def of(self, sentence: str) -> float:
        """At least 0; a plain sentence is worth about 1, one full of facts 5 and more."""
        worth = 0.0
        for word in _words(sentence):
            known = self._frequency.get(word, 1)
            worth += log(1 + self._texts / known) / self._rarest
        # In the order of a set of words the sum would differ from run to run in its last digit.
        worth = round(worth * _WORDS_WORTH, 6)
        for pattern, weight in _SIGNALS:
            found = len(pattern.findall(sentence))
            if found:
                worth += weight * (1 + _FURTHER * min(found - 1, _MOST))
        return worth


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold()))

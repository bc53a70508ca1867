"""Sentences of texts, and how much each is worth keeping.

After H. P. Luhn, "The automatic creation of literature abstracts" (1958): a sentence is worth what
its significant words are worth.  Significant is what is rare in the conversation (the inverse
document frequency of K. Sparck Jones, 1972, with messages as documents), and beyond that what
others will have to refer to: numbers, names, paths, errors and decisions.
"""

from __future__ import annotations

import re
from collections import Counter
from math import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Worth", "first_sentence", "sentences", "words_of"]

# Longer ones are cut, at a space where there is one: a text without any end is no one sentence.
_LONGEST = 600
_SHORTEST = 12

# Ends of sentences, with the white space after them.  A run of points is looked at once.
_END = re.compile(
    r"(?<![.!?…])[.!?…]++[\"'”’»)\]]*+\s+|[。！？]++[”’」』）]*+|\n\s*+",
)

# Words; characters of scripts that are written without spaces.
_WORD = re.compile(r"[^\W\u2e80-\uffff\U00020000-\U0003ffff]+|[\u2e80-\uffff\U00020000-\U0003ffff]")
_ASCII_WORD = re.compile(r"\w+")

# What makes a sentence worth more, and by how much; several of a kind count a little each.  These
# are looked for in lower case.
_DECISIONS = (
    "decid|decision|agreed|chose|settled|approved|rejected|conclu|root cause|instead of|must |"
    "never |always |prefer|we'll |we will |going with|resolved|fixed"
).split("|")
_ERRORS = (
    "error|exception|traceback|fail|panic|fatal|denied|refused|timed out|timeout|crash|invalid|"
    "not found|unable|undefined|segfault|abort|warn"
).split("|")
_DECISION, _ERROR, _PATH, _NUMBER, _NAME = 2.0, 2.0, 1.5, 1.0, 0.8
# All of these begin with a character that is rare, which is what makes them quick to search.
_SIGNALS = (
    # directories and addresses; endings of files
    (re.compile(r"[/\\]\w|\.(?<=\w\.)[a-z]{1,4}\b"), _PATH),
    (re.compile(r"\d[\d.,:%]*"), _NUMBER),
    # capitals within a sentence, capitals and lines within a word, quoted code
    (
        re.compile(
            r"[A-Z](?:(?<=[a-z,;:] .)\w+|(?<=[a-z].)|[A-Z]+\b)|_(?<=\w_)\w|`[^`\s]+`",
        ),
        _NAME,
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


def words_of(text: str) -> set[str]:
    """The words of a text, by which sentences are compared."""
    return set((_ASCII_WORD if text.isascii() else _WORD).findall(text.casefold()))


class Worth:
    """What sentences are worth among texts, whose words are given (a set for each message)."""

    def __init__(self, texts: Iterable[set[str]]) -> None:
        frequency: Counter[str] = Counter()
        number = 0
        for words in texts:
            number += 1
            frequency.update(words)
        rarest = log(1 + number) or 1.0
        each = {count: log(1 + number / count) / rarest for count in {*frequency.values()}}
        self._rarity = {word: each[count] for word, count in frequency.items()}

    def of(self, sentence: str, words: set[str]) -> float:
        """At least 0; a plain sentence is worth about 1, one full of facts 5 and more."""
        rarity = self._rarity
        # In the order of a set the sum would differ from run to run in its last digits.
        worth = round(sum([rarity.get(word, 1.0) for word in words]) * _WORDS_WORTH, 6)
        lower = sentence.lower()
        worth += _counted(sum([each in lower for each in _DECISIONS]), _DECISION)
        worth += _counted(sum([each in lower for each in _ERRORS]), _ERROR)
        for pattern, weight in _SIGNALS:
            worth += _counted(len(pattern.findall(sentence)), weight)
        return worth


def _counted(found: int, weight: float) -> float:
    return weight * (1 + _FURTHER * min(found - 1, _MOST)) if found else 0.0

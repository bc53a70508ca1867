"""RepetitionDetector: the formula over all the text so far, however it is cut, at small cost."""

from __future__ import annotations

import re
import sys
import time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bpe.context.repetition import RepetitionDetector, RepetitionStatus
from bpe.errors import ArgumentError, TokenTypeError

OK, WARNING, DEGENERATE = RepetitionStatus


def by_definition(words: list[str], size: int, window: int) -> tuple[int, int]:
    """Distinct and total n-grams, counted anew."""
    last = words[-window:]
    grams = [tuple(last[i : i + size]) for i in range(len(last) - size + 1)]
    return len(set(grams)), len(grams)


def cut(text: str, places: list[int]) -> list[str]:
    ends = sorted({min(place, len(text)) for place in places} | {len(text)})
    return [text[a:b] for a, b in zip([0, *ends], ends, strict=False)]


WORDS = st.lists(st.sampled_from(["a", "b", "the", "of", "Ünï", "1.5"]), max_size=60)
CUTS = st.lists(st.integers(0, 200), max_size=30)


@given(WORDS, CUTS, st.integers(1, 4), st.integers(0, 16))
@example(["a", "b", "c", "d", "a"], [], 1, 3)
def test_the_formula(words: list[str], places: list[int], size: int, more: int) -> None:
    window = size + more
    detector = RepetitionDetector(size, window=window)
    text = " ".join(words)
    fed = ""
    for piece in cut(text, places):
        status = detector.feed(piece)
        fed += piece
        distinct, total = by_definition(fed.split(), size, window)
        score = (total - distinct) / total if total else 0.0
        assert detector.score == score
        assert detector.words == min(window, len(fed.split()))
        if total == 0:
            assert status is OK
        else:
            assert status is (DEGENERATE if score >= 0.6 else WARNING if score >= 0.3 else OK)


@given(st.text(alphabet="ab \n好的にกα\ud83d\u3000", max_size=300), CUTS)
def test_the_pieces_do_not_matter(text: str, places: list[int]) -> None:
    whole, pieces = RepetitionDetector(), RepetitionDetector()
    whole.feed(text)
    for piece in cut(text, places):
        pieces.feed(piece)
    assert (whole.score, whole.words) == (pieces.score, pieces.words)
    assert whole.feed(" ab ab ab ab") is pieces.feed(" ab ab ab ab")
    assert whole.score == pieces.score


def test_exactly_at_the_thresholds() -> None:
    # 12 words are 10 n-grams.
    detector = RepetitionDetector()
    assert detector.feed("a b c d e f g a b c d e") is WARNING
    assert detector.score == 0.3
    detector.reset()
    assert detector.feed("a b c d e f g h a b c d") is OK
    detector.reset()
    assert detector.feed("a b c d a b c d a b c d") is DEGENERATE
    assert detector.score == 0.6
    detector.reset()
    assert detector.feed("a b c d e a b c d e a b") is WARNING
    assert detector.score == 0.5
    detector.reset()
    assert detector.feed("a b c d e a b c d e a b c d") is WARNING
    assert detector.score == 7 / 12


def test_prose_is_fine_and_loops_are_found() -> None:
    prose = (
        "The harbour lay quiet under a thin fog while two boats waited for the tide. Nobody spoke. "
        "Then the older man laughed, pulled the rope, and let the smaller boat drift out between "
        "the piers where the current was strongest and the gulls had gathered since morning."
    )
    detector = RepetitionDetector()
    assert detector.feed(prose) is OK
    assert detector.score < 0.05
    seen = [detector.feed(" and then it happened again") for _ in range(40)]
    assert seen[0] is OK
    assert seen[-1] is DEGENERATE
    assert [each for i, each in enumerate(seen) if not i or seen[i - 1] is not each] == [
        OK,
        WARNING,
        DEGENERATE,
    ]


def test_only_the_last_words_count() -> None:
    detector = RepetitionDetector()
    assert detector.feed("again " * 500) is DEGENERATE
    assert detector.feed(" ".join(map(str, range(254)))) is OK
    assert detector.words == 256
    assert detector.score == 0.0
    detector.feed("again " * 500)
    assert detector.score == 253 / 254


@pytest.mark.parametrize(
    "loop", ["好的", "そうですね", "ครับ", "မင်္ဂလာ", "!", "ab", "-=-", "\U00020000"]
)
def test_loops_without_spaces(loop: str) -> None:
    detector = RepetitionDetector()
    status = OK
    for _ in range(3000):
        status = detector.feed(loop)
    assert status is DEGENERATE


def test_a_word_without_end_takes_no_memory() -> None:
    detector = RepetitionDetector()
    for _ in range(100):
        detector.feed("x" * 100_000)
    parts: list[Any] = [detector._open, detector._grams, detector._counts]
    words = {word for gram in detector._grams for word in gram}
    assert sum(map(sys.getsizeof, [*parts, *words, *detector._grams])) < 100_000


def test_reset() -> None:
    detector = RepetitionDetector()
    assert detector.feed("no " * 50 + "n") is DEGENERATE
    detector.reset()
    assert (detector.status, detector.score, detector.words) == (OK, 0.0, 0)
    assert detector.feed("o no no") is OK  # the open word is forgotten too
    assert detector.words == 3


def test_nothing_is_no_text() -> None:
    detector = RepetitionDetector()
    for nothing in ("", None, " \n\t\u3000 "):
        assert detector.feed(nothing) is OK
    assert detector.words == 0
    detector.feed("wo")
    detector.feed(None)
    detector.feed("")
    detector.feed("rd")
    assert detector.words == 1


def test_the_cost_is_that_of_the_new_words() -> None:
    def seconds(before: int, **options: int) -> float:
        """Of this thread's processor, for 1,000 words after so many."""
        detector = RepetitionDetector(**options)
        detector.feed(" ".join(map(str, range(before))))
        start = time.thread_time()
        for _ in range(1000):
            detector.feed("word ")
        return time.thread_time() - start

    # Neither what has been read nor a large window costs anything, where counting anew would cost
    # hundreds of times as much.
    short = min(seconds(300) for _ in range(5))
    assert min(seconds(30_000) for _ in range(3)) < 20 * short
    assert min(seconds(30_000, window=30_000) for _ in range(3)) < 20 * short


def test_arguments() -> None:
    wrong: dict[str, Any]
    for wrong in ({"ngram_size": 0}, {"window": 2}, {"threshold": -0.1}, {"threshold": 1.1}):
        with pytest.raises(ArgumentError, match=next(iter(wrong))):
            RepetitionDetector(**wrong)
    with pytest.raises(ArgumentError, match="threshold"):
        RepetitionDetector(threshold=float("nan"))
    for wrong in ({"ngram_size": 2.0}, {"window": "9"}, {"threshold": "0.3"}, {"threshold": True}):
        with pytest.raises(TokenTypeError, match=next(iter(wrong))):
            RepetitionDetector(**wrong)
    with pytest.raises(TokenTypeError, match=re.escape("text must be a str, not bytes")):
        RepetitionDetector().feed(b"bytes")  # type: ignore[arg-type]


def test_limits_of_the_threshold() -> None:
    always = RepetitionDetector(threshold=0)
    assert always.feed("a b") is OK  # no n-grams yet
    assert always.feed(" c") is DEGENERATE
    never = RepetitionDetector(threshold=1)
    assert never.feed("a " * 1000) is OK


@pytest.mark.parametrize(
    "arguments",
    [
        {"threshold": 10**400},
        {"threshold": -(10**5000)},
        {"threshold": float("nan")},
        {"ngram_size": 10**5000},
        {"ngram_size": -(10**5000)},
        {"window": 10**5000},
        {"window": -(10**5000)},
    ],
)
def test_huge_arguments(arguments: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError, match="must be"):
        RepetitionDetector(**arguments)

"""Plain C, AVX2, AVX-512: each writes the characters of a str as str.encode does."""

from __future__ import annotations

import random

import pytest

compiled = pytest.importorskip("bpe._core.compiled")

# Characters of 1, 2, 3 and 4 bytes in UTF-8, the first and the last of each among them.
BY_LENGTH = (
    "\0 aZ~\x7f",
    "\x80é\xffĀя\u07ff",
    "\u0800中한\ud7ff\ue000\uffff",
    "\U00010000😀\U0010ffff",
)
# What a str may have: of 1 byte a character, of 2, of 4.
KINDS = {1: (BY_LENGTH[0], "\x80é\xff"), 2: BY_LENGTH[:3], 4: BY_LENGTH}


def assert_each(text: str, start: int, stop: int) -> None:
    try:
        expected = text[start:stop].encode()
    except UnicodeEncodeError:
        expected = None
    assert set(compiled.utf8_by_each(text, start, stop)) == {expected}, (text, start, stop)


def texts_of(kind: int, count: int) -> list[str]:
    """Texts of 160 characters, of a few lengths and in runs; the last one sets the kind."""
    rng = random.Random(kind)
    made = []
    for _ in range(count):
        groups = rng.choices(KINDS[kind], k=rng.randint(1, 4))
        longest = rng.choice((1, 1, 3, 20, 60))
        runs: list[str] = []
        while len(runs) < 159:
            runs += rng.choices(rng.choice(groups), k=rng.randint(1, longest))
        made.append("".join(runs[:159]) + KINDS[kind][-1][-1])
    return made


def test_every_character_by_itself_and_beside_others() -> None:
    for first in range(0, 0x110000, 0x80):
        if not 0xD800 <= first < 0xE000:
            text = "".join(map(chr, range(first, first + 0x80)))
            assert_each(text, 0, 0x80)
            mixed = "".join(a + b for a, b in zip(text, "aéя中" * 0x20, strict=True))
            assert_each(mixed, 0, 0x100)
            assert_each(mixed + "😀", 1, 0x100)


@pytest.mark.parametrize("kind", KINDS)
def test_every_length_and_start(kind: int) -> None:
    for text in texts_of(kind, 20):
        for start in range(40):
            for length in range(101):
                assert_each(text, start, start + length)


@pytest.mark.parametrize("kind", KINDS)
def test_mixed_lengths(kind: int) -> None:
    rng = random.Random(9)
    for text in texts_of(kind, 5_000):
        start = rng.randint(0, 60)
        assert_each(text, start, start + rng.randint(0, 100))


@pytest.mark.parametrize("kind", [2, 4])
def test_surrogates_anywhere(kind: int) -> None:
    for text in texts_of(kind, 30):
        for odd in "\ud800\udbff\udc00\udfff":
            for at in range(100):
                broken = text[:at] + odd + text[at + 1 :]
                assert_each(broken, 0, 100)
                assert_each(broken, 0, at)
                assert_each(broken, at + 1, 100)

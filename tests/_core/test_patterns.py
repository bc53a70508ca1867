"""Patterns in the standard library's re, with the classes of Unicode 16."""

from __future__ import annotations

import random
import re
import time

import pytest

from bpe._core.patterns import CL100K, DEEPSEEK, GPT2, O200K, PUBLISHED, check, split, translate
from bpe._core.unicode import (
    CATEGORIES,
    LAST,
    WHITE_SPACE,
    category,
    complement,
    intersection,
    union,
)
from bpe.errors import PatternError

SURROGATES = range(0xD800, 0xE000)


def pieces(text: str, pattern: str | tuple[str, ...], keep: bool = False) -> list[str]:
    return [text[start:end] for start, end in split(text, pattern, keep)]


# -- classes ---------------------------------------------------------------------------------------


def test_categories_are_a_partition() -> None:
    parts = [category(name) or () for name in CATEGORIES.split()]
    assert sum(last - first + 1 for part in parts for first, last in part) == LAST + 1
    assert union(*parts) == ((0, LAST),)
    assert sum(last - first + 1 for first, last in category("L") or ()) == 141_028


def test_categories_are_those_of_unicode_16() -> None:
    unicodedata2 = pytest.importorskip("unicodedata2")
    for name in CATEGORIES.split():
        for first, last in category(name) or ():
            assert all(unicodedata2.category(chr(c)) == name for c in range(first, last + 1))


def test_operations_on_ranges() -> None:
    rng = random.Random(1)
    for _ in range(200):
        a, b = ({rng.randrange(30) for _ in range(rng.randrange(20))} for _ in "ab")
        ra, rb = (union([(c, c) for c in s]) for s in (a, b))
        assert members(union(ra, rb)) == a | b
        assert members(intersection(ra, rb)) == a & b
        assert complement(complement(ra)) == ra
        assert members(complement(ra)) & set(range(40)) == set(range(40)) - a


def members(ranges: tuple[tuple[int, int], ...]) -> set[int]:
    return {c for first, last in ranges for c in range(first, min(last, 100) + 1)}


@pytest.mark.parametrize("name", ["L", "N", "P", "S", "M", "Lu", "Lt", "Lm", "Lo", "Ll", "Cn"])
def test_translated_class_has_its_code_points(name: str) -> None:
    regex = translate(rf"\p{{{name}}}")
    found = {c for c in range(LAST + 1) if regex.match(chr(c))}
    assert found == {c for a, b in category(name) or () for c in range(a, b + 1)}


def test_white_space_lacks_the_separators_of_ascii() -> None:
    regex = translate(r"\s")
    found = {c for c in range(LAST + 1) if regex.match(chr(c))}
    assert found == {c for a, b in WHITE_SPACE for c in range(a, b + 1)}
    assert len(found) == 25
    assert not found & set(range(0x1C, 0x20))


# -- translation -----------------------------------------------------------------------------------

# Text of which a class or construct may or may not keep a part.
ALPHABET = "aAbBsSkKzZ019 _-^]&.\x00\x1c\n\r\t\x0b\x85\xa0\u2028\u3000"
ALPHABET += "éÉßſK²½ⓐǅʰ中あ\u0301\u200d\U0001d11e😀"
PATTERNS = [
    r"\p{L}+|\d",
    r"\pL\PN",
    r"[^\p{L}\s]+",
    r"[\P{L}]",
    r"\p{Letter}|\p{Mark}",
    r"(?i:s)a|(?i)k[a-c]+",
    r"(?i:k|[s_]+)",
    r"a(?i)b|z",
    r"(?i:a(?-i:b))",
    r"[a-z&&[^b-s]]+",
    r"[[a-c][x-z]0]+",
    r"[^&&a]+",
    r"[]a]+|[^]a]",
    r"[a\-z^]",
    r"[-a]|[a-]",
    r"[\s\S]",
    r"[^\s]+",
    r"\w+",
    r"\W",
    r"\b\w|\B\d",
    r".",
    r"(?s:.)+",
    r"a$|^.",
    r"\Aa|a\z",
    r"\x41|\x{1D11E}|\u0042|\u{43}|\U0001F600",
    r"\.|\^|\]|\-|\&",
    r"(a|b)(c)?",
    r"(?>a+)b|a{2,3}|b{2}|z{1,}",
    r"a++|b*+a|z?+",
    r"s(?=a)|s(?!k)|(?<=a)b|(?<!a)B",
    r"\t|\n|\r|\v|\f|\a",
    r"[\t\n\x0b-\r]",
    *[p for p in PUBLISHED if isinstance(p, str)],
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_translation_keeps_what_tiktoken_keeps(pattern: str) -> None:
    tiktoken = pytest.importorskip("tiktoken")
    # With the bytes for a vocabulary, ids spell the text less what the pattern does not match.
    ranks = {bytes([byte]): byte for byte in range(256)}
    engine = tiktoken.Encoding("x", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
    rng = random.Random(pattern)
    check(pattern)
    for _ in range(300):
        text = "".join(rng.choices(ALPHABET, k=rng.randrange(1, 12)))
        try:
            kept = bytes(engine.encode_ordinary(text)).decode()
        except BaseException as error:  # it panics where a pattern matches nothing at a place
            if type(error).__name__ != "PanicException":
                raise
            continue
        assert "".join(pieces(text, pattern)) == kept, repr(text)


UNSUPPORTED = {
    r"\p{Han}": r"\p{Han}",
    r"\p{Lx}": r"\p{Lx}",
    r"\p{Alphabetic}": r"\p{Alphabetic}",
    r"\p{L": r"\p{ without }",
    r"(?P<x>a)": "(?P<",
    r"(?x: a )": "(?x:",
    r"(?m)^a": "(?m)",
    r"(a)\1": r"\1",
    r"\Ka": r"\K",
    r"\Xa": r"\X",
    r"[[:alpha:]]": "[: in a class",
    r"[a--b]": "-- in a class",
    r"[a~~b]": "~~ in a class",
    r"[a": "a class that is not closed",
    r"[z-a]": "a range whose end is before its start",
    r"[\s-a]": "a range whose ends are not characters",
    r"(a": "a group that is not closed",
    r"a)": "a ) without (",
    r"a{": "a { that begins no count",
    r"a{,2}": "a { that begins no count",
    r"(?i:é)": "ignoring the case of what is not ASCII",
    r"(?i:\p{L})": "ignoring the case of what is not ASCII",
    r"\x4": "an escape without its hexadecimal digits",
    r"\x{110000}": r"\x{110000}, which is no code point",
    "\\": "\\",
    "[" * 30: "a class nested more than 20 deep",
}


@pytest.mark.parametrize("pattern", UNSUPPORTED)
def test_unsupported_constructs_are_named(pattern: str) -> None:
    with pytest.raises(PatternError) as caught:
        translate(pattern)
    assert caught.value.construct == UNSUPPORTED[pattern]
    assert caught.value.pattern == pattern
    assert UNSUPPORTED[pattern] in str(caught.value)


@pytest.mark.parametrize("pattern", ["*a", "a**", "a{3,2}", "(?<=a+)b", "(" * 5000 + ")" * 5000])
def test_what_re_refuses_is_a_pattern_error(pattern: str) -> None:
    with pytest.raises(PatternError):
        translate(pattern)


def test_case_insensitive_s_takes_the_long_s() -> None:
    assert pieces("'ſ'S's", CL100K) == ["'ſ", "'S", "'s"]
    assert pieces("'ſ", GPT2) == ["'", "ſ"]


def test_dollar_is_the_end_only() -> None:
    assert pieces("a \n", r"\s$") == ["\n"]


def test_cache_is_bounded() -> None:
    from bpe._core import patterns

    for number in range(200):
        translate(f"a{number}")
    assert len(patterns._cache) <= patterns._CACHE_SIZE


# -- splitting -------------------------------------------------------------------------------------


def test_unmatched_text() -> None:
    assert pieces("ab1cd", r"\d") == ["1"]
    assert pieces("ab1cd", r"\d", keep=True) == ["ab", "1", "cd"]
    assert pieces("", r"\d", keep=True) == []


def test_sequence_splits_pieces_again() -> None:
    assert pieces("ab12cd", (r"\d+", r"[a2]"), keep=True) == ["a", "b", "1", "2", "cd"]
    # What one of them matched is not lost in the next.
    assert pieces("ab12cd", (r"\d+", r"[a2]")) == ["a", "1", "2"]
    # A look-ahead ends with the piece.
    assert pieces("  1", (r"\d", r"\s+(?!\S)|\s+"), keep=True) == ["  ", "1"]
    assert pieces("  1", r"\s+(?!\S)|\s+", keep=True) == [" ", " ", "1"]


def test_deepseek_splits_as_tokenizers_does() -> None:
    tokenizers = pytest.importorskip("tokenizers")
    splits = [
        tokenizers.pre_tokenizers.Split(tokenizers.Regex(part), "isolated") for part in DEEPSEEK
    ]
    sequence = tokenizers.pre_tokenizers.Sequence(splits)
    rng = random.Random(1)
    alphabet = "aAzé1２ \n\r\t!'.\u0301中あア龥龦ー\x00\x1c\u200d\u3000"
    for _ in range(5000):
        text = "".join(rng.choices(alphabet, k=rng.randrange(1, 12)))
        expected = [piece for piece, _ in sequence.pre_tokenize_str(text)]
        assert pieces(text, DEEPSEEK, keep=True) == expected


@pytest.mark.slow
@pytest.mark.parametrize("pattern", PUBLISHED, ids=["gpt2", "cl100k", "o200k", "deepseek"])
def test_splitting_is_linear(pattern: str | tuple[str, ...]) -> None:
    """The published patterns backtrack only over text that the match then takes.

    For instance `\\s*[\\r\\n]+` runs to the end of a million spaces and back, and finds nothing;
    but the next alternative takes them all, so that no place in them is tried again.  Quadratic
    time would be many minutes.
    """
    n = 50_000
    shapes = [
        *("a", "A", " ", "\n", "\t", "1", "中", "\u0301", "!", "'", "\x00", "ʰ"),
        *("aA", "\r\n", " \n", "A\u0301", "中A", "!\n", "!/", "'s", "A's", " !", "\t "),
        *("A" * 500 + "ʰ", " " * 500 + "\n", " " * 500 + "a", "A" * 500 + "a"),
    ]
    start = time.process_time()
    for shape in shapes:
        for tail in ("", "a", "A", "\n", "!"):
            text = shape * (n // len(shape)) + tail
            assert sum(end - start for start, end in split(text, pattern, True)) == len(text)
    assert time.process_time() - start < 120


def test_published_patterns_capture_nothing() -> None:
    for pattern in (GPT2, CL100K, O200K, *DEEPSEEK):
        regex = translate(pattern)
        assert isinstance(regex, re.Pattern)
        assert regex.groups == 0

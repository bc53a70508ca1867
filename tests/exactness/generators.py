"""Seeded generators of text that is hard on a tokenizer.

Every function is determined by its seed, so that a failure can be run again.  What is hard:

- classes of characters next to one another (a script in one letter case, marks after punctuation,
  the 25 kinds of whitespace, code points that are not assigned);
- places: an engine reads 16, 32 or 64 bytes at a time and works in blocks of 512 or 4096, so an
  event must be tried on both sides of every such edge, and at the end of the text;
- sizes: pieces around 15, 16, 31, 32, 256 bytes, where tables and algorithms change.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterable, Iterator, Sequence

from .characters import (
    APOSTROPHES,
    BASE64,
    BIG_SIZES,
    CASES,
    CONTRACTIONS,
    CONTROLS,
    DIGITS,
    EDGES,
    EMOJI,
    EVENTS,
    FILLERS,
    MARKS,
    NEAR_WHITESPACE,
    NEWLINES,
    PRIVATE,
    PUNCTUATION,
    SIZES,
    SPECIALS,
    UNASSIGNED,
    WHITESPACE,
    WORD_LETTERS,
    WORDS,
)

Random = random.Random
Maker = Callable[[Random], str]


def _run(r: Random, characters: Sequence[str], longest: int) -> str:
    return "".join(r.choices(characters, k=r.randint(1, longest)))


def whitespace(r: Random) -> str:
    kind = r.randrange(8)
    if kind < 3:
        return " " * r.randint(1, 6)
    if kind == 3:
        return r.choice(WHITESPACE) * r.randint(1, 5)
    if kind == 4:
        return r.choice(NEWLINES) * r.randint(1, 3)
    if kind == 5:
        return _run(r, " \n\t\r", 8)
    if kind == 6:
        return " " * r.choice(SIZES)
    return _run(r, WHITESPACE + NEAR_WHITESPACE, 6)


def word(r: Random) -> str:
    text = r.choice(r.choice(WORDS))
    kind = r.randrange(8)
    if kind == 0:
        text = text.upper()
    elif kind == 1:
        text = text.title()
    elif kind == 2:
        place = r.randint(0, len(text))
        text = text[:place] + r.choice(MARKS) * r.randint(1, 2) + text[place:]
    elif kind == 3:
        text = text[: r.randint(1, len(text))] + r.choice(r.choice(WORDS))
    return text


def cased(r: Random) -> str:
    classes = (*CASES, MARKS, MARKS)
    return "".join(
        r.choice(r.choice(classes)) * r.choice((1, 1, 1, 2, 3)) for _ in range(r.randint(1, 7))
    )


def kana(r: Random) -> str:
    """Kana and han, with the marks, signs and unassigned code points of their blocks."""
    codes = (0x3040, 0x3096, 0x3097, 0x3098, 0x3099, 0x309B, 0x309D, 0x30A0, 0x30FB, 0x30FC, 0x30FF)
    found = ""
    for _ in range(r.randint(1, 6)):
        kind = r.randrange(4)
        code = r.choice(codes) if kind == 0 else r.randrange(0x3038, 0x3108)
        found += chr(r.randrange(0x4E00, 0x9FB0) if kind == 3 else code)
    return found


def contraction(r: Random) -> str:
    head = r.choice(("", "", "I", "don", "WE", " he", "1", "!", "\u4e2d", "\u0301", "\n", " ", "'"))
    return head + r.choice(APOSTROPHES) + r.choice(CONTRACTIONS)


def number(r: Random) -> str:
    if r.random() < 0.6:
        return _run(r, "0123456789", 9)
    return _run(r, DIGITS, 7)


def punctuation(r: Random) -> str:
    text = _run(r, PUNCTUATION, 4)
    return text + r.choice(("", "", "\n", "\r\n", "/", "//\n", "\n/", "a", "\u0301", "\u200d"))


def special(r: Random) -> str:
    text = r.choice(SPECIALS)
    kind = r.randrange(4)
    if kind == 0:
        start = r.randrange(len(text))
        return text[start : r.randint(start + 1, len(text))]
    if kind == 1:
        other = r.choice(SPECIALS)
        return text[: r.randint(1, len(text))] + other
    return text


def odd(r: Random) -> str:
    return _run(r, r.choice((UNASSIGNED, CONTROLS, PRIVATE, NEAR_WHITESPACE, MARKS)), 3)


def emoji(r: Random) -> str:
    return r.choice(EMOJI) * r.randint(1, 2) + r.choice(("", "\ufe0f", "\u200d", " "))


def any_character(r: Random) -> str:
    kind = r.randrange(4)
    limit = (0x80, 0x800, 0x10000, 0x110000)[kind]
    code = r.randrange(limit)
    return chr(code) if not 0xD800 <= code < 0xE000 else "\ufffd"


ATOMS: tuple[Maker, ...] = (
    *(word,) * 5,
    *(whitespace,) * 5,
    *(contraction,) * 2,
    *(cased,) * 2,
    *(number,) * 2,
    *(punctuation,) * 2,
    special,
    kana,
    odd,
    emoji,
    any_character,
)


def mixture(r: Random) -> str:
    return "".join(r.choice(ATOMS)(r) for _ in range(r.randint(1, 9)))


def soup(r: Random) -> str:
    return _run(r, EVENTS, r.choice((3, 6, 12, 40)))


def noise(r: Random) -> str:
    return "".join(any_character(r) for _ in range(r.randint(1, r.choice((4, 20, 130)))))


def ended(r: Random) -> str:
    return mixture(r) + whitespace(r)


def padded(r: Random, edge: int) -> str:
    """An event a few bytes before or after a multiple of `edge` bytes, and a short tail."""
    filler = r.choice(FILLERS)
    lead = r.choice(EVENTS) if r.random() < 0.3 else ""
    target: int = edge * r.choice((1, 1, 2, 3)) + r.randint(-5, 3) - len(lead.encode())
    size = len(filler.encode())
    text = lead + "." * (target % size) + filler * (target // size)
    return text + _run(r, EVENTS, 3) + r.choice(("", "", filler * r.randint(0, 20)))


def straddling(r: Random) -> str:
    return padded(r, r.choice((16, 16, 32, 64, 64, 128)))


def measured(r: Random) -> str:
    """Exactly 0..130 characters of one filler, with an event at either end or none."""
    filler = r.choice(FILLERS)
    length = r.randint(0, 130)
    text = (filler * length)[:length]
    return r.choice(("", r.choice(EVENTS))) + text + r.choice(("", r.choice(EVENTS)))


def repeated(r: Random) -> str:
    unit = r.choice((*EVENTS, "ab", "the", "\u4e2d\u6587", "aa ", "=-", "<|"))
    size = r.choice(SIZES) if r.random() < 0.97 else r.choice(BIG_SIZES)
    count: int = max(1, size // len(unit.encode()) + r.randint(-1, 1))
    return r.choice(("", " ", "a", "\n")) + unit * count + r.choice(("", " ", "s", "\n", "1"))


def coded(r: Random) -> str:
    """A word that no vocabulary holds: base64, hex or letters alone (one piece of exact size)."""
    letters: str = r.choice(
        (BASE64, "0123456789abcdef", WORD_LETTERS, WORD_LETTERS, "ab", "aA\u00e9")
    )
    size = r.choice(SIZES) if r.random() < 0.95 else r.choice(BIG_SIZES)
    return "".join(r.choices(letters, k=size)) + r.choice(("", "=", " ", "\n"))


STRINGS: tuple[Maker, ...] = (
    *(mixture,) * 8,
    *(ended,) * 3,
    *(soup,) * 4,
    *(noise,) * 2,
    *(straddling,) * 2,
    *(measured,) * 2,
    *(repeated,) * 2,
    coded,
)


def strings(count: int, seed: int = 0) -> Iterator[str]:
    """`count` strings, mostly of less than a hundred characters."""
    r = Random(seed)
    for _ in range(count):
        yield r.choice(STRINGS)(r)


def edge_strings(count: int, seed: int = 0) -> Iterator[str]:
    """Strings with an event around a multiple of every size in EDGES, up to 12 KB."""
    r = Random(seed)
    for number_ in range(count):
        yield padded(r, EDGES[number_ % len(EDGES)])


def long_strings(seed: int = 0, size: int = 65536) -> Iterator[str]:
    """Some mixed texts whose length in bytes is about `size`: exactly, and one to three off."""
    r = Random(seed)
    for off in (-3, -2, -1, 0, 1, 2, 3):
        text = ""
        while len(text.encode()) < size:
            text += "".join(r.choice(STRINGS)(r) for _ in range(60))
        cut = text.encode()[: size + off].decode(errors="ignore")
        yield cut + "x" * (size + off - len(cut.encode()))


def words(characters: Sequence[str], length: int) -> Iterator[str]:
    """All strings of exactly `length` of these characters."""
    return map("".join, itertools.product(characters, repeat=length))


def byte_strings(count: int, seed: int = 0) -> Iterator[bytes]:
    """Bytes of which most are nearly UTF-8: cut within a character, damaged, or noise."""
    r = Random(seed)
    for _ in range(count):
        data = bytearray(r.choice(STRINGS)(r).encode())
        kind = r.randrange(6)
        if kind == 0:
            data = data[: r.randint(0, len(data))]
        elif kind == 1:
            data = data[r.randint(0, len(data)) :]
        elif kind == 2 and data:
            for _ in range(r.randint(1, 3)):
                data[r.randrange(len(data))] = r.randrange(256)
        elif kind == 3:
            data += bytes(r.choices((0x80, 0xBF, 0xC0, 0xE4, 0xED, 0xF0, 0xF4, 0xFF, 0x20), k=3))
        elif kind == 4:
            data = bytearray(r.randbytes(r.choice(SIZES)))
        else:
            data += (whitespace(r) + r.choice(EVENTS)).encode()
            data = data[: -r.randint(1, 3)]
        yield bytes(data)


def completions(tokens: Iterable[bytes], seed: int = 0) -> Iterator[str]:
    """Text around each token that starts or ends inside a character.

    Such a token merges across characters, where an engine that splits at them goes wrong.
    """
    r = Random(seed)
    for token in tokens:
        for _ in range(40):
            head, tail = _inside(r, token), bytes(r.choices(range(0x80, 0xC0), k=r.randrange(4)))
            try:
                text = (head + token + tail).decode()
            except UnicodeDecodeError:
                continue
            yield text
            yield r.choice(EVENTS) + text + r.choice(EVENTS)


def _inside(r: Random, token: bytes) -> bytes:
    """Some first bytes of a character of which `token` may begin with the rest."""
    if not 0x80 <= token[0] < 0xC0:
        return b""
    lead = r.choice((*range(0xC2, 0xF4), *(0xE3, 0xE4, 0xE5, 0xE6, 0xF0) * 4))
    return bytes([lead, *r.choices(range(0x80, 0xC0), k=r.randrange(3))])


def surrogate_strings(count: int, seed: int = 0) -> Iterator[str]:
    """Strings that hold lone surrogates, and pairs that make one character."""
    r = Random(seed)
    broken = ("\ud800", "\udfff", "\ud83d\udc4d", "\udc4d\ud83d")
    for _ in range(count):
        text = mixture(r)
        for _ in range(r.randint(1, 3)):
            place = r.randint(0, len(text))
            text = text[:place] + r.choice(broken) + text[place:]
        yield text

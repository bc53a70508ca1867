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

WHITESPACE = (
    "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009"
    "\u200a\u2028\u2029\u202f\u205f\u3000"
)


def _words(text: str) -> list[str]:
    return text.split(" ")


# What looks like whitespace, or counts as such elsewhere, and does not for `\s`.
NEAR_WHITESPACE = "\x1c\x1d\x1e\x1f\u180e\u200b\u200c\u200d\u2060\ufeff\u2800\u00ad"
NEWLINES = ("\n", "\r", "\r\n", "\n\n", "\n\r", "\r\r\n", " \n", "\n ", "\t\n", "\u2028", "\x85\n")
APOSTROPHES = ("'", "\u2019", "\u02bc", "`", "''")
CONTRACTIONS = _words(
    "s S t T d D m M re RE Re rE ve VE Ve vE ll LL Ll lL \u017f \u017fs l v r e story real let ver "
    "sS dm \u0131 \u0130 \u212a so\u0301 s\u0301 s1 s' re's"
)
DIGITS = (
    "0123456789\u0663\u0664\u06f5\u096b\u0be7\u0e53\u0f24\u17e4\uff11\uff19\u00b2\u00bd\u2167\u2460"
    "\u3007\u3021\u4e00\u2189\U0001d7d8\U00010107\U00011de0\U0001fbf0"
)
MARKS = (
    "\u0300\u0301\u0308\u0327\u0345\u0483\u0488\u064b\u093e\u0903\u0bcd\u20dd"
    "\u3099\ufe0f\ufe20\U000e0100\U0001d165"
)
# o200k looks at each of these classes: upper, lower, title, modifier, other.
CASES = (
    "AZ\u00c0\u0116\u0391\u0414\u1e9e\u2c6f\U00010400\U0001e900",
    "az\u00df\u017f\u0117\u03b1\u0434\u1d00\u2c65\U00010428\U0001e922",
    "\u01c5\u01c8\u01cb\u01f2\u1f88\u1fbc",
    "\u02b0\u02bc\u0374\u0559\u0640\u1d2c\u3005\u309d\ua717\uff70\U00010780",
    "\u00aa\u00ba\u01bb\u05d0\u0621\u0905\u0e01\u3042\u30a2\u4e2d\uac00\ufdfa\U00020000\U00013000",
)
SCRIPTS = (
    "the of and tokens Encoding return self HTTPServer iPhone naive",
    "na\u00efve caf\u00e9 \u00dcber stra\u00dfe \u00c9COLE \u0153uvre \u0141\u00f3d\u017a",
    (
        "\u043f\u0440\u0438\u0432\u0435\u0442 \u041c\u0438\u0440 \u0421\u0421\u0421\u0420 "
        "\u043d\u0435\u0442 \u0451"
    ),
    (
        "\u03ba\u03b1\u03bb\u03b7\u03bc\u03ad\u03c1\u03b1 \u039a\u0391\u039b\u0397 "
        "\u1f04\u03bd\u03b8\u03c1\u03c9\u03c0\u03bf\u03c2"
    ),
    (
        "\u4f60\u597d \u4e16\u754c \u8bf7\u8003\u8bd5\u6211\u7684\u8f6f\u4ef6 \u9fa5 "
        "\u9fa6 \u3400 \U00020000\U0002a6df"
    ),
    (
        "\u3053\u3093\u306b\u3061\u306f \u30ab\u30bf\u30ab\u30ca \u65e5\u672c\u8a9e\u306e "
        "\u30fc\u30fb \u3099\u309b \uff76\uff85"
    ),
    "\uc548\ub155\ud558\uc138\uc694 \uc138\uacc4 \u1112\u1161\u11ab \u3131",
    (
        "\u0645\u0631\u062d\u0628\u0627 \u0627\u0644\u0639\u0627\u0644\u0645 "
        "\u0643\u0640\u062a \u0623\u064e\u0647\u0652"
    ),
    "\u05e9\u05dc\u05d5\u05dd \u05e9\u05c1\u05b8\u05dc \u05f4",
    (
        "\u0928\u092e\u0938\u094d\u0924\u0947 \u0926\u0941\u0928\u093f\u092f\u093e "
        "\u0915\u094d\u200d\u0937"
    ),
    (
        "\u0ba8\u0b9f\u0bbf\u0b95\u0bb0\u0bcd \u0b9a\u0bc2\u0bb0\u0bcd\u0baf\u0bbe "
        "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35"
    ),
    "\U00010400\U00010428 \U0001d400\U0001d41a \U00016f00 \U0001e922",
)
WORDS = [_words(script) for script in SCRIPTS]
EMOJI = (
    "\U0001f44d",
    "\U0001f44d\U0001f3fd",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",
    "\u2764\ufe0f\u200d\U0001f525",
    "\U0001f1e9\U0001f1ea",
    "1\ufe0f\u20e3",
    "\u263a",
    "\U0001f3f4\U000e0067\U000e0062\U000e007f",
)
UNASSIGNED = (
    "\u0378\u0379\u0380\u05ff\u0e3f\u0e5c\u2065\u2fff\ufff0\uffff\ufdd0\U0001ffff\U0003ffff"
    "\U00050000\U000e0fff\U0010ffff\U00011de9\U0002fa1e\U000323b0\U00016100"
)
PRIVATE = "\ue000\uf8ff\U000f0000\U00100000"
CONTROLS = "\x00\x01\x07\x08\x0e\x1b\x7f\x80\x84\x86\x9f"
PUNCTUATION = (
    "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~\u00a1\u00ab\u00b7\u2014\u2018\u201c\u2026\u20ac\u2192\u2211\u3001\u3002"
    "\u300c\uff01\uff5c\u2581\u0964\u055a\ufffd\u00a9\u02c6\u1fbd\U00010100\U0001f000"
)
SPECIALS = (
    "<|endoftext|>",
    "<|endofprompt|>",
    "<|fim_prefix|>",
    "<|fim_middle|>",
    "<|fim_suffix|>",
    "<|startoftext|>",
    "<|start|>",
    "<|end|>",
    "<|message|>",
    "<|return|>",
    "<|reserved_200018|>",
    "<|reserved_201087|>",
    "<\uff5cbegin\u2581of\u2581sentence\uff5c>",
    "<\uff5cend\u2581of\u2581sentence\uff5c>",
    "<\uff5cUser\uff5c>",
    "<\uff5cplace\u2581holder\u2581no\u25811\uff5c>",
    "<\uff5cplace\u2581holder\u2581no\u258112\uff5c>",
    "<|EOT|>",
    "<think>",
    "</think>",
    "\uff5cDSML\uff5c",
    "<\uff5c/table>\uff5c",
    "</dsml:",
    "<dsml:",
)
# Every window an engine may read at once, and the block sizes of its stages.
EDGES = (16, 32, 64, 128, 512, 1024, 4096)
# Around the sizes at which a table of pieces or an algorithm changes.
SIZES = (1, 3, 7, 8, 14, 15, 16, 17, 30, 31, 32, 33, 63, 64, 65, 99, 100, 127, 128, 129, 254, 255)
BIG_SIZES = (256, 257, 258, 300, 511, 512, 513, 1000, 1025, 4095, 4096, 4097)

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
# One character of every class that some pattern tells apart, for the edges.
EVENTS: tuple[str, ...] = (
    *" \n\r\t'aAs19!/<|",
    *"\u00e9\u00c9\u00a0\u0085\u017f\u01c5\u02b0\u0301\u0663\u2019\u2003\u2028\u3000\u4e2d\u3042\u30a2\uac00",
    *"\uff5c\ufffd\u200d\u0378\U0001f44d\U00020000\U0001d7d8\U00010400\U0010ffff",
    "'s",
    "'LL",
    "'\u017f",
    "\r\n",
    " \n",
    "  ",
    "   a",
    "1234",
    "!\n",
    "\n/",
    "<|endoftext|>",
    "\u4e2d\u6587",
    "e\u0301",
    " \u3000",
    "\U0001f468\u200d\U0001f469",
)
FILLERS: tuple[str, ...] = (*"aA \n0!'", "aB", "ab ", "x1", "\u00e9", "\u4e2d", "the cat ", "\xa0")


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


BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
WORD_LETTERS = BASE64[:52]


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


# For `words`: the classes that the patterns of a family tell apart.
ALPHABETS: dict[str, tuple[str, ...]] = {
    "r50k_base": ("a", "s", "1", " ", "\n", "'", "!", "\u3000", "\u0301"),
    "p50k_base": (*"as1 \n\t'!", "\u3000"),
    "cl100k_base": ("a", "s", "1", " ", "\n", "\r", "'", "!", "\xa0", "\u0301"),
    "o200k_base": ("a", "A", "s", "1", " ", "\n", "'", "/", "\u3000", "\u0301", "\u4e2d"),
    "deepseek_v3": tuple("a1 \n'\u20ac\x01\u3000\u0301\u4e2d\u00e9"),
}


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

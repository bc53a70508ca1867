"""Which kind of text a text is: a cheap look at a bounded sample of it.

The kinds are those whose tokens per character differ: prose in the Latin script, source code, JSON,
CJK (Chinese, Japanese, Korean), and other (other scripts, numbers, base64 and the like).  The
thresholds were set by measuring novels, technical documentation, Python source, JSON data and
documentation in Chinese, Japanese, Korean and Russian, in pieces of 200 to 5,000 characters.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

Kind = Literal["prose", "code", "json", "cjk", "other"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

# Characters that are looked at, however long the text is.
SAMPLE = 512

# Each byte of UTF-8 becomes a letter for its class.  A character of several bytes counts by its
# first byte, which tells its block; the bytes that follow are in a class of their own.
_CLASSES = bytearray(b"p" * 256)  # punctuation that says nothing, and control characters
for _letter, _bytes in {
    b"a": bytes((*range(0x41, 0x5B), *range(0x61, 0x7B), *range(0xC2, 0xCC))),  # Latin letters
    b"d": b"0123456789",
    b"s": b" \t\n\r\f\v",
    b"b": b"{}[]",  # both of JSON and of code
    b"j": b'":,',
    b"c": b"();=<>_+*/&|\\#",
    b"x": bytes(range(0x80, 0xC0)),  # inside a character
    b"o": bytes((*range(0xCC, 0xE2), 0xEE, *range(0xF0, 0xF5))),  # other scripts, emoji
    b"k": bytes((*range(0xE3, 0xEE), 0xEF)),  # U+3000 to U+DFFF, and full-width forms
}.items():
    for _byte in _bytes:
        _CLASSES[_byte] = _letter[0]
_TABLE: Final = bytes(_CLASSES)


def pieces(text: str, limit: int, parts: int) -> list[str]:
    """`text` itself if it has at most `limit` characters, else `parts` slices spread over it.

    The slices have `limit // parts` characters each; the first begins the text, the last ends it.
    `parts` is at least 2.
    """
    length = len(text)
    if length <= limit:
        return [text]
    size = limit // parts
    starts = [(length - size) * part // (parts - 1) for part in range(parts)]
    return [text[start : start + size] for start in starts]


def kind_of(text: str) -> Kind:
    """The kind of `text`, from at most 512 of its characters: its start, middle and end.

    Time does not depend on the length.  An empty text, or one of spaces only, is prose.

    >>> kind_of("It was a bright cold day in April."), kind_of('{"id": 7, "tags": ["a", "b"]}')
    ('prose', 'json')
    """
    sample = text if len(text) <= SAMPLE else "".join(pieces(text, SAMPLE, 4))
    classes = sample.encode("utf-8", "surrogatepass").translate(_TABLE)
    visible = len(sample) - classes.count(b"s")
    if visible <= 0:
        return "prose"
    if not sample.isascii():
        if classes.count(b"k") * 5 >= visible:
            return "cjk"
        if classes.count(b"o") * 3 >= visible:
            return "other"
    brackets = classes.count(b"b")
    both = brackets + classes.count(b"j")
    # JSON is at least a sixth punctuation of its own kind, and a text that begins like JSON may
    # have less of it, as it does when its strings are long.
    if brackets and (both * 6 >= visible or (both * 12 >= visible and _opens(sample))):
        return "json"
    # Base64 has the characters of code, and no spaces between its words.
    solid = visible >= 64 and (len(sample) - visible) * 25 < visible
    if solid and not brackets:
        return "other"
    if (brackets + classes.count(b"c")) * 20 >= visible:
        return "code"
    letters = classes.count(b"a") + classes.count(b"o") + classes.count(b"k")
    return "other" if solid or letters * 5 < visible * 3 else "prose"


def _opens(text: str) -> bool:
    """Whether a text begins as JSON does: with a bracket, and a value or name after it."""
    start = text[:64].lstrip()
    return start[:1] in ("{", "[") and start[1:].lstrip()[:1] in ('"', "{", "[", "-", *"0123456789")

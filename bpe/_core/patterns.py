r"""The published patterns, and any pattern as one of the standard library's `re`.

A pattern is written for Rust's `regex` and `fancy_regex`, as tiktoken's are.  `translate` writes
out its classes from our own table of Unicode 16, because Python's `\s`, `\d` and `\w` are other
classes and differ between its versions; the rest of the syntax is common to both.  Constructs that
are not, or that need more of Unicode than general categories, are a PatternError which names them.
"""

from __future__ import annotations

from ..errors import PatternError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

# As tiktoken 0.14 publishes them.
GPT2 = r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"""
CL100K = (
    r"""'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+|"""
    r""" ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"""
)
O200K = (
    r"""[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"""
    r"""(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"""
    r"""[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"""
    r"""(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"""
    r"""\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"""
)
# As DeepSeek's tokenizer.json has them, applied in sequence; the last holds real newlines.
DEEPSEEK = (
    r"\p{N}{1,3}",
    "[一-龥\u3040-ゟ゠-ヿ]+",
    (
        r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|"""
        "[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|"
        "\\s*[\r\n]+|\\s+(?!\\S)|\\s+"
    ),
)
PUBLISHED: tuple[str | tuple[str, ...], ...] = (GPT2, CL100K, O200K, DEEPSEEK)

# Callers' patterns are few; a program that makes them up without end must not fill the memory.
_CACHE_SIZE = 64
_cache: dict[str, re.Pattern[str]] = {}


def translate(pattern: str) -> re.Pattern[str]:
    """The pattern for Python's `re`, with the classes of Unicode 16; PatternError if it has none.

    It captures nothing.  Like tiktoken's, it has no flags: `$` is the end of the text only.
    """
    found = _cache.get(pattern)
    if found is None:
        if len(_cache) >= _CACHE_SIZE:
            _cache.clear()
        found = _cache[pattern] = _compile(pattern)
    return found


def check(pattern: str | tuple[str, ...]) -> None:
    """Raise PatternError if it cannot be translated; published ones can, and cost nothing here."""
    if pattern not in PUBLISHED:
        for part in (pattern,) if isinstance(pattern, str) else pattern:
            translate(part)


def split(
    text: str, pattern: str | tuple[str, ...], keep_unmatched: bool
) -> Iterator[tuple[int, int]]:
    """The pieces of `text` as (start, end) in characters, in order, none empty.

    Patterns of a tuple apply in sequence, and each sees nothing but the piece that it splits: a
    look-ahead at the piece's end finds the end of the text.  What no pattern matches is a piece
    with `keep_unmatched`, and else dropped.
    """
    if isinstance(pattern, str):
        for start, end, matched in _spans(translate(pattern), text):
            if matched or keep_unmatched:
                yield start, end
        return
    pieces: Iterator[tuple[int, int, bool]] = iter([(0, len(text), False)])
    for part in pattern:
        pieces = _resplit(translate(part), text, pieces)
    for start, end, matched in pieces:
        if end > start and (matched or keep_unmatched):
            yield start, end


def _resplit(
    regex: re.Pattern[str], text: str, pieces: Iterator[tuple[int, int, bool]]
) -> Iterator[tuple[int, int, bool]]:
    for start, end, matched in pieces:
        for a, b, again in _spans(regex, text[start:end]):
            yield start + a, start + b, matched or again


def _spans(regex: re.Pattern[str], text: str) -> Iterator[tuple[int, int, bool]]:
    """Matches, and with False what lies between them."""
    done = 0
    for match in regex.finditer(text):
        start, end = match.span()
        if start == end:
            continue
        if start > done:
            yield done, start, False
        yield start, end, True
        done = end
    if done < len(text):
        yield done, len(text), False


def _compile(pattern: str) -> re.Pattern[str]:
    import re
    import warnings

    from .translate import translation

    translated = translation(pattern)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return re.compile(translated)
    except (re.error, OverflowError, RecursionError, Warning) as error:
        raise PatternError(
            f"the pattern {_short(pattern)} is no regular expression that this Python can run: "
            f"{error}",
            pattern=pattern,
        ) from None


def _short(pattern: str) -> str:
    return repr(pattern if len(pattern) <= 200 else pattern[:197] + "...")

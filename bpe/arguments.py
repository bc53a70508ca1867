"""What callers pass, made fit for a core, or refused with a message that says what and where.

But for batches this is the slow path: a core is tried first, and asked again once its complaint
(one of UNFIT, or OverflowError) has been dealt with.
"""

from __future__ import annotations

from .errors import (
    ArgumentError,
    BPEError,
    PatternError,
    RefusedTextError,
    TokenRangeError,
    TokenTypeError,
    VocabularyError,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import NoReturn

# What a core raises for text that it cannot take as it is, or is not to take.
UNFIT = (UnicodeEncodeError, TypeError, RefusedTextError)
# Ids are uint32, and the last one is taken: it marks "none" in the tables.
MAX_ID = 0xFFFFFFFE
# Bytes of the longest token: no published one has more than some hundreds, and looking for the
# ways to cut a token in two takes time with its square.
MAX_TOKEN = 0xFFFF
# Bits of the longest integer that a message writes out.
_WRITTEN_BITS = 256


def repaired(text: str) -> str:
    r"""`text` with surrogate pairs joined and each lone surrogate replaced by U+FFFD.

    >>> repaired("\ud83d\ude00 \ud83d") == "\U0001f600 \ufffd"
    True
    """
    # As the base class does it: a subclass of str may say anything.
    return str.encode(text, "utf-16", "surrogatepass").decode("utf-16", "replace")


def usable_text(text: object, error: Exception, index: int | None = None) -> str:
    """What to try after a core raised `error` for `text`; raises if nothing is left to try."""
    if not isinstance(text, str):
        raise TokenTypeError(
            f"text must be a str, not {described(text)}{_place(index)}", value=text, index=index
        ) from None
    if isinstance(error, BPEError):
        raise error
    return repaired(text)


def check_batch(batch: object, items: str) -> None:
    """A batch can be iterated, and is not one str or bytes, though those could be."""
    if isinstance(batch, (str, bytes)) or not _is_iterable(batch):
        raise TokenTypeError(
            f"a batch must be a list of {items}, not {described(batch)}", value=batch
        )


def as_batch(texts: Iterable[str]) -> list[str]:
    """A list of our own, which nobody changes meanwhile."""
    check_batch(texts, "str")
    return list(texts)


def as_bytes(data: object, what: str) -> bytes:
    if isinstance(data, (bytes, bytearray, memoryview)):
        return bytes(data)
    raise TokenTypeError(f"{what} must be bytes, not {described(data)}", value=data)


def as_id(token: object, index: int | None = None) -> int:
    """The integer of an id; NumPy's integers have `__index__`, floats do not."""
    try:
        return token.__index__()  # type: ignore[attr-defined, no-any-return]
    except (AttributeError, TypeError):  # an array of one float has `__index__` too
        raise TokenTypeError(
            f"a token id must be an integer, not {described(token)}{_place(index)}",
            value=token,
            index=index,
        ) from None


def as_ids(tokens: Iterable[int]) -> list[int]:
    """What can be read twice."""
    if type(tokens) is list:
        return tokens
    try:
        return list(tokens)
    except TypeError as error:
        refuse_ids(tokens, error)


def as_threads(num_threads: int | None) -> int:
    """The core's form: 0 lets it decide."""
    if num_threads is None:
        return 0
    if type(num_threads) is not int:
        raise TokenTypeError(
            f"num_threads must be an integer or None, not {described(num_threads)}",
            value=num_threads,
        )
    if num_threads < 1:
        raise ArgumentError(
            f"num_threads must be at least 1, or None to let bpe decide: {shown(num_threads)}"
        )
    return num_threads


def refuse_ids(tokens: object, error: Exception) -> NoReturn:
    """Say why a core could not decode `tokens`; finds the culprit if they can be read again."""
    if isinstance(error, BPEError):
        raise error
    if not _is_iterable(tokens):
        raise TokenTypeError(
            f"decoding takes an iterable of token ids, not {described(tokens)}", value=tokens
        ) from None
    if not hasattr(type(tokens), "__next__"):
        for index, token in enumerate(tokens):  # type: ignore[arg-type, var-annotated]
            check_id(token, index)
    if isinstance(error, OverflowError):
        raise TokenRangeError("a token id is below 0 or above 2**32 - 1") from None
    raise TokenTypeError(f"token ids must be integers: {error}", value=tokens) from None


def check_id(token: object, index: int | None = None) -> int:
    number = as_id(token, index)
    if not 0 <= number <= 0xFFFFFFFF:
        raise TokenRangeError(
            f"no token id: {shown(number)} is not between 0 and 2**32 - 1{_place(index)}",
            token=number,
            index=index,
        )
    return number


def check_ranks(ranks: Mapping[bytes, int]) -> None:
    """A usable mergeable part: non-empty bytes, distinct ids, each of the 256 bytes a token."""
    if not hasattr(ranks, "items"):
        raise TokenTypeError(f"ranks must map bytes to ids, not {described(ranks)}", value=ranks)
    seen: dict[int, bytes] = {}
    for token, rank in ranks.items():
        if type(token) is not bytes:
            raise TokenTypeError(
                f"a token of ranks must be bytes, not {described(token)}", value=token
            )
        if type(rank) is not int:
            raise TokenTypeError(
                f"the rank of {token!r} must be an integer, not {described(rank)}", value=rank
            )
        if not token:
            raise VocabularyError(f"rank {shown(rank)} is the empty token")
        if len(token) > MAX_TOKEN:
            raise VocabularyError(
                f"the token of rank {shown(rank)} has {len(token)} bytes, more than {MAX_TOKEN}"
            )
        if not 0 <= rank <= MAX_ID:
            raise VocabularyError(
                f"the rank of {token!r} is not between 0 and 2**32 - 2: {shown(rank)}"
            )
        other = seen.setdefault(rank, token)
        if other is not token:
            raise VocabularyError(f"rank {rank} is given twice: to {other!r} and to {token!r}")
    missing = [byte for byte in range(256) if bytes((byte,)) not in ranks]
    if missing:
        raise VocabularyError(
            f"{len(missing)} of the 256 bytes are no token, the first of them {missing[0]:#04x}: "
            "without them some text has no encoding"
        )


def check_special_tokens(special_tokens: Mapping[str, int], ranks: Mapping[bytes, int]) -> None:
    """Each special token is a non-empty text, and its id is its own, or its own in `ranks`."""
    if not hasattr(special_tokens, "items"):
        raise TokenTypeError(
            f"special_tokens must map text to ids, not {described(special_tokens)}",
            value=special_tokens,
        )
    taken = set(ranks.values()) if special_tokens else set()
    for text, token in special_tokens.items():
        if not isinstance(text, str):
            raise TokenTypeError(
                f"a special token must be a str, not {described(text)}", value=text
            )
        if type(token) is not int:
            raise TokenTypeError(
                f"the id of special token {text!r} must be an integer, not {described(token)}",
                value=token,
            )
        if not text:
            raise VocabularyError(f"special token {shown(token)} is the empty text")
        if not 0 <= token <= MAX_ID:
            raise VocabularyError(
                f"the id of special token {text!r} is not between 0 and 2**32 - 2: {shown(token)}"
            )
        try:
            rank = ranks.get(text.encode())
        except UnicodeEncodeError:
            raise VocabularyError(f"special token {text!r} holds a lone surrogate") from None
        if rank is not None and rank != token:
            raise VocabularyError(
                f"special token {text!r} has the id {token}, but the vocabulary holds it as {rank}"
            )
        if rank is None and token in taken:
            other = next(piece for piece, number in ranks.items() if number == token)
            raise VocabularyError(
                f"special token {text!r} has the id {token}, which is the token {other!r}"
            )


def check_pattern(pattern: object) -> None:
    """A str, or a tuple of them; whether it is a pattern at all, the core finds out."""
    parts = pattern if isinstance(pattern, tuple) else (pattern,)
    for part in parts:
        if not isinstance(part, str):
            raise TokenTypeError(f"a pattern must be a str, not {described(part)}", value=part)
    if not parts or not all(parts):
        raise PatternError("the pattern is empty: it would split no text")


def described(value: object) -> str:
    """A value and its type, short enough for a message."""
    if value is None:
        return "None"
    text = shown(value)
    return f"{type(value).__name__} ({text if len(text) <= 60 else text[:57] + '...'})"


def shown(value: object) -> str:
    """The `repr` of a value; of integers of hundreds of digits, which Python may refuse to write,
    their size.

    >>> shown(-(10**5000))
    'an integer of 16610 bits'
    """
    if isinstance(value, int) and int.bit_length(value) > _WRITTEN_BITS:
        return f"an integer of {int.bit_length(value)} bits"
    try:
        return repr(value)
    except ValueError:  # such an integer is somewhere in it
        return f"a {type(value).__name__}"


def _place(index: int | None) -> str:
    return "" if index is None else f", at index {index}"


def _is_iterable(value: object) -> bool:
    try:
        iter(value)  # type: ignore[call-overload]
    except TypeError:
        return False
    return True

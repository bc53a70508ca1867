"""Tokenizer: the object that people hold.  Policy is here, mechanism in the core below it."""

from __future__ import annotations

from . import _core
from .arguments import (
    UNFIT,
    as_bytes,
    as_id,
    as_ids,
    check_id,
    check_pattern,
    check_ranks,
    check_special_tokens,
    refuse_ids,
    repaired,
    usable_text,
)
from .batches import decode_each, encode_each
from .errors import MissingDependencyError, RefusedTextError, UnknownTokenError
from .measuring import Measuring
from .specials import Specials, refuse, settled
from .vocabulary import HOLE, Vocabulary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any, TypeAlias, TypeVar

    import numpy as np
    import numpy.typing as npt

    from ._core.interface import Core, SpecialSet
    from .specials import Choice
    from .text.measure import Measure

    Bytes: TypeAlias = bytes | bytearray | memoryview
    T = TypeVar("T")

# The default of allowed_special: the fast paths know it by identity.
_NONE: frozenset[str] = frozenset()

# UTF-8 bytes that do not begin a character.
_CONTINUATION = bytes(range(0x80, 0xC0))


class Tokenizer(Measuring):
    r"""One vocabulary, ready to encode and decode; immutable, safe to share between threads.

    Get one with `bpe.load`, or make one from ranks:

    >>> ranks = {bytes((byte,)): byte for byte in range(256)} | {b"ab": 256}
    >>> tokenizer = Tokenizer.from_ranks(
    ...     ranks, pattern=r"\w+|\W", special_tokens={"<|end|>": 257}, name="tiny"
    ... )
    >>> tokenizer.encode("abc<|end|>", allowed_special="all")
    [256, 99, 257]

    In every method lone surrogates become U+FFFD and surrogate pairs are joined.
    """

    # The core's methods are bound once: finding them costs as much as encoding a short word.
    __slots__ = (
        "__weakref__",
        "_core",
        "_count",
        "_decode",
        "_decode_text",
        "_encode",
        "_every",
        "_max_token_value",
        "_measure",
        "_special_ids",
        "_specials",
        "_token_bytes",
        "_vocabulary",
    )

    def __init__(self, vocabulary: Vocabulary, *, core: type[Core] | None = None) -> None:
        engine = (core or _core.core_class())(vocabulary)
        self._vocabulary = vocabulary
        self._core = engine
        self._encode = engine.encode
        self._count = engine.count
        self._decode = engine.decode
        self._decode_text = engine.decode_text
        self._token_bytes = engine.token_bytes
        self._specials = Specials(engine, vocabulary.special_tokens)
        self._special_ids = frozenset(vocabulary.special_tokens.values())
        self._every = self._specials.resolve("all", ())[0]
        self._measure: Measure
        self._max_token_value = max(_last_id(vocabulary), max(self._special_ids, default=0))

    @classmethod
    def from_ranks(
        cls,
        ranks: Mapping[bytes, int],
        *,
        pattern: str | tuple[str, ...],
        special_tokens: Mapping[str, int] | None = None,
        name: str = "custom",
    ) -> Tokenizer:
        """A tokenizer of your own: token bytes -> id, where lower ids merge first.

        Raises VocabularyError (a ValueError) for ranks or special tokens that contradict each
        other, and PatternError (one too) for a pattern that cannot be used.
        """
        check_pattern(pattern)
        check_ranks(ranks)
        specials = {} if special_tokens is None else special_tokens
        check_special_tokens(specials, ranks)
        return cls(Vocabulary(name=name, pattern=pattern, special_tokens=specials, ranks=ranks))

    # ---- text to ids

    def encode_ordinary(self, text: str) -> list[int]:
        """Ids of `text`, where the text of a special token is text like any other."""
        try:
            return self._encode(text)
        except UNFIT as error:
            return self._encode(usable_text(text, error))

    def encode(
        self,
        text: str,
        *,
        allowed_special: Choice = _NONE,
        disallowed_special: Choice = "all",
    ) -> list[int]:
        """Ids of `text`; by default it may not hold the text of a special token.

        Special tokens in `allowed_special` ("all", or a collection of names) become their ids.
        Names in `disallowed_special` ("all" means those not allowed) raise
        DisallowedSpecialTokenError, a ValueError.  The rest is text like any other; so with
        `disallowed_special=()` nothing is refused.
        """
        try:
            if allowed_special is _NONE:
                if disallowed_special == "all":
                    return self._encode(text, None, self._every)
                if not disallowed_special:
                    return self._encode(text)
            elif allowed_special == "all" and disallowed_special in ("all", ()):
                return self._encode(text, self._every)
            allowed_special = settled(allowed_special)
            disallowed_special = settled(disallowed_special)
            return self._encode(text, *self._specials.resolve(allowed_special, disallowed_special))
        except UNFIT as error:
            return self._again(self._encode, text, error, allowed_special, disallowed_special)

    def encode_to_numpy(
        self,
        text: str,
        *,
        allowed_special: Choice = _NONE,
        disallowed_special: Choice = "all",
    ) -> npt.NDArray[np.uint32]:
        """As `encode`, into a NumPy array of uint32, without making Python integers."""
        try:
            import numpy as np
        except ModuleNotFoundError as error:
            if error.name != "numpy":
                raise
            raise MissingDependencyError(
                "encode_to_numpy needs NumPy: pip install numpy. encode() works without it.",
            ) from None
        encode = self._core.encode_array
        try:
            allowed_special = settled(allowed_special)
            disallowed_special = settled(disallowed_special)
            buffer = encode(text, *self._specials.resolve(allowed_special, disallowed_special))
        except UNFIT as error:
            buffer = self._again(encode, text, error, allowed_special, disallowed_special)
        return np.frombuffer(buffer, dtype=np.uint32)

    def encode_ordinary_batch(
        self, text: Iterable[str], *, num_threads: int | None = None
    ) -> list[list[int]]:
        """`encode_ordinary` of each text; `num_threads=None` uses threads when it pays."""
        return encode_each(self._specials, self._core.encode_batch, text, num_threads, _NONE, ())

    def encode_batch(
        self,
        text: Iterable[str],
        *,
        num_threads: int | None = None,
        allowed_special: Choice = _NONE,
        disallowed_special: Choice = "all",
    ) -> list[list[int]]:
        """`encode` of each text; `num_threads=None` uses threads when it pays."""
        batch = self._core.encode_batch
        return encode_each(
            self._specials, batch, text, num_threads, allowed_special, disallowed_special
        )

    def encode_bytes(self, data: Bytes) -> list[int]:
        """Ids of any bytes, valid UTF-8 or not; `decode_bytes` gives the bytes back."""
        return self._core.encode_bytes(as_bytes(data, "data"))

    def encode_single_token(self, text_or_bytes: str | Bytes) -> int:
        """The id of one token, special ones too; UnknownTokenError (a KeyError) if it is none."""
        if isinstance(text_or_bytes, str):
            text = repaired(text_or_bytes)
            token = text.encode()
        else:
            token = as_bytes(text_or_bytes, "a token that is not a str")
            text = token.decode("utf-8", "replace")
        found = self._core.token_id(token)
        # Most special tokens are no mergeable ones; no special token holds what "replace" put in
        # unless the bytes themselves say so.
        if found is None and text.encode() == token:
            found = self._vocabulary.special_tokens.get(text)
        if found is None:
            raise UnknownTokenError(f"{text_or_bytes!r} is not a single token", token=text_or_bytes)
        return found

    # ---- counting

    def count(
        self,
        text: str,
        *,
        allowed_special: Choice = _NONE,
        disallowed_special: Choice = (),
    ) -> int:
        """The number of ids of `text`, without making the list; refuses nothing by default."""
        try:
            if allowed_special is _NONE and not disallowed_special:
                return self._count(text)
            allowed_special = settled(allowed_special)
            disallowed_special = settled(disallowed_special)
            return self._count(text, *self._specials.resolve(allowed_special, disallowed_special))
        except UNFIT as error:
            return self._again(self._count, text, error, allowed_special, disallowed_special)

    def count_batch(
        self,
        text: Iterable[str],
        *,
        num_threads: int | None = None,
        allowed_special: Choice = _NONE,
        disallowed_special: Choice = (),
    ) -> list[int]:
        """`count` of each text; `num_threads=None` uses threads when it pays."""
        batch = self._core.count_batch
        return encode_each(
            self._specials, batch, text, num_threads, allowed_special, disallowed_special
        )

    # ---- ids to text

    def decode_bytes(self, tokens: Iterable[int]) -> bytes:
        """The bytes of `tokens`: any iterable of integers, or a buffer of them (array, NumPy).

        Raises UnknownTokenError (a KeyError) for an id without bytes, TokenRangeError (an
        OverflowError) for what cannot be an id, TokenTypeError for what is no integer.
        """
        try:
            return self._decode(tokens)
        except (TypeError, OverflowError) as error:
            refuse_ids(tokens, error)

    def decode(self, tokens: Iterable[int], errors: str = "replace") -> str:
        """The text of `tokens`; bytes that are no UTF-8 are treated as `errors` says."""
        if errors not in ("replace", "strict"):  # a handler of the caller's, or a mistake
            return self.decode_bytes(tokens).decode("utf-8", errors)
        try:
            return self._decode_text(tokens, errors)
        except (TypeError, OverflowError) as error:
            refuse_ids(tokens, error)

    def decode_single_token_bytes(self, token: int) -> bytes:
        """The bytes of one id, special ones too."""
        try:
            return self._token_bytes(token)
        except (TypeError, OverflowError, KeyError):
            number = check_id(token)
        raise UnknownTokenError(f"no token has the id {number}", token=number)

    def decode_tokens_bytes(self, tokens: Iterable[int]) -> list[bytes]:
        """The bytes of each id."""
        ids = as_ids(tokens)
        try:
            return [*map(self._token_bytes, ids)]
        except (TypeError, OverflowError, KeyError):
            self.decode_bytes(ids)  # raises, and knows the place
            raise

    def decode_with_offsets(self, tokens: Iterable[int]) -> tuple[str, list[int]]:
        """The text of `tokens`, and for each the index of its first character in that text.

        A token that begins inside a character has the index of that character.  Raises
        UnicodeDecodeError if the bytes are not valid UTF-8.
        """
        pieces = self.decode_tokens_bytes(tokens)
        offsets = []
        length = 0
        for piece in pieces:
            offsets.append(max(0, length - (0x80 <= piece[0] < 0xC0)))
            length += len(piece.translate(None, _CONTINUATION))
        return b"".join(pieces).decode("utf-8"), offsets

    def decode_batch(
        self,
        batch: Iterable[Iterable[int]],
        *,
        errors: str = "replace",
        num_threads: int | None = None,
    ) -> list[str]:
        """`decode` of each list of ids."""
        return decode_each(lambda tokens: self.decode(tokens, errors), batch, num_threads)

    def decode_bytes_batch(
        self, batch: Iterable[Iterable[int]], *, num_threads: int | None = None
    ) -> list[bytes]:
        """`decode_bytes` of each list of ids."""
        return decode_each(self.decode_bytes, batch, num_threads)

    # ---- what it is made of

    @property
    def name(self) -> str:
        """The encoding's name, or that of the file."""
        return self._vocabulary.name

    @property
    def pattern(self) -> str | tuple[str, ...]:
        """The regular expression that splits text into pieces, or several, in sequence."""
        return self._vocabulary.pattern

    @property
    def ranks(self) -> Mapping[bytes, int]:
        """Mergeable tokens, bytes -> id; read-only, made at the first use."""
        return self._vocabulary.ranks

    @property
    def special_tokens(self) -> Mapping[str, int]:
        """Special tokens, text -> id; read-only."""
        return self._vocabulary.special_tokens

    @property
    def special_tokens_set(self) -> frozenset[str]:
        """The texts of the special tokens."""
        return self._specials.names

    @property
    def vocabulary(self) -> Vocabulary:
        """All of it, as a file format yields it."""
        return self._vocabulary

    @property
    def max_token_value(self) -> int:
        """The highest id."""
        return self._max_token_value

    @property
    def n_vocab(self) -> int:
        """The highest id plus one: what a table that is indexed by ids needs."""
        return self._max_token_value + 1

    @property
    def eot_token(self) -> int:
        """The id that ends a text; UnknownTokenError (a KeyError) if there is none."""
        name = self._vocabulary.eot_token or "<|endoftext|>"
        try:
            return self._vocabulary.special_tokens[name]
        except KeyError:
            raise UnknownTokenError(
                f"{self.name!r} has no end-of-text token: {name!r} is none of its special tokens",
                token=name,
            ) from None

    def is_special_token(self, token: int) -> bool:
        """Whether an id is that of a special token."""
        return as_id(token) in self._special_ids

    def token_byte_values(self) -> list[bytes]:
        """The bytes of all mergeable tokens, sorted."""
        return sorted(self._vocabulary.ranks)

    def __repr__(self) -> str:
        return f"<Tokenizer {self.name!r}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tokenizer):
            return NotImplemented
        return self is other or self._vocabulary == other._vocabulary

    def __hash__(self) -> int:
        return hash(self._vocabulary)

    def __reduce__(self) -> tuple[Callable[..., Tokenizer], tuple[Any, ...]]:
        from .loading import is_bundled, load

        if is_bundled(self):
            return load, (self.name,)
        core = type(self._core)
        return _rebuilt, (self._vocabulary, None if core is _core.core_class() else core)

    def _measured(self) -> Measure:
        try:
            return self._measure
        except AttributeError:
            # Not before the first use: importing bpe and encoding need nothing of bpe/text.
            from .text.measure import Measure

            self._measure = measure = Measure(self._core, self._vocabulary)
            return measure

    # ---- the slow path

    def _again(
        self,
        method: Callable[[str, SpecialSet | None], T],
        text: str,
        error: Exception,
        allowed_special: Choice,
        disallowed_special: Choice,
    ) -> T:
        if not isinstance(error, RefusedTextError):  # else as it is: to repair it takes longer
            text = usable_text(text, error)
        wanted, unwanted = self._specials.resolve(allowed_special, disallowed_special)
        refuse(unwanted, text)
        return method(text, wanted)


def _rebuilt(vocabulary: Vocabulary, core: type[Core] | None) -> Tokenizer:
    return Tokenizer(vocabulary, core=core)


def _last_id(vocabulary: Vocabulary) -> int:
    pairs = vocabulary.pairs
    if pairs is None:
        return max(vocabulary.ranks.values())
    row = len(pairs) // 8 - 1
    hole = b"".join(part.to_bytes(4, "little") for part in HOLE)
    while row > 0 and pairs[row * 8 : row * 8 + 8] == hole:
        row -= 1
    return row

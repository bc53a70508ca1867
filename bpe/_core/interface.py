"""What a core does.  Two classes do it: the compiled one and the pure Python one.

A core is mechanism: it knows tokens, pieces and merges.  Policy (which special tokens are allowed,
what a caller is told, batches of odd things) is the Tokenizer's.  Text handed to a core may hold
lone surrogates: the core then raises UnicodeEncodeError and the Tokenizer repairs the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from ..vocabulary import Vocabulary


class SpecialSet(Protocol):
    """A set of special tokens, ready to be found in text: leftmost, then longest; linear time."""

    def first(self, text: str) -> str | None:
        """The first special token that occurs in text, or None."""


class Core(Protocol):
    """One vocabulary, ready to encode and decode; immutable, shared by all threads."""

    def __init__(self, vocabulary: Vocabulary) -> None: ...

    def special_set(self, tokens: Mapping[str, int]) -> SpecialSet:
        """Prepare special tokens (text -> id) for `specials` and `refused`; takes microseconds."""

    # With `specials` None, or an empty set, all text is ordinary; otherwise each of its tokens
    # found in the text becomes its id, and the stretches between are encoded on their own.
    # If a token of `refused` is anywhere in the text, RefusedTextError; which one, `first` tells.
    # Of a text that has lone surrogates too either error may come, from `first` as well.

    def encode(
        self, text: str, specials: SpecialSet | None = None, refused: SpecialSet | None = None
    ) -> list[int]: ...

    def encode_array(
        self, text: str, specials: SpecialSet | None = None, refused: SpecialSet | None = None
    ) -> memoryview:
        """The ids as native uint32."""

    def count(
        self, text: str, specials: SpecialSet | None = None, refused: SpecialSet | None = None
    ) -> int:
        """len(encode(...)), without the list."""

    def encode_batch(
        self,
        texts: Sequence[str],
        specials: SpecialSet | None = None,
        refused: SpecialSet | None = None,
        num_threads: int = 0,
    ) -> list[list[int]]:
        """encode of each text; num_threads 0 lets the core decide."""

    def count_batch(
        self,
        texts: Sequence[str],
        specials: SpecialSet | None = None,
        refused: SpecialSet | None = None,
        num_threads: int = 0,
    ) -> list[int]: ...

    def encode_bytes(self, data: bytes) -> list[int]:
        """Ids of any bytes; decoding gives them back.

        tiktoken's `_encode_bytes`: valid UTF-8 is encoded as text; otherwise the valid prefix
        is, its last piece taken back as far as it is unstable and merged with the rest as bytes.
        """

    def token_id(self, token: bytes) -> int | None:
        """The id of a mergeable token, by its bytes."""

    def token_bytes(self, token: int) -> bytes:
        """The bytes of an id, mergeable or special; UnknownTokenError if it has none."""

    def decode(self, tokens: Iterable[int]) -> bytes:
        """The joined bytes of ids.

        `tokens` is any iterable of integers, or an object with a buffer of integers (array,
        NumPy), which is read without making Python integers.  Raises UnknownTokenError (a
        KeyError) for an id without bytes, OverflowError for a negative one or one of 2**32 and
        more, TypeError for what is no integer; the Tokenizer names the last two.
        """

    def decode_text(self, tokens: Iterable[int], errors: str) -> str:
        """decode(tokens).decode("utf-8", errors)."""

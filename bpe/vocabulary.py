"""Vocabulary: what a file format yields and a core consumes."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import MappingProxyType
    from typing import Any
else:
    # As types has it, whose import takes 2 % of the time to the first ids.
    MappingProxyType = type(type.__dict__)

# One row of a `pairs` table for an id that is no mergeable token.
HOLE = (0xFFFFFFFF, 0xFFFFFFFF)
# The second number of the row of a token that is one byte (the first is the byte).
BYTE = 0xFFFFFFFF


class Vocabulary:
    """Tokens, merges, special tokens and the pattern of one encoding; immutable.

    The mergeable part has one of three forms:

    - `pairs`: a table of two little-endian uint32 for each id, in id order.  `(b, BYTE)` is the
      single byte b, `HOLE` an id that is no token, anything else the two ids whose merge gives
      this id.  Merges apply in id order.  This is the form of the bundled encodings: it is
      compact and needs no parsing.  Every token of it is reached by its own merge, and both
      parts have smaller ids than the whole ("well formed").
    - `ranks` alone: bytes -> id, and any adjacent pair whose joined bytes are in it merges, the
      lowest id first; a whole piece that is in it is one token (tiktoken's rule).
    - `ranks` and `merges`: only the listed pairs merge, the earliest listed first
      (tokenizer.json's rule); a whole piece is looked up first only with `ignore_merges`.

    `pattern` is one regular expression, or a tuple of them that are applied in sequence, each
    splitting every piece that the one before left.  Text that no pattern matches is dropped
    (tiktoken's rule) unless `keep_unmatched` makes it a piece of its own (tokenizer.json's).

    Two vocabularies are equal if they encode and decode everything alike, whatever their form and
    name: the published rank file equals the bundled table made from it.
    """

    __slots__ = (
        "_hash",
        "_ranks",
        "eot_token",
        "ignore_merges",
        "keep_unmatched",
        "merges",
        "name",
        "pairs",
        "pattern",
        "special_tokens",
    )

    def __init__(
        self,
        *,
        name: str,
        pattern: str | tuple[str, ...],
        special_tokens: Mapping[str, int],
        pairs: bytes | None = None,
        ranks: Mapping[bytes, int] | None = None,
        merges: tuple[tuple[bytes, bytes], ...] | None = None,
        ignore_merges: bool = False,
        keep_unmatched: bool = False,
        eot_token: str | None = None,
    ) -> None:
        if (pairs is None) == (ranks is None):
            raise ValueError("a vocabulary has either pairs or ranks")
        self.name = name
        self.pattern = pattern
        self.special_tokens: Mapping[str, int] = MappingProxyType(dict(special_tokens))
        self.pairs = pairs
        self._ranks: Mapping[bytes, int] | None = (
            None if ranks is None else MappingProxyType(dict(ranks))
        )
        self.merges = merges
        self.ignore_merges = ignore_merges
        self.keep_unmatched = keep_unmatched
        self.eot_token = eot_token
        self._hash: int | None = None

    @property
    def ranks(self) -> Mapping[bytes, int]:
        """Mergeable tokens, bytes -> id; built from `pairs` at the first use."""
        if self._ranks is None:
            self._ranks = MappingProxyType(_ranks_of_pairs(self.pairs or b""))
        return self._ranks

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Vocabulary):
            return NotImplemented
        if self is other:
            return True
        return (
            self.pattern == other.pattern
            and self.keep_unmatched == other.keep_unmatched
            and self.special_tokens == other.special_tokens
            and _first_names(self.special_tokens) == _first_names(other.special_tokens)
            and self._merges_like(other)
        )

    def _merges_like(self, other: Vocabulary) -> bool:
        if (self.merges is None) != (other.merges is None):
            # Rules that differ in general.  A reader brings listed merges to `pairs` whenever
            # both rules give the same ids.
            return False
        if self.merges is not None and (
            self.merges != other.merges or self.ignore_merges != other.ignore_merges
        ):
            return False
        if self.pairs is not None and self.pairs == other.pairs:
            return True
        return self.ranks == other.ranks

    def __hash__(self) -> int:
        # Without the tokens, which would cost milliseconds: who shares pattern and special tokens
        # nearly always shares them too, and else equality tells.
        if self._hash is None:
            self._hash = hash((self.pattern, frozenset(self.special_tokens.items())))
        return self._hash

    def __reduce__(self) -> tuple[Callable[..., Vocabulary], tuple[dict[str, Any]]]:
        return _rebuilt, (
            {
                "name": self.name,
                "pattern": self.pattern,
                "special_tokens": dict(self.special_tokens),
                "pairs": self.pairs,
                "ranks": None if self.pairs is not None else dict(self.ranks),
                "merges": self.merges,
                "ignore_merges": self.ignore_merges,
                "keep_unmatched": self.keep_unmatched,
                "eot_token": self.eot_token,
            },
        )

    def __repr__(self) -> str:
        return f"<Vocabulary {self.name!r}>"


def _rebuilt(content: dict[str, Any]) -> Vocabulary:
    return Vocabulary(**content)


def _first_names(special_tokens: Mapping[str, int]) -> dict[int, str]:
    """The name that decoding gives for each special id: the first of those that share it."""
    return {token: name for name, token in reversed(list(special_tokens.items()))}


def tokens_of_pairs(pairs: bytes) -> list[bytes | None]:
    """The bytes of each id of a `pairs` table; None for a hole."""
    from struct import unpack  # encoding does without

    numbers = unpack(f"<{len(pairs) // 4}I", pairs)
    tokens: list[Any] = []
    append = tokens.append
    for left, right in zip(numbers[0::2], numbers[1::2], strict=True):
        if right != BYTE:
            append(tokens[left] + tokens[right])
        elif left != BYTE:
            append(bytes((left,)))
        else:
            append(None)
    return tokens


def _ranks_of_pairs(pairs: bytes) -> dict[bytes, int]:
    return {token: i for i, token in enumerate(tokens_of_pairs(pairs)) if token is not None}

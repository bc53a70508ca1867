"""Vocabulary: what a file format yields and a core consumes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

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


def _ranks_of_pairs(pairs: bytes) -> dict[bytes, int]:
    raise ValueError  # replaced below

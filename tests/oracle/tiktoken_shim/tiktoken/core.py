"""`Encoding` on top of a bpe Tokenizer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import bpe


class Encoding:
    """A tokenizer under tiktoken's names; what has the same name in both is passed on."""

    def __init__(
        self,
        name: str,
        *,
        pat_str: str,
        mergeable_ranks: Mapping[bytes, int],
        special_tokens: Mapping[str, int],
    ) -> None:
        self._tokenizer = bpe.Tokenizer.from_ranks(
            mergeable_ranks, pattern=pat_str, special_tokens=special_tokens, name=name
        )

    @classmethod
    def of(cls, tokenizer: bpe.Tokenizer) -> Encoding:
        made = cls.__new__(cls)
        made._tokenizer = tokenizer
        return made

    # Only what is missing here comes this way: encode, decode, n_vocab...
    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._tokenizer, name)

    @property
    def _pat_str(self) -> str | tuple[str, ...]:
        return self._tokenizer.pattern

    @property
    def _mergeable_ranks(self) -> dict[bytes, int]:
        return dict(self._tokenizer.ranks)

    @property
    def _special_tokens(self) -> dict[str, int]:
        return dict(self._tokenizer.special_tokens)

    def _encode_bytes(self, data: bytes) -> list[int]:
        return self._tokenizer.encode_bytes(data)

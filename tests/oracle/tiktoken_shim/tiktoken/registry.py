"""Encodings by name."""

from __future__ import annotations

from functools import cache

import bpe

from .core import Encoding


@cache
def get_encoding(encoding_name: str) -> Encoding:
    return Encoding.of(bpe.load(encoding_name))


def list_encoding_names() -> list[str]:
    return list(bpe.list_encodings())

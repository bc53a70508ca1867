"""Encodings by model."""

from __future__ import annotations

from bpe import encoding_name_for_model

from .core import Encoding
from .registry import get_encoding


def encoding_for_model(model_name: str) -> Encoding:
    return get_encoding(encoding_name_for_model(model_name))

"""A module `tiktoken` made of bpe: only for running tiktoken's own tests against bpe.

It holds what those tests touch, under the names they use, private ones included.
"""

from __future__ import annotations

from bpe import encoding_name_for_model

from .core import Encoding
from .model import encoding_for_model
from .registry import get_encoding, list_encoding_names

__version__ = "0.14.0"
__all__ = [
    "Encoding",
    "encoding_for_model",
    "encoding_name_for_model",
    "get_encoding",
    "list_encoding_names",
]

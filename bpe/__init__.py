"""bpe: an exact, fast byte-pair-encoding tokenizer with the published vocabularies on board.

>>> import bpe
>>> tokenizer = bpe.load("cl100k_base")
>>> tokenizer.encode("hello world")
[15339, 1917]
>>> tokenizer.decode([15339, 1917])
'hello world'
"""

from __future__ import annotations

from . import errors
from ._core import core_name
from .errors import BPEError
from .loading import encoding_name_for_model, list_encodings, load
from .tokenizer import Tokenizer

# The one place of the version: a plain literal, which the build reads without importing.
__version__ = "0.1.0"

__all__ = [
    "BPEError",
    "Tokenizer",
    "__version__",
    "core_name",
    "encoding_name_for_model",
    "errors",
    "list_encodings",
    "load",
]

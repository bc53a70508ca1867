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

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import context as context
    from . import transcripts as transcripts
    from .context.compress import compress_context
    from .context.counting import count_messages, count_tokens, count_tokens_batch
    from .context.json_tokens import estimate_json_tokens
    from .models import get_model_limits, register_model

# The one place of the version: a plain literal, which the build reads without importing.
__version__ = "0.1.0"

__all__ = [
    "BPEError",
    "Tokenizer",
    "__version__",
    "compress_context",
    "core_name",
    "count_messages",
    "count_tokens",
    "count_tokens_batch",
    "encoding_name_for_model",
    "errors",
    "estimate_json_tokens",
    "get_model_limits",
    "list_encodings",
    "load",
    "register_model",
]

# Names that are imported at their first use: the layer for chats costs nothing until then.
_HOMES = {
    "compress_context": "context.compress",
    "count_messages": "context.counting",
    "count_tokens": "context.counting",
    "count_tokens_batch": "context.counting",
    "estimate_json_tokens": "context.json_tokens",
    "get_model_limits": "models",
    "register_model": "models",
}
_PACKAGES = ("context", "transcripts")


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None and name not in _PACKAGES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    if home is None:
        return import_module(f".{name}", __name__)
    found = globals()[name] = getattr(import_module(f".{home}", __name__), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

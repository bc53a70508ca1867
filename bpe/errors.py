"""Every error that bpe raises on purpose.

Each but the last three is a BPEError, and also the builtin that the same mistake raises in
tiktoken, so that code which catches the builtin keeps working:

    BPEError
    ├── UnknownEncodingError            KeyError, ValueError  no encoding or model of that name
    ├── VocabularyError                 ValueError            a file or mapping that is unfit
    │   ├── VocabularyFileNotFoundError FileNotFoundError     no file, or no tokenizer in a folder
    │   └── PatternError                                      a pattern that cannot be used
    ├── UnknownTokenError               KeyError              an id or token that does not exist
    ├── TokenRangeError                 OverflowError         an id below 0 or above 2**32 - 1
    ├── TokenTypeError                  TypeError             not a str, not bytes, no integer
    ├── DisallowedSpecialTokenError     ValueError            a special token in the text
    ├── ArgumentError                   ValueError            num_threads below 1
    ├── MissingDependencyError          ImportError           an optional package is missing
    ├── CoreUnavailableError            ImportError           the core asked for is missing
    └── CompressionError                                      of the layer for chats
        ├── TokenCountError             ValueError            messages or tools that are malformed
        ├── ModelNotSupportedError      ValueError            no exact count for this model
        ├── BudgetError                 ValueError            what must stay does not fit
        ├── TemplateError               ValueError            a prompt template that cannot be used
        ├── SummaryError                RuntimeError          a summariser gave no summary
        ├── TranscriptError             ValueError            a packed transcript, cut or damaged
        └── PayloadError                ValueError            no zstd frame, or a damaged one
            ├── PayloadSizeError                              more bytes than it may have
            └── PayloadDictionaryError                        made with another dictionary

    RefusedTextError (Exception): a core's word to the Tokenizer, which no caller gets.
    SlowCoreWarning (RuntimeWarning): the compiled core is missing and the pure Python one runs.
    EstimateWarning (UserWarning): a model's count is an estimate; given once for each model.

`str()` of each is the plain message.  What is known of the place is in attributes, None otherwise:

>>> error = UnknownTokenError("no token has the id 9", token=9)
>>> str(error), error.token
('no token has the id 9', 9)
"""

from __future__ import annotations


class BPEError(Exception):
    """Base of all; `details` become attributes, and must be declared by the class."""

    def __init__(self, message: str = "", **details: object) -> None:
        super().__init__(message)
        for name, value in details.items():
            if not hasattr(type(self), name):
                raise TypeError(f"{type(self).__name__} has no detail {name!r}")
            setattr(self, name, value)

    # KeyError shows the repr of its argument, OSError adds errno and path: the message says it all.
    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class UnknownEncodingError(BPEError, KeyError, ValueError):
    """No bundled encoding, model or file goes by this name; the message lists near matches."""

    name: str | None = None
    near: tuple[str, ...] = ()


class VocabularyError(BPEError, ValueError):
    """A file or mapping that is no usable vocabulary: corrupt, incomplete or contradictory."""

    path: str | None = None
    line: int | None = None


class VocabularyFileNotFoundError(VocabularyError, FileNotFoundError):
    """The path does not exist, or is a folder without a tokenizer in it."""

    def __init__(self, message: str = "", **details: object) -> None:
        super().__init__(message, **details)
        self.errno = 2  # ENOENT, and the path, as open() would say
        self.filename = self.path


class PatternError(VocabularyError):
    """A pattern that is not a regular expression, or uses a construct that has no translation."""

    pattern: str | None = None
    construct: str | None = None
    position: int | None = None


class UnknownTokenError(BPEError, KeyError):
    """An id without bytes, or bytes (or text) that are no single token."""

    token: int | str | bytes | bytearray | memoryview | None = None
    index: int | None = None


class TokenRangeError(BPEError, OverflowError):
    """An integer that cannot be an id: below 0, or 2**32 and more."""

    token: int | None = None
    index: int | None = None


class TokenTypeError(BPEError, TypeError):
    """A value of the wrong type; `index` is its place in a batch or in a list of ids."""

    value: object = None
    index: int | None = None


class DisallowedSpecialTokenError(BPEError, ValueError):
    """Text holds the text of a special token which the caller did not allow."""

    token: str | None = None
    index: int | None = None


class ArgumentError(BPEError, ValueError):
    """An argument of the right type, but a value that makes no sense."""


class MissingDependencyError(BPEError, ImportError):
    """A method needs an optional package; the message says how to install it."""


class CoreUnavailableError(BPEError, ImportError):
    """BPE_CORE asks for a core that is not there, or that does not exist."""


class CompressionError(BPEError):
    """Base of what counting and compressing conversations raise."""


class TokenCountError(CompressionError, ValueError):
    """Malformed messages, tools or values; `path` is the place, as in `messages[3].content[0]`."""

    index: int | None = None
    path: str | None = None


class ModelNotSupportedError(CompressionError, ValueError):
    """An exact count was asked for, and this model's tokenizer or framing is not known exactly."""

    model: str | None = None


class BudgetError(CompressionError, ValueError):
    """A budget that contradicts itself, or that what must stay exceeds by its `needed` tokens."""

    needed: int | None = None
    available: int | None = None


class TemplateError(CompressionError, ValueError):
    """A prompt template that does not exist or is unfit; `placeholder` is the one at fault."""

    name: str | None = None
    path: str | None = None
    placeholder: str | None = None


class SummaryError(CompressionError, RuntimeError):
    """A summariser gave no summary; `status` is that of HTTP, `retry_after` in seconds."""

    status: int | None = None
    attempts: int | None = None
    retry_after: float | None = None


class TranscriptError(CompressionError, ValueError):
    """A packed transcript that ends too early (`truncated`) or is damaged."""

    path: str | None = None
    truncated: bool | None = None


class PayloadError(CompressionError, ValueError):
    """A payload that is no zstd frame, is damaged, or ends too early."""


class PayloadSizeError(PayloadError):
    """A payload with more bytes than the `limit`; its `size` where the frame says so."""

    size: int | None = None
    limit: int | None = None


class PayloadDictionaryError(PayloadError):
    """A payload that cannot be read without the dictionary of this id."""

    dictionary_id: int | None = None


class RefusedTextError(Exception):
    """What a core says of text with a refused special token.

    The Tokenizer finds out which token it is, and raises DisallowedSpecialTokenError instead.
    """


class EstimateWarning(UserWarning):
    """Tokens of a model are counted with another vocabulary: the count is an estimate."""


class SlowCoreWarning(RuntimeWarning):
    """The compiled core is missing, so the pure Python one runs: same ids, much slower."""

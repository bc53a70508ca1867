"""The error tree: what catches what, and what an error carries."""

from __future__ import annotations

import copy
import pickle

import pytest

from bpe import errors

BUILTINS = {
    errors.UnknownEncodingError: (KeyError, ValueError),
    errors.VocabularyError: (ValueError,),
    errors.VocabularyFileNotFoundError: (ValueError, FileNotFoundError),
    errors.PatternError: (ValueError,),
    errors.UnknownTokenError: (KeyError,),
    errors.TokenRangeError: (OverflowError,),
    errors.TokenTypeError: (TypeError,),
    errors.DisallowedSpecialTokenError: (ValueError,),
    errors.ArgumentError: (ValueError,),
    errors.MissingDependencyError: (ImportError,),
    errors.CoreUnavailableError: (ImportError,),
    errors.CompressionError: (),
    errors.TokenCountError: (ValueError,),
    errors.ModelNotSupportedError: (ValueError,),
    errors.BudgetError: (ValueError,),
    errors.PayloadError: (ValueError,),
    errors.PayloadSizeError: (ValueError,),
    errors.PayloadDictionaryError: (ValueError,),
    errors.TemplateError: (ValueError,),
    errors.SummaryError: (RuntimeError,),
    errors.TranscriptError: (ValueError,),
}

KINDS = pytest.mark.parametrize("kind", BUILTINS, ids=lambda kind: kind.__name__)


def test_every_error_is_in_the_drawing() -> None:
    names = {
        name
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.BPEError)
    }
    assert names == {kind.__name__ for kind in BUILTINS} | {"BPEError"}
    assert errors.__doc__ is not None
    for name in names:
        assert name in errors.__doc__


@KINDS
def test_builtin_bases(kind: type[errors.BPEError]) -> None:
    assert issubclass(kind, errors.BPEError)
    for builtin in BUILTINS[kind]:
        assert issubclass(kind, builtin)


@KINDS
def test_str_is_the_plain_message(kind: type[errors.BPEError]) -> None:
    assert str(kind("what 'and' where")) == "what 'and' where"
    assert str(kind()) == ""


@KINDS
def test_pickle_and_copy(kind: type[errors.BPEError]) -> None:
    error = kind("message")
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(twin) is kind
        assert str(twin) == "message"


def test_details_are_attributes_and_survive_pickling() -> None:
    error = errors.UnknownTokenError("no 9", token=9, index=2)
    assert (error.token, error.index) == (9, 2)
    twin = pickle.loads(pickle.dumps(error))
    assert (twin.token, twin.index) == (9, 2)
    assert errors.UnknownTokenError("no 9").token is None


def test_a_detail_must_be_declared() -> None:
    with pytest.raises(TypeError, match="has no detail 'tokn'"):
        errors.UnknownTokenError("no 9", tokn=9)


def test_a_missing_file_says_what_open_says() -> None:
    error = errors.VocabularyFileNotFoundError("no such file: x.json", path="x.json")
    assert (error.errno, error.filename) == (2, "x.json")
    assert str(error) == "no such file: x.json"

"""load: a name, a model or a path becomes a Tokenizer, once.

Bundled encodings are kept for ever; what was read from a file, or made from a bundled encoding
with more special tokens, is kept as long as somebody holds it, and shared until then.
"""

from __future__ import annotations

import os
from _thread import RLock  # threading's own, without the import of threading

from .arguments import check_pattern, check_special_tokens, described
from .encodings import encoding_vocabulary, list_encodings
from .errors import (
    TokenTypeError,
    UnknownEncodingError,
    VocabularyError,
    VocabularyFileNotFoundError,
)
from .tokenizer import Tokenizer
from .vocabulary import Vocabulary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, MutableMapping

__all__ = ["encoding_name_for_model", "is_bundled", "list_encodings", "load"]

# File name endings that make a str a path, and the file that makes a folder a tokenizer.
_ENDINGS = (".tiktoken", ".json")
_FOLDER_FILE = "tokenizer.json"

_bundled: dict[str, Tokenizer] = {}
_shared: MutableMapping[Hashable, Tokenizer] | None = None
# Reentrant: a signal handler or a finaliser may load while its thread loads.
_lock = RLock()


def load(
    source: str | os.PathLike[str],
    *,
    pattern: str | tuple[str, ...] | None = None,
    special_tokens: Mapping[str, int] | None = None,
    name: str | None = None,
) -> Tokenizer:
    """The tokenizer of a bundled encoding, a model, a vocabulary file or a folder that holds one.

    A str is, in this order: a bundled encoding (`list_encodings()`); a path if it ends in
    .tiktoken or .json; a model (see `encoding_name_for_model`); the path of an existing folder.
    A PathLike is always a path.  A folder must hold a tokenizer.json.

    - `pattern` is needed by a rank file (.tiktoken), which has none, and an error elsewhere.
    - `special_tokens` (text -> id) are added to those of the source.
    - `name` is the name of the result; it defaults to that of the encoding or file.

    A bundled encoding is one object for ever, under all its names.  A file is one object while
    its path, size and time and the arguments are equal and someone holds it.

    Raises UnknownEncodingError (a KeyError and ValueError), VocabularyFileNotFoundError (a
    FileNotFoundError), or VocabularyError (a ValueError) for a file that is no vocabulary.
    """
    # The common case, before any thought about paths.
    if type(source) is str and pattern is None and special_tokens is None and name is None:
        known = _bundled.get(source)
        if known is not None:
            return known
    if isinstance(source, str):
        encoding = _encoding_of(source)
        if encoding is not None:
            return _load_bundled(source, encoding, pattern, special_tokens, name)
        if not (source.endswith(_ENDINGS) or os.path.isdir(source)):
            raise _unknown(source)
    elif not hasattr(type(source), "__fspath__"):
        raise TokenTypeError(
            f"load takes the name of an encoding or model, or a path, not {described(source)}",
            value=source,
        )
    return _load_file(os.fsdecode(source), pattern, special_tokens, name)


def encoding_name_for_model(model: str) -> str:
    """The bundled encoding whose ids a model uses, by the longest name that its name begins with.

    A `provider/` before the name is dropped, and case does not matter; bpe.models has the rules.
    Raises UnknownEncodingError (a KeyError and ValueError), which lists near matches; also for
    models that are known, but whose vocabulary is not bundled.

    >>> encoding_name_for_model("gpt-4o-2024-08-06")
    'o200k_base'
    """
    if not isinstance(model, str):
        raise TokenTypeError(f"a model name must be a str, not {described(model)}", value=model)
    from .models import find_model  # here and below: a bundled encoding's name needs none of it

    row = find_model(model)
    if row is None or row.encoding is None:
        raise _unknown(model)
    return row.encoding


def is_bundled(tokenizer: Tokenizer) -> bool:
    """Whether `load(tokenizer.name)` is this very object."""
    return _bundled.get(tokenizer.name) is tokenizer


def _encoding_of(source: str) -> str | None:
    if source in list_encodings():
        return source
    # "gpt-4-mine.json" and "./gpt-4-mine" begin like models and are none.
    if source.endswith(_ENDINGS) or source.startswith((".", "/", "~")):
        return None
    from .models import find_model

    row = find_model(source)
    return None if row is None else row.encoding


def _load_bundled(
    source: str,
    encoding: str,
    pattern: object,
    special_tokens: Mapping[str, int] | None,
    name: str | None,
) -> Tokenizer:
    if pattern is not None:
        raise VocabularyError(
            f"{source!r} is a bundled encoding, which has its pattern: pattern= is for rank files. "
            f"For another pattern: Tokenizer.from_ranks(load({encoding!r}).ranks, pattern=...)"
        )
    with _lock:
        plain = _bundled.get(encoding)
        if plain is None:
            plain = _bundled[encoding] = Tokenizer(encoding_vocabulary(encoding))
        if not special_tokens and name in (None, encoding):
            return plain
        key = ("bundled", encoding, _frozen(special_tokens), name)
        cache = _cache()
        made = cache.get(key)
        if made is None:
            made = cache[key] = Tokenizer(_extended(plain.vocabulary, special_tokens, name))
        return made


def _load_file(
    path: str,
    pattern: str | tuple[str, ...] | None,
    special_tokens: Mapping[str, int] | None,
    name: str | None,
) -> Tokenizer:
    if pattern is not None:
        check_pattern(pattern)
    path = os.path.abspath(path)
    try:
        if os.path.isdir(path):
            folder, path = path, os.path.join(path, _FOLDER_FILE)
            if not os.path.isfile(path):
                raise VocabularyFileNotFoundError(
                    f"the folder {folder} holds no {_FOLDER_FILE}", path=folder
                )
        # Before the file is read: if it changes meanwhile, the next load reads it again.
        state = os.stat(path)
    except VocabularyFileNotFoundError:
        raise
    except (FileNotFoundError, NotADirectoryError):
        raise VocabularyFileNotFoundError(f"no such file: {path}", path=path) from None
    except ValueError as error:  # a NUL in the path
        raise VocabularyFileNotFoundError(f"no path: {path!r} ({error})", path=path) from None
    key = (path, state.st_size, state.st_mtime_ns, pattern, _frozen(special_tokens), name)
    with _lock:
        cache = _cache()
        made = cache.get(key)
        if made is None:
            made = cache[key] = Tokenizer(_read(path, pattern, special_tokens, name))
        return made


def _read(
    path: str,
    pattern: str | tuple[str, ...] | None,
    special_tokens: Mapping[str, int] | None,
    name: str | None,
) -> Vocabulary:
    if path.endswith(".json"):
        from .formats import tokenizer_json

        if pattern is not None:
            raise VocabularyError(
                f"{path} has its own pattern: pattern= is for rank files", path=path
            )
        return _extended(tokenizer_json.read(path, name=name), special_tokens, None)
    from .formats import tiktoken

    if pattern is None:
        raise VocabularyError(
            f"{path} is a rank file, which has no pattern: pass pattern=, for instance that of a "
            "bundled encoding, bpe.load('cl100k_base').pattern",
            path=path,
        )
    return tiktoken.read(path, pattern=pattern, special_tokens=special_tokens or {}, name=name)


def _extended(
    vocabulary: Vocabulary, special_tokens: Mapping[str, int] | None, name: str | None
) -> Vocabulary:
    """The vocabulary with more special tokens, or another name."""
    if not special_tokens and name is None:
        return vocabulary
    added = special_tokens or {}
    check_special_tokens(added, vocabulary.ranks)
    for text, token in added.items():
        known = vocabulary.special_tokens.get(text, token)
        if known != token:
            raise VocabularyError(
                f"special token {text!r} has the id {token}, "
                f"but {vocabulary.name!r} has it as {known}"
            )
    return Vocabulary(
        name=name or vocabulary.name,
        pattern=vocabulary.pattern,
        special_tokens={**vocabulary.special_tokens, **added},
        pairs=vocabulary.pairs,
        ranks=None if vocabulary.pairs is not None else vocabulary.ranks,
        merges=vocabulary.merges,
        ignore_merges=vocabulary.ignore_merges,
        keep_unmatched=vocabulary.keep_unmatched,
        eot_token=vocabulary.eot_token,
    )


def _frozen(special_tokens: Mapping[str, int] | None) -> Hashable:
    """Special tokens as part of a key; their order counts, for two may share an id."""
    if special_tokens is None:
        return ()
    try:
        items = tuple(special_tokens.items())
        hash(items)
    except (AttributeError, TypeError):
        raise TokenTypeError(
            f"special_tokens must map text to ids, not {described(special_tokens)}",
            value=special_tokens,
        ) from None
    return items


def _cache() -> MutableMapping[Hashable, Tokenizer]:
    global _shared
    if _shared is None:
        from weakref import WeakValueDictionary

        _shared = WeakValueDictionary()
    return _shared


def _unknown(name: str) -> UnknownEncodingError:
    from difflib import get_close_matches

    from .models import find_model, model_names

    names = [*list_encodings(), *model_names()]
    wanted = name.rpartition("/")[2].lower()
    near = tuple(dict.fromkeys(get_close_matches(wanted, names, n=5, cutoff=0.6)))
    hint = f"Near matches: {', '.join(near)}." if near else ""
    if name in list_encodings():
        return UnknownEncodingError(
            f"{name!r} is no model but an encoding: load it by that name (bpe -e on the command "
            "line)",
            name=name,
            near=(name,),
        )
    if find_model(name) is not None:
        hint = (
            "Its vocabulary is not bundled or not public: load its tokenizer.json if there is one, "
            "or estimate with bpe.count_tokens."
        )
    elif os.path.exists(name):
        hint = f"It is a path: load(pathlib.Path({name!r})) reads it."
    return UnknownEncodingError(
        f"{name!r} is no bundled encoding, no known model, no folder, and no file name that ends "
        f"in .tiktoken or .json. {hint or 'list_encodings() names the encodings.'}",
        name=name,
        near=near,
    )


def _reset_lock() -> None:
    global _lock
    _lock = RLock()


# A thread that holds the lock while another forks would leave it held for ever in the child.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_lock)

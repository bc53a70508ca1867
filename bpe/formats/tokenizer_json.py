"""tokenizer.json files: byte-level BPE with a sequence of splits and added tokens.

Every part that changes ids or bytes is either honoured or refused by name; truncation, padding
and the post-processor, which act on finished ids, are left to others.  All added tokens count as
special tokens.
"""

from __future__ import annotations

import json
import os
from json import JSONDecodeError

from .._core.patterns import GPT2, check
from ..arguments import check_ranks, check_special_tokens
from ..errors import PatternError, VocabularyError, VocabularyFileNotFoundError
from ..vocabulary import Vocabulary
from .merges import pairs_of_merges
from .oniguruma import check_portable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

# End-of-text tokens to look for where no tokenizer_config.json names one.
_END_TOKENS = (
    "<|endoftext|>",
    "<｜end▁of▁sentence｜>",
    "<|end_of_text|>",
    "<|im_end|>",
    "</s>",
    "<eos>",
)


def byte_characters() -> list[str]:
    """The character that stands for each byte in the tokens of these files.

    GPT-2's alphabet: printable characters of Latin-1 stand for themselves, the other bytes, in
    order, for the characters from U+0100 on.
    """
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(0x100, 0x200))
    return [chr(byte if byte in printable else next(others)) for byte in range(256)]


# For str.translate: from those characters to Latin-1, and out of Latin-1 for all the others in it.
_TO_LATIN = dict.fromkeys(range(256), "\uffff")
_TO_LATIN.update((ord(char), chr(byte)) for byte, char in enumerate(byte_characters()))


def read(path: str | os.PathLike[str], *, name: str | None = None) -> Vocabulary:
    """The vocabulary of a tokenizer.json; `name` defaults to that of its folder, or of the file.

    The end-of-text token is the one that a tokenizer_config.json beside it names, if there is one.
    Raises VocabularyError (PatternError for a split) that names what is corrupt or unsupported.
    """
    path = os.fspath(path)
    document = _load(path)
    try:
        vocabulary = parse(document, name=name or _name_of(path))
    except VocabularyError as error:
        error.args = (f"{path}: {error}",)
        error.path = path
        raise
    config = os.path.join(os.path.dirname(path), "tokenizer_config.json")
    if os.path.isfile(config):
        end = _load(config).get("eos_token")
        end = end.get("content") if isinstance(end, dict) else end
        if isinstance(end, str) and end in vocabulary.special_tokens:
            vocabulary.eot_token = end
    return vocabulary


def parse(document: Any, *, name: str) -> Vocabulary:
    """The vocabulary of the parsed JSON of a tokenizer.json."""
    if not isinstance(document, dict) or not isinstance(document.get("model"), dict):
        raise VocabularyError("it is no tokenizer.json: it has no model")
    _check_model(document["model"])
    _check_normalizer(document.get("normalizer"))
    _check_decoder(document.get("decoder"))
    pattern = _pattern(document.get("pre_tokenizer"))
    specials = _added_tokens(document.get("added_tokens") or [])
    vocab = document["model"].get("vocab")
    data_of = _vocab_bytes(vocab)
    merges = _merges(document["model"].get("merges"), data_of)
    ranks = _ranks(vocab, data_of, specials, _in_merges(merges))
    check_ranks(ranks)
    check_special_tokens(specials, ranks)
    pairs = pairs_of_merges(merges, ranks)
    return Vocabulary(
        name=name,
        pattern=pattern,
        special_tokens=specials,
        pairs=pairs,
        ranks=ranks if pairs is None else None,
        merges=tuple(merges) if pairs is None else None,
        # In the form of pairs every token is what its bytes merge to, so the flag says nothing.
        ignore_merges=pairs is None and document["model"].get("ignore_merges") is True,
        keep_unmatched=True,
        eot_token=next((token for token in _END_TOKENS if token in specials), None),
    )


# -- the parts of the file -------------------------------------------------------------------------


def _unsupported(part: str, value: object) -> VocabularyError:
    text = json.dumps(value, ensure_ascii=False)
    return VocabularyError(
        f"{part} is not supported: {text if len(text) <= 120 else text[:117] + '...'}"
    )


def _check_model(model: dict[str, Any]) -> None:
    if model.get("type", "BPE") != "BPE":
        raise _unsupported("a model of the type", model["type"])
    for key in ("dropout", "continuing_subword_prefix", "end_of_word_suffix", "byte_fallback"):
        if model.get(key):
            raise _unsupported(f"{key} of a model", model[key])


def _check_normalizer(normalizer: Any) -> None:
    for part in _flat(normalizer, "normalizers"):
        raise _unsupported("the normalizer", part)


def _check_decoder(decoder: Any) -> None:
    for part in _flat(decoder, "decoders"):
        if part.get("type") != "ByteLevel":
            raise _unsupported("the decoder", part)


def _pattern(pre_tokenizer: Any) -> str | tuple[str, ...]:
    """The splits before ByteLevel, which must come last and turns what is left into bytes."""
    parts = list(_flat(pre_tokenizer, "pretokenizers"))
    if not parts or parts[-1].get("type") != "ByteLevel":
        raise _unsupported("a pre_tokenizer that does not end in ByteLevel", pre_tokenizer)
    last = parts.pop()
    if last.get("add_prefix_space", True):
        raise _unsupported("add_prefix_space of ByteLevel", last)
    patterns = [_split_pattern(part) for part in parts]
    if last.get("use_regex", True):
        patterns.append(GPT2)
    if not patterns:
        raise _unsupported("a pre_tokenizer without a split", pre_tokenizer)
    pattern = patterns[0] if len(patterns) == 1 else tuple(patterns)
    check(pattern)
    return pattern


def _split_pattern(part: dict[str, Any]) -> str:
    if part.get("type") != "Split":
        raise _unsupported("the pre_tokenizer", part)
    if part.get("behavior") != "Isolated" or part.get("invert"):
        raise _unsupported("a Split that is not Isolated, or inverted", part)
    given = part.get("pattern")
    if isinstance(given, dict) and isinstance(given.get("Regex"), str) and given["Regex"]:
        check_portable(given["Regex"])
        return str(given["Regex"])
    if isinstance(given, dict) and isinstance(given.get("String"), str) and given["String"]:
        # Escapes for all that is not a letter, digit or blank are the same in every syntax.
        return "".join(
            c if c.isalnum() or c.isspace() or not c.isascii() else "\\" + c
            for c in given["String"]
        )
    raise PatternError(f"a Split has no pattern: {part!r}")


def _flat(part: Any, inner: str) -> Iterator[dict[str, Any]]:
    """The parts of a Sequence, of Sequences too; nothing for null."""
    pending = [part]
    while pending:
        part = pending.pop()
        if part is None:
            continue
        if not isinstance(part, dict):
            raise VocabularyError(f"one of its {inner} is no object: {part!r}")
        if part.get("type") != "Sequence":
            yield part
            continue
        parts = part.get(inner)
        if not isinstance(parts, list):
            raise VocabularyError(f"a Sequence has no {inner}")
        pending.extend(reversed(parts))


def _added_tokens(added: Any) -> dict[str, int]:
    specials: dict[str, int] = {}
    first: list[str] = []  # those that are found in text before any of the others
    second: list[str] = []
    if not isinstance(added, list):
        raise VocabularyError("added_tokens is no list")
    for place, row in enumerate(added):
        if not isinstance(row, dict):
            raise VocabularyError(f"added token {place} is no object")
        text, token = row.get("content"), row.get("id")
        if not isinstance(text, str) or type(token) is not int:
            raise VocabularyError(f"added token {place} lacks its content or id")
        for flag in ("single_word", "lstrip", "rstrip"):
            if row.get(flag):
                raise _unsupported(f"{flag} of the added token", text)
        if specials.setdefault(text, token) != token:
            raise VocabularyError(f"added token {text!r} has two ids, {specials[text]} and {token}")
        # As the file's own library does for a flag that is not there.
        (second if row.get("normalized", not row.get("special")) else first).append(text)
    _check_overlaps(first, second)
    return specials


def _check_overlaps(first: list[str], second: list[str]) -> None:
    """Refuse two groups of which a token of the second can hide one of the first.

    We look for all of them at once, leftmost first.  That is the same unless a token of the
    second group holds, or ends with the beginning of, one of the first.
    """
    beginnings = {text[:end]: text for text in first for end in range(1, len(text) + 1)}
    whole = set(first)
    for text in second:
        for start in range(1, len(text)):
            other = beginnings.get(text[start:])
            if other is None:
                other = next(
                    (text[start:e] for e in range(start + 1, len(text)) if text[start:e] in whole),
                    None,
                )
            if other is not None:
                raise VocabularyError(
                    f"the added tokens {text!r} (normalized) and {other!r} (not) can overlap, "
                    "which is not supported"
                )


def _merges(merges: Any, vocab: dict[str, bytes | None]) -> list[tuple[bytes, bytes]]:
    """The merges as bytes, in order."""
    if not isinstance(merges, list):
        raise VocabularyError("its model has no list of merges")
    pairs: list[tuple[bytes, bytes]] = []
    for place, merge in enumerate(merges):
        both = merge.split(" ") if isinstance(merge, str) else merge
        if (
            not isinstance(both, list)
            or len(both) != 2
            or not all(isinstance(p, str) for p in both)
        ):
            raise VocabularyError(f"merge {place} is no pair of tokens: {merge!r}")
        left, right = vocab.get(both[0]), vocab.get(both[1])
        if not left or not right or both[0] + both[1] not in vocab:
            raise VocabularyError(f"merge {place} has a token that is not in vocab: {merge!r}")
        pairs.append((left, right))
    if len(set(pairs)) < len(pairs):
        seen: set[tuple[bytes, bytes]] = set()
        for left, right in pairs:
            if (left, right) in seen:
                raise VocabularyError(f"the merge of {left!r} and {right!r} is listed twice")
            seen.add((left, right))
    return pairs


def _vocab_bytes(vocab: Any) -> dict[str, bytes | None]:
    """The bytes of each token of `vocab`; None for what is not written byte by byte."""
    if not isinstance(vocab, dict):
        raise VocabularyError("its model has no vocab")
    for text, token in vocab.items():
        if type(token) is not int:
            raise VocabularyError(f"the id of {text!r} is no integer: {token!r}")
    return {text: _token_bytes(text) for text in vocab}


def _in_merges(merges: list[tuple[bytes, bytes]]) -> set[bytes]:
    """The tokens of merges: what they are made of, and what they make."""
    tokens = {left + right for left, right in merges}
    for pair in merges:
        tokens.update(pair)
    return tokens


def _ranks(
    vocab: dict[str, int],
    data_of: dict[str, bytes | None],
    specials: dict[str, int],
    in_merges: set[bytes],
) -> dict[bytes, int]:
    """The mergeable tokens of `vocab`: all but the added tokens that are in no merge."""
    ranks: dict[bytes, int] = {}
    for text, token in vocab.items():
        data = data_of[text]
        if text in specials:
            if specials[text] != token:
                raise VocabularyError(
                    f"added token {text!r} has the id {specials[text]}, but {token} in vocab"
                )
            if data is None or (data not in in_merges and len(data) > 1):
                continue
        if data is None:
            raise VocabularyError(f"token {text!r} is not written in the byte-level alphabet")
        ranks[data] = token
    return ranks


def _token_bytes(text: str) -> bytes | None:
    """The bytes of a token as it is written in the file; None if it is written otherwise."""
    try:
        return text.translate(_TO_LATIN).encode("latin-1")
    except UnicodeEncodeError:
        return None


# -- the file --------------------------------------------------------------------------------------


def _load(path: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            data = file.read()
    except FileNotFoundError:
        raise VocabularyFileNotFoundError(f"no such file: {path}", path=path) from None
    try:
        document = json.loads(data, object_pairs_hook=_unique)
    except JSONDecodeError as error:
        problem = "it is empty" if not data.strip() else str(error)
        raise VocabularyError(
            f"{path} is no JSON: {problem}", path=path, line=error.lineno
        ) from None
    except (UnicodeDecodeError, RecursionError) as error:
        raise VocabularyError(f"{path} is no JSON: {error}", path=path) from None
    except VocabularyError as error:
        raise VocabularyError(f"{path}: {error}", path=path) from None
    if not isinstance(document, dict):
        raise VocabularyError(f"{path} is no tokenizer.json: it is no object", path=path)
    return document


def _unique(rows: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object, refused if it has a key twice: of two ids for a token, JSON would keep one."""
    made = dict(rows)
    if len(made) < len(rows):
        seen: set[str] = set()
        for key, _ in rows:
            if key in seen:
                raise VocabularyError(f"the key {key!r} stands twice in one object")
            seen.add(key)
    return made


def _name_of(path: str) -> str:
    folder, file = os.path.split(os.path.abspath(path))
    stem = os.path.splitext(file)[0]
    return os.path.basename(folder) or stem if stem == "tokenizer" else stem

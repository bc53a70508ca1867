"""Rank files (.tiktoken): a line for each token, its bytes in base64 and its rank.

The file has the mergeable tokens only; pattern and special tokens are the reader's to give.
"""

from __future__ import annotations

import os
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64

from ..arguments import MAX_ID, check_pattern, check_ranks, check_special_tokens
from ..errors import VocabularyError, VocabularyFileNotFoundError
from ..vocabulary import Vocabulary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import NoReturn


def read(
    path: str | os.PathLike[str],
    *,
    pattern: str | tuple[str, ...],
    special_tokens: Mapping[str, int] | None = None,
    name: str | None = None,
) -> Vocabulary:
    """The vocabulary of a rank file; `name` defaults to the file's name without its ending.

    Raises VocabularyError, with the line, for what is no rank file or an incomplete one.
    """
    path = os.fspath(path)
    try:
        with open(path, "rb") as file:
            data = file.read()
    except FileNotFoundError:
        raise VocabularyFileNotFoundError(f"no such file: {path}", path=path) from None
    ranks = parse(data, path)
    special_tokens = special_tokens or {}
    check_pattern(pattern)
    try:
        check_ranks(ranks)
        check_special_tokens(special_tokens, ranks)
    except VocabularyError as error:
        raise VocabularyError(f"{path}: {error}", path=path) from None
    return Vocabulary(
        name=name or os.path.splitext(os.path.basename(path))[0],
        pattern=pattern,
        special_tokens=special_tokens,
        ranks=ranks,
    )


def write(path: str | os.PathLike[str], ranks: Mapping[bytes, int]) -> None:
    """Write the rank file of some ranks, for instance `tokenizer.ranks`, in the order of ids."""
    check_ranks(ranks)
    with open(path, "wb") as file:
        file.write(format_ranks(ranks))


def format_ranks(ranks: Mapping[bytes, int]) -> bytes:
    r"""The bytes of a rank file.

    >>> format_ranks({b"a": 1, b"!": 0})
    b'IQ== 0\nYQ== 1\n'
    """
    rows = sorted(ranks.items(), key=lambda row: row[1])
    return b"".join(b"%s %d\n" % (b2a_base64(token, newline=False), rank) for token, rank in rows)


def parse(data: bytes, path: str | None = None) -> dict[bytes, int]:
    r"""The ranks in the bytes of a rank file, without a look at what is missing.

    >>> parse(b"IQ== 0\nYQ== 1\n")
    {b'!': 0, b'a': 1}
    """
    ranks: dict[bytes, int] = {}
    lines: dict[int, int] = {}
    for number, line in enumerate(data.splitlines(), 1):
        fields = line.split()
        if not fields:
            continue
        if len(fields) != 2:
            _refuse(path, number, f"is not a token and its rank: {_shown(line)}")
        encoded, digits = fields
        try:
            token = a2b_base64(encoded, strict_mode=True)
        except Base64Error as error:
            _refuse(path, number, f"has no base64 for a token: {_shown(encoded)} ({error})")
        # Not all that int() takes: signs, underscores and other scripts' digits are no ranks.
        if not digits.isdigit() or len(digits) > 10 or int(digits) > MAX_ID:
            _refuse(path, number, f"has no rank from 0 to 2**32 - 2: {_shown(digits)}")
        rank = int(digits)
        if not token:
            _refuse(path, number, "has the empty token")
        if token in ranks:
            _refuse(path, number, f"has {token!r}, as line {lines[ranks[token]]} has")
        if rank in lines:
            _refuse(path, number, f"has rank {rank}, as line {lines[rank]} has")
        ranks[token] = rank
        lines[rank] = number
    if not ranks:
        raise VocabularyError(f"{path or 'the rank file'} holds no token: it is empty", path=path)
    return ranks


def _refuse(path: str | None, line: int, problem: str) -> NoReturn:
    where = f"line {line} of {path}" if path else f"line {line}"
    raise VocabularyError(f"{where} {problem}", path=path, line=line) from None


def _shown(data: bytes) -> str:
    return repr(data if len(data) <= 60 else data[:57] + b"...")

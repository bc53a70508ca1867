"""The bundled encodings: one row for each, read from the package's data at first use."""

from __future__ import annotations

from ._core.patterns import CL100K, DEEPSEEK, GPT2, O200K
from ._data import read_data
from .errors import UnknownEncodingError, VocabularyError
from .vocabulary import Vocabulary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["encoding_vocabulary", "list_encodings"]


def list_encodings() -> list[str]:
    """The names of the bundled encodings.

    >>> "cl100k_base" in list_encodings()
    True
    """
    return list(_TABLE)


def encoding_vocabulary(name: str) -> Vocabulary:
    """The vocabulary of a bundled encoding, read anew; UnknownEncodingError for another name."""
    try:
        row = _TABLE[name]
    except (KeyError, TypeError):
        raise UnknownEncodingError(
            f"{name!r} is no bundled encoding: these are {', '.join(_TABLE)}", name=str(name)
        ) from None
    pairs = read_data(row.file)[: row.rows * 8]
    if len(pairs) != row.rows * 8:
        raise VocabularyError(f"{row.file} is cut short: install the package again", path=row.file)
    return Vocabulary(
        name=name,
        pattern=row.pattern,
        special_tokens=row.special_tokens(),
        pairs=pairs,
        keep_unmatched=row.keep_unmatched,
        eot_token=row.eot_token,
    )


class _Row:
    """What is published of an encoding, and where its mergeable tokens are."""

    __slots__ = ("eot_token", "file", "keep_unmatched", "pattern", "rows", "special_tokens")

    def __init__(
        self,
        file: str,
        rows: int,
        pattern: str | tuple[str, ...],
        special_tokens: Callable[[], dict[str, int]],
        *,
        keep_unmatched: bool = False,
        eot_token: str = "<|endoftext|>",
    ) -> None:
        self.file = file
        self.rows = rows
        self.pattern = pattern
        self.special_tokens = special_tokens
        self.keep_unmatched = keep_unmatched
        self.eot_token = eot_token


_END = "<|endoftext|>"


def _gpt2() -> dict[str, int]:
    return {_END: 50256}


def _p50k_edit() -> dict[str, int]:
    fim = {"<|fim_prefix|>": 50281, "<|fim_middle|>": 50282, "<|fim_suffix|>": 50283}
    return {_END: 50256, **fim}


def _cl100k() -> dict[str, int]:
    fim = {"<|fim_prefix|>": 100258, "<|fim_middle|>": 100259, "<|fim_suffix|>": 100260}
    return {_END: 100257, **fim, "<|endofprompt|>": 100276}


def _o200k() -> dict[str, int]:
    return {_END: 199999, "<|endofprompt|>": 200018}


def _harmony() -> dict[str, int]:
    # 200018 has two names, <|endofprompt|> and <|reserved_200018|>: the first decodes.
    return {
        **_o200k(),
        "<|startoftext|>": 199998,
        "<|reserved_200000|>": 200000,
        "<|reserved_200001|>": 200001,
        "<|return|>": 200002,
        "<|constrain|>": 200003,
        "<|reserved_200004|>": 200004,
        "<|channel|>": 200005,
        "<|start|>": 200006,
        "<|end|>": 200007,
        "<|message|>": 200008,
        "<|reserved_200009|>": 200009,
        "<|reserved_200010|>": 200010,
        "<|reserved_200011|>": 200011,
        "<|call|>": 200012,
        **{f"<|reserved_{token}|>": token for token in range(200013, 201088)},
    }


def _deepseek() -> dict[str, int]:
    lines = read_data("deepseek_v3.added").decode().splitlines()
    rows = (line.split("\t") for line in lines)  # id, kind, text
    return {text: int(token) for token, _, text in rows}


# r50k_base and gpt2 are the first rows of p50k_base, whose row 50256 is a hole.
_TABLE = {
    "gpt2": _Row("p50k_base.pairs", 50256, GPT2, _gpt2),
    "r50k_base": _Row("p50k_base.pairs", 50256, GPT2, _gpt2),
    "p50k_base": _Row("p50k_base.pairs", 50281, GPT2, _gpt2),
    "p50k_edit": _Row("p50k_base.pairs", 50281, GPT2, _p50k_edit),
    "cl100k_base": _Row("cl100k_base.pairs", 100256, CL100K, _cl100k),
    "o200k_base": _Row("o200k_base.pairs", 199998, O200K, _o200k),
    "o200k_harmony": _Row("o200k_base.pairs", 199998, O200K, _harmony),
    "deepseek_v3": _Row(
        "deepseek_v3.pairs",
        128000,
        DEEPSEEK,
        _deepseek,
        keep_unmatched=True,
        eot_token="<｜end▁of▁sentence｜>",
    ),
}

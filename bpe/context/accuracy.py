"""How far estimates of token counts are off: the 95th percentiles of a measurement, as data.

Measured by bench/accuracy.py, whose tables are in bench/ACCURACY.md: pieces of 2,000 characters of
English prose and documentation, Python source, JSON data, Chinese, Japanese and Korean, and
Russian, counted by every vocabulary that could be had: cl100k_base, o200k_base, deepseek_v3, and
those of Llama 3, Llama 4, Qwen, Mistral (32k) and Grok-1.  An error is |estimate - truth| / truth.

What the figures are, and are not: a model whose tokenizer is not public (Claude, GPT-6, Grok 4)
gives no truth to measure, so its figure is the spread between the vocabularies that are public, and
is exceeded if its own is unlike all of these.  Of Claude from Opus 4.7 on, measurements with its
API that others published found a third more tokens than before for the same English text: expect
counts for these models to be low by about that much, and keep a margin.  Errors of single texts are
larger than those of a long conversation, in which they partly cancel out.
"""

from __future__ import annotations

from ..arguments import shown
from ..errors import ArgumentError
from .kinds import KINDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .kinds import Kind

__all__ = ["MEASURED", "PERCENTILES", "error_of"]

# Estimator: prose, code, json, cjk, other (as in kinds.KINDS), all.  Written by
# `python bench/accuracy.py --write`.
# fmt: off
MEASURED = "2026-11-20"
PERCENTILES: dict[str, tuple[float, ...]] = {
    "chars/3": (0.573, 0.659, 0.486, 0.531, 0.530, 0.577),
    "chars/4": (0.319, 0.382, 0.449, 0.645, 0.353, 0.516),
    "cl100k_base": (0.196, 0.270, 0.288, 0.431, 0.309, 0.320),
    "o200k_base": (0.193, 0.251, 0.317, 0.386, 0.268, 0.300),
    "deepseek_v3": (0.170, 0.212, 0.281, 0.399, 0.239, 0.289),
    "p50k_base": (0.323, 0.441, 0.643, 1.743, 1.854, 1.386),
    "gpt2": (0.921, 1.586, 2.443, 1.782, 1.909, 2.082),
    "Calibrated": (0.306, 0.387, 0.431, 0.469, 0.346, 0.393),
}
# fmt: on

# Encodings that count ordinary text alike.
ALIKE = {"o200k_harmony": "o200k_base", "p50k_edit": "p50k_base", "r50k_base": "gpt2"}


def error_of(nearest: str | None, kind: Kind | None = None) -> float:
    """The 95th percentile of the relative error of an estimate, over the other vocabularies.

    `nearest` is the bundled encoding that a model with another vocabulary is counted with; None is
    the rule of thumb, characters / 3.  `kind` is a kind of text of bpe.context.kinds, None for all
    of them in equal parts.  Raises ArgumentError for names that do not exist.

    >>> 0.0 < error_of("o200k_base", "prose") < error_of("o200k_base")
    True
    """
    try:
        row = PERCENTILES["chars/3" if nearest is None else ALIKE.get(nearest, nearest)]
    except (KeyError, TypeError):
        raise ArgumentError(
            f"nothing was measured of {nearest!r}: it must be a bundled encoding or None"
        ) from None
    if kind is None:
        return row[-1]
    if kind not in KINDS:
        raise ArgumentError(f"{shown(kind)} is no kind of text: these are {', '.join(KINDS)}")
    return row[KINDS.index(kind)]

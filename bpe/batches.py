"""One method over many texts, or many lists of ids."""

from __future__ import annotations

from .arguments import UNFIT, as_batch, as_threads, check_batch, usable_text
from .errors import RefusedTextError
from .specials import refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import TypeVar

    from ._core.interface import SpecialSet
    from .specials import Choice, Specials

    T = TypeVar("T")


def encode_each(
    specials: Specials,
    method: Callable[[Sequence[str], SpecialSet | None, SpecialSet | None, int], list[T]],
    text: Iterable[str],
    num_threads: int | None,
    allowed: Choice,
    refused: Choice,
) -> list[T]:
    """A core's batch method, after the policy on special tokens; names the text at fault."""
    texts = as_batch(text)
    threads = as_threads(num_threads)
    wanted, unwanted = specials.resolve(allowed, refused)
    try:
        return method(texts, wanted, unwanted, threads)
    except UNFIT as error:
        texts = [_fit(text, unwanted, error, index) for index, text in enumerate(texts)]
        return method(texts, wanted, None, threads)


def decode_each(
    method: Callable[[Iterable[int]], T],
    batch: Iterable[Iterable[int]],
    num_threads: int | None,
) -> list[T]:
    """The bytes, or the text, of each list of ids.

    Decoding copies bytes: no number of threads beats the loop, so `num_threads` is only checked.
    """
    as_threads(num_threads)
    check_batch(batch, "lists of ids")
    pieces: list[T] = []
    add = pieces.append
    try:
        for tokens in batch:
            add(method(tokens))
    except Exception as error:
        error.add_note(f"in a batch, at index {len(pieces)}")
        raise
    return pieces


def _fit(text: object, unwanted: SpecialSet | None, error: Exception, index: int) -> str:
    """A text of a batch, repaired; raises if it is no str, or holds a refused token."""
    if not (isinstance(error, RefusedTextError) and isinstance(text, str)):  # else as it is
        text = usable_text(text, TypeError(), index)
    refuse(unwanted, text, index)
    return text

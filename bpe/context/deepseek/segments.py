"""What a format renders to: pieces of text, each a special token or plain, and whose it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from ...arguments import shown
from ...errors import ArgumentError, ModelNotSupportedError
from .markers import SYSTEM, finder

if TYPE_CHECKING:
    from ...tokenizer import Tokenizer

# A Segment as the formats write it: a plain tuple costs a tenth of a named one.
Piece: TypeAlias = tuple[str, bool, int | None, str]

# A kind with no message: what asks for the answer, and definitions of tools.
REPLY: Final = "reply"
TOOLS: Final = "tools"


class Segment(NamedTuple):
    """A piece of what the model is given; all of them joined are the rendered text.

    `markup` says that `text` is exactly one special token, which becomes one id.  Anything else is
    plain: the text of messages, and what the format writes between its special tokens.  Plain
    segments that follow each other form one run, which is encoded as one text.

    `index` is that of the message it belongs to, None for what belongs to the request.  `kind` is
    that of a PartCount, "tools" for definitions of tools or "reply" for what every request has (its
    first token, the paragraph about effort, and what opens the answer).  What stands round a call
    or a result is of its kind.
    """

    text: str
    markup: bool
    index: int | None  # type: ignore[assignment]  # hides tuple.index
    kind: str


def runs(pieces: Iterable[Piece]) -> Iterator[tuple[str, bool, Sequence[Piece]]]:
    """(text, whether it is a special token, what it was made of), in order; no text is empty."""
    run: list[Piece] = []
    for piece in pieces:
        if piece[1]:
            if run:
                yield _joined(run), False, run
                run = []
            yield piece[0], True, (piece,)
        elif piece[0]:
            run.append(piece)
    if run:
        yield _joined(run), False, run


def _joined(run: Sequence[Piece]) -> str:
    return run[0][0] if len(run) == 1 else "".join([piece[0] for piece in run])


def with_typed_markers(pieces: Iterable[Piece], names: frozenset[str]) -> list[Piece]:
    """`pieces`, where markers that occur in plain text have become special tokens.

    A marker belongs to the message in whose text it begins.  No marker can be made of plain text
    and a special token beside it: none begins with the end of another.
    """
    find = finder(names).finditer
    found: list[Piece] = []
    for text, markup, made_of in runs(pieces):
        if markup:
            found.extend(made_of)
            continue
        spans = [match.span() for match in find(text)]
        if not spans:
            found.extend(made_of)
            continue
        owners = iter(made_of)
        owner = next(owners)
        end_of_owner = len(owner[0])
        for start, stop, special in _alternating(spans, len(text)):
            place = start
            while place < stop:
                while end_of_owner <= place:
                    owner = next(owners)
                    end_of_owner += len(owner[0])
                until = stop if special else min(stop, end_of_owner)
                found.append((text[place:until], special, owner[2], owner[3]))
                place = until
    return found


def _alternating(spans: list[tuple[int, int]], length: int) -> Iterator[tuple[int, int, bool]]:
    place = 0
    for start, stop in spans:
        yield place, start, False
        yield start, stop, True
        place = stop
    yield place, length, False


def check_markers(markers: str) -> None:
    """ArgumentError unless `markers` is "text" or "special"."""
    if markers not in ("text", "special"):
        raise ArgumentError(f"markers must be 'text' or 'special', not {shown(markers)}")


def token_ids(
    segments: Iterable[Segment | Piece], tokenizer: Tokenizer, markers: str = "text"
) -> list[int]:
    """The ids that the model is given.

    With `markers="special"` markers in the text of messages become special tokens too, as they do
    where a rendered text is encoded as a whole.  ModelNotSupportedError if the tokenizer lacks a
    special token of the format, as the bundled one lacks that of v4.1.
    """
    check_markers(markers)
    ids_of = tokenizer.special_tokens
    if markers == "special":
        segments = with_typed_markers(segments, tokenizer.special_tokens_set)
    ids: list[int] = []
    for text, markup, _ in runs(segments):
        if not markup:
            ids += tokenizer.encode_ordinary(text)
        elif text in ids_of:
            ids.append(ids_of[text])
        else:
            model = " of DeepSeek-V4.1" if text == SYSTEM else ""
            raise ModelNotSupportedError(
                f"{tokenizer.name!r} has no special token {text!r}{model}: its ids are not known"
            )
    return ids

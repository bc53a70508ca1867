"""Marked blocks in texts: what was retrieved for a turn, what describes the user."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ...arguments import described, shown
from ...errors import ArgumentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    Marker: TypeAlias = tuple[re.Pattern[str], re.Pattern[str]]
    Markers: TypeAlias = Iterable[str | tuple[str, str]]

__all__ = ["PROFILE", "RAG", "Block", "blocks_of", "compile_markers"]

RAG = ("memory", "memories", "knowledge", "context", "documents", "document", "retrieved", "rag")
PROFILE = ("profile", "user_profile", "persona", "user")

_NAME = re.compile(r"[A-Za-z_][\w.-]*\Z")
# A blank line, or the end of the text.
_BLANK = re.compile(r"\n[ \t]*\n|\Z")


@dataclass(frozen=True, slots=True)
class Block:
    """A marked block: `text[begin:end]` with its marks, `text[inner:outer]` without."""

    begin: int
    inner: int
    outer: int
    end: int


def compile_markers(markers: Markers, what: str) -> tuple[Marker, ...]:
    """How blocks begin and end, from what a caller says of it.

    - a name such as "memory": `<memory ...>` to `</memory>`, or `[memory]` to `[/memory]`, in any
      case;
    - a pair: from the first text to the second;
    - any other text, such as "## Memory": from there to the next blank line.
    """
    if isinstance(markers, str) or not isinstance(markers, Iterable):
        raise ArgumentError(f"{what} must be a list of markers, not {described(markers)}")
    made: list[Marker] = []
    given: Iterable[object] = markers
    for marker in given:
        if isinstance(marker, str) and _NAME.match(marker):
            name = re.escape(marker)
            # No `<` within the tag keeps the search linear.
            made.append((_compiled(rf"<{name}(?:\s[^<>]*)?>"), _compiled(rf"</{name}\s*>")))
            made.append((_compiled(rf"\[{name}\]"), _compiled(rf"\[/{name}\]")))
        elif isinstance(marker, str) and marker:
            made.append((re.compile(re.escape(marker)), _BLANK))
        elif (
            isinstance(marker, (tuple, list))
            and len(marker) == 2
            and all(isinstance(each, str) and each for each in marker)
        ):
            made.append((re.compile(re.escape(marker[0])), re.compile(re.escape(marker[1]))))
        else:
            raise ArgumentError(f"a marker in {what} is a text or a pair of texts: {shown(marker)}")
    return tuple(made)


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def blocks_of(text: str, markers: Sequence[Marker]) -> list[Block]:
    """The blocks of a text in their order; none overlap, of nested ones the outer counts.

    Linear in the text for each marker.  A block that is opened and not closed is none, unless a
    blank line is what closes it.
    """
    found: list[Block] = []
    for opening, closing in markers:
        at = 0
        while (begins := opening.search(text, at)) is not None:
            ends = closing.search(text, begins.end())
            if ends is None:
                break
            at = ends.end()
            found.append(Block(begins.start(), begins.end(), ends.start(), at))
    found.sort(key=lambda block: (block.begin, -block.end))
    kept: list[Block] = []
    for block in found:
        if not kept or block.begin >= kept[-1].end:
            kept.append(block)
    return kept

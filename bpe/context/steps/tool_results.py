"""Step 4: results of tools from before the latest user turn are cut to their limit."""

from __future__ import annotations

from ..shorten import shorten_result, shorten_text
from .history import GAP
from .sentences import Worth, sentences, words_of
from .slots import slots_of, with_texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..counter import ModelCounter
    from .slots import Path
    from .state import State

__all__ = ["ToolResults"]

# Texts of fewer sentences are cut in the middle, and so are all to fewer tokens than these.
_FEWEST, _LEAST = 4, 24
# Tokens of a mark for what is missing, of the last such mark, and what every line costs besides.
_GAP_TOKENS, _MARKER, _COST = 2, 4, 4


class ToolResults:
    """Cuts results of more than `tool_result_max_tokens`, oldest first, while it is needed.

    What is JSON stays JSON.  Of text that is long the lines that are worth most stay between head
    and tail.  A result of several texts has one limit for all.
    """

    name = "tool_results"

    def __call__(self, state: State) -> None:
        """Results within the last n messages, and after the latest user message, stay."""
        protected, most = state.protected(), state.config.tool_result_max_tokens
        for at in range(state.latest_user()):
            # A message of fewer tokens has no result of more.
            if at in protected or state.tokens[at] <= most:
                continue
            message = state.messages[at]
            results: dict[Path, list[tuple[Path, str]]] = {}
            for slot in slots_of(message):
                if slot.result:
                    whole = slot.path[:3] if slot.path[2:3] == ("content",) else ()
                    results.setdefault(whole, []).append((slot.path, slot.text))
            new: dict[Path, str | None] = {}
            for texts in results.values():
                new |= _cut(texts, most, state)
            if new:
                state.replace(at, with_texts(message, new))
                if not state.needed:
                    return


def _cut(texts: list[tuple[Path, str]], most: int, state: State) -> dict[Path, str | None]:
    """The texts of one result that become shorter; the first ones have the first claim."""
    counts = [state.count_text(text) for _, text in texts]
    if sum(counts) <= most:
        return {}
    counter = state.framing.counter
    cut: dict[Path, str | None] = {}
    left = most
    for number, ((path, text), tokens) in enumerate(zip(texts, counts, strict=True)):
        share = max(
            1, left - sum(min(each, left // (2 * len(texts))) for each in counts[number + 1 :])
        )
        if tokens > share:
            made = _excerpt(text, share, counter) or shorten_result(text, share, counter)
            cut[path] = made
            tokens = state.count_text(made)
        left = max(0, left - tokens)
    return cut


def _excerpt(text: str, most: int, counter: ModelCounter) -> str | None:
    """Head and tail in half of the tokens, and in the rest the lines of the middle with most worth.

    None for JSON, and where there is no line between, or no room.
    """
    if most < _LEAST or text.lstrip()[:1] in ("{", "["):
        return None
    pieces = sentences(text)
    if len(pieces) < _FEWEST:
        return None
    begin, end = pieces[0], pieces[-1]
    room = most - _MARKER
    begin, end = shorten_text(begin, room // 4, counter), shorten_text(end, room // 4, counter)
    room -= counter.count(begin) + counter.count(end)
    middle = pieces[1:-1]
    words = [words_of(piece) for piece in middle]
    worth = Worth(words)
    counts = counter.count_batch(middle)
    ranks = [
        worth.of(piece, own) / (tokens + _COST)
        for piece, own, tokens in zip(middle, words, counts, strict=True)
    ]
    chosen: set[int] = set()
    seen: set[str] = set()
    for at in sorted(range(len(middle)), key=lambda at: -ranks[at]):
        cost = counts[at] + _GAP_TOKENS
        plain = " ".join(middle[at].split())
        if plain and cost <= room and plain not in seen:
            seen.add(plain)
            chosen.add(at)
            room -= cost
    if not chosen:
        return None
    parts, last = [begin], -1
    for at in sorted(chosen):
        parts += ("" if at == last + 1 else GAP, middle[at])
        last = at
    parts += ("" if last == len(middle) - 1 else GAP, end)
    made = "".join(parts)
    return made if counter.count(made) <= most else None

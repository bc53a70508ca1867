"""Step 4: results of tools from before the latest user turn are cut to their limit."""

from __future__ import annotations

from ..shorten import shorten_result
from .slots import slots_of, with_texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .slots import Path
    from .state import State

__all__ = ["ToolResults"]


class ToolResults:
    """Cuts results of more than `tool_result_max_tokens`, oldest first, while it is needed.

    Head and tail stay; what is JSON stays JSON.  A result of several texts has one limit for all.
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
            made = shorten_result(text, share, counter)
            cut[path] = made
            tokens = state.count_text(made)
        left = max(0, left - tokens)
    return cut

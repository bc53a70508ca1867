"""Step 2: a directive to answer briefly, the one thing that is ever added."""

from __future__ import annotations

from .slots import is_system, role_of, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .state import State

__all__ = ["CONCISENESS_MARK", "Conciseness", "directive_at"]

# By this the next call knows the directive again, whatever its text was then.
CONCISENESS_MARK = "[Be concise]"


class Conciseness:
    """Adds the directive after the leading system messages, once, under pressure.

    It has the role of the message before it, "system" without any.  The optimizer takes it back if
    the result does not fit with it.
    """

    name = "conciseness"

    def __call__(self, state: State) -> None:
        """Adds it unless it is there."""
        if not state.pressed or directive_at(state.messages) is not None:
            return
        at = state.after_system()
        role = role_of(state.messages[at - 1]) if at else "system"
        text = f"{CONCISENESS_MARK} {state.render('conciseness')}"
        state.insert(at, {"role": role, "content": text})


def directive_at(messages: Sequence[Any]) -> int | None:
    """Where the directive stands, also as a part of a longer system message."""
    for at, message in enumerate(messages):
        if is_system(message) and CONCISENESS_MARK in text_of(message):
            return at
    return None

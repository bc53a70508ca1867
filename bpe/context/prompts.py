"""A system prompt that is given apart from the messages."""

from __future__ import annotations

from ..errors import TokenCountError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, TypeAlias, TypeVar

    Messages: TypeAlias = Sequence[Mapping[str, Any]]
    T = TypeVar("T")


def system_message(system_prompt: str) -> dict[str, Any]:
    """The message that a system prompt is."""
    return {"role": "system", "content": system_prompt}


def check_system_prompt(system_prompt: object) -> None:
    """A str, or TokenCountError; an empty one stands for none."""
    if not isinstance(system_prompt, str):
        raise TokenCountError(
            f"system_prompt must be a str, not {type(system_prompt).__name__}",
            path="system_prompt",
        )


def with_system(count: Callable[[Messages], T], messages: Messages, system_prompt: str) -> T:
    """`count` of the messages with the system prompt before them, unless it is empty.

    An error names the index that a message has in `messages`.
    """
    check_system_prompt(system_prompt)
    if not system_prompt:
        return count(messages)
    try:
        return count([system_message(system_prompt), *messages])
    except (TokenCountError, TypeError):
        count(messages)  # raises, with the caller's own indices
        raise

"""What a caller may choose about a request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...arguments import shown
from ...errors import ArgumentError
from .wire import fail

# Efforts that some format or API knows.
EFFORTS = frozenset(("none", "minimal", "low", "medium", "high", "xhigh", "max"))


class Options:
    """Choices; each format takes those it knows and ignores the rest, as the templates do."""

    __slots__ = (
        "add_generation_prompt",
        "drop_reasoning",
        "effort",
        "must_call",
        "thinking",
        "tools",
    )

    def __init__(
        self,
        tools: object = None,
        tool_choice: object = None,
        thinking: bool | None = None,
        effort: str | None = None,
        add_generation_prompt: bool = True,
        drop_reasoning: bool | None = None,
    ) -> None:
        if tools is None or tool_choice == "none":
            tools = ()  # definitions that may not be used are not given to the model
        if isinstance(tools, (str, bytes, Mapping)) or not isinstance(tools, Iterable):
            fail(None, "tools", f"must be a list of tools, not {type(tools).__name__}")
        named: object = effort
        if named is not None and not (isinstance(named, str) and named in EFFORTS):
            known = ", ".join(sorted(EFFORTS))
            raise ArgumentError(f"effort must be None or one of {known}, not {shown(effort)}")
        self.tools = [*tools]
        self.must_call = bool(self.tools) and tool_choice not in (None, "auto", "none")
        self.thinking = thinking
        self.effort = effort
        self.add_generation_prompt = add_generation_prompt
        self.drop_reasoning = drop_reasoning

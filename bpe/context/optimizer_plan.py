"""What an optimization did: the steps that fired, and the figures of the call."""

from __future__ import annotations

from dataclasses import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["OptimizationPlan", "OptimizationResult", "StepRecord"]


@dataclass(frozen=True, slots=True)
class StepRecord:
    """A step that fired: tokens of the whole request before and after it.

    `note` says what did not work out, such as a summariser that failed; empty otherwise.
    """

    name: str
    before: int
    after: int
    note: str = ""

    @property
    def saved(self) -> int:
        """Tokens saved, counted and not estimated; negative for the directive, which adds some."""
        return self.before - self.after


@dataclass(frozen=True, slots=True)
class OptimizationPlan:
    """The steps that fired, in their order, and the budgets that they worked for, all in tokens.

    `original_tokens - optimized_tokens` is the sum of what the steps saved.  `prompt_limit` is the
    prompt budget, less the error of a counter that only estimates; `history_cap` is beside the
    tools in use at the end.  Where the optimizer is disabled nothing is counted, and all are 0.
    """

    steps: tuple[StepRecord, ...] = ()
    original_tokens: int = 0
    optimized_tokens: int = 0
    prompt_budget: int = 0
    prompt_limit: int = 0
    system_cap: int = 0
    rag_cap: int = 0
    history_cap: int = 0
    history_tokens: int = 0

    @property
    def saved(self) -> int:
        """Tokens saved by all steps."""
        return self.original_tokens - self.optimized_tokens

    @property
    def fired(self) -> tuple[str, ...]:
        """The names of the steps that fired."""
        return tuple(step.name for step in self.steps)


@dataclass(frozen=True, slots=True)
class OptimizationResult:
    """What to send: `conversation`, `tools` and `request_params`; how it came to be: `plan`.

    - `conversation`, `tools`: the very objects that were given, where nothing was to be done.
    - `request_params`: `max_tokens`, `frequency_penalty` and `presence_penalty` for the request;
      empty where the optimizer is disabled.
    - `metrics`: figures of this call: original_tokens, optimized_tokens, saved_tokens, saved_ratio
      (of the original), compacted, messages_before, messages_after, tools_before, tools_after.
    """

    conversation: list[Any]
    tools: list[Any] | None
    plan: OptimizationPlan
    request_params: dict[str, Any]
    metrics: dict[str, int | float | bool]

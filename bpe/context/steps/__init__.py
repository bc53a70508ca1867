"""The steps of an optimization: one file and one interface each, and their order in one table."""

from __future__ import annotations

from typing import Protocol

from .conciseness import Conciseness
from .history import History
from .rag import RagDeduplication
from .summary import Summary
from .system_prompt import SystemPrompt
from .tool_results import ToolResults
from .tool_schemas import ToolSchemas

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from .state import State

__all__ = ["STEPS", "Step"]


class Step(Protocol):
    """One way to save tokens; called only while some are still to be saved."""

    @property
    def name(self) -> str:
        """As it stands in the plan."""
        ...

    def __call__(self, state: State) -> None:
        """Changes messages or tools by the methods of `state`; keeps nothing between calls."""
        ...


STEPS: Final[tuple[Step, ...]] = (
    RagDeduplication(),
    Conciseness(),
    ToolSchemas(),
    ToolResults(),
    SystemPrompt(),
    History(),
    Summary(),
)

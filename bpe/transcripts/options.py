"""What `compress` is told: the mode, and the limits of what it changes."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from ..arguments import shown
from ..errors import ArgumentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..context.counter import Counter
    from .entries import Adapter

__all__ = ["Mode", "Options"]


class Mode(enum.Enum):
    """What is kept of a transcript."""

    CONVERSATION_ONLY = "conversation_only"
    """What user and assistant said, verbatim, and a mark for each tool call with a description."""
    LOSSLESS = "lossless"
    """Every entry; what tools, the assistant and the system repeat or pad is shortened."""


@dataclass(frozen=True, slots=True)
class Options:
    """Options of `compress`.

    Reads of more than `large_read_max_lines` lines keep `large_read_keep_lines` at each end.
    Outputs of tools of at least `tool_result_min_bytes` bytes (UTF-8) are remembered, the last
    `tool_result_lru_size` different ones of them; 0 remembers none.  `counter` counts tokens, None
    counts nothing.  `adapter` reads another format: a name of `bpe.transcripts.adapters.ADAPTERS`,
    or an Adapter; None is the plain format of one entry a line.
    """

    mode: Mode = Mode.CONVERSATION_ONLY
    large_read_max_lines: int = 120
    large_read_keep_lines: int = 40
    tool_result_lru_size: int = 1024
    tool_result_min_bytes: int = 512
    counter: Counter | None = None
    adapter: str | Adapter | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.mode, Mode):
            raise ArgumentError(
                f"mode must be Mode.CONVERSATION_ONLY or Mode.LOSSLESS, not {shown(self.mode)}"
            )
        for name in (
            "large_read_max_lines",
            "large_read_keep_lines",
            "tool_result_lru_size",
            "tool_result_min_bytes",
        ):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise ArgumentError(f"{name} must be an integer of at least 0, not {shown(value)}")
        if self.counter is not None and not callable(getattr(self.counter, "count", None)):
            raise ArgumentError(
                f"a counter needs a method count(text), which {type(self.counter).__name__} lacks"
            )
        if isinstance(self.adapter, str):
            from .adapters import check_name

            check_name(self.adapter)
        elif self.adapter is not None and not callable(getattr(self.adapter, "entries", None)):
            raise ArgumentError(
                f"an adapter needs a method entries(value), which "
                f"{type(self.adapter).__name__} lacks"
            )

"""What a run did, in numbers that add up."""

from __future__ import annotations

import logging
from dataclasses import dataclass, fields

__all__ = ["Stats"]

_logger = logging.getLogger("bpe.transcripts")


@dataclass(slots=True)
class Stats:
    """Counts of one run, or of several that were added.

    `bytes_in` and `bytes_out` are uncompressed.  `tools_marked` counts every described tool entry
    of which a mark was made: `tools_marked - tools_batched` marks are written.  `ansi_stripped`
    counts escape sequences, `progress_collapsed` lines, the others what their names say.
    `tokens_in` and `tokens_out` are sums over the lines, each counted with its end as a text of its
    own; they are 0, and `tokens_exact` False, where there was no counter.
    """

    entries_in: int = 0
    entries_out: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    tools_marked: int = 0
    tools_batched: int = 0
    tools_dropped: int = 0
    system_dropped: int = 0
    header_dropped: int = 0
    ansi_stripped: int = 0
    progress_collapsed: int = 0
    images_elided: int = 0
    large_reads_elided: int = 0
    reminders_deduped: int = 0
    tool_results_refd: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_exact: bool = False

    def reduction(self) -> float:
        """The share of the bytes that was saved, 0.0 if there were none; below 0 if it grew."""
        return 1 - self.bytes_out / self.bytes_in if self.bytes_in else 0.0

    def token_reduction(self) -> float:
        """The share of the tokens that was saved, 0.0 if there were none or none were counted."""
        return 1 - self.tokens_out / self.tokens_in if self.tokens_in else 0.0

    def add(self, other: Stats) -> Stats:
        """Add the counts of another run to these, and return these.

        The sum is exact if both are; what has read nothing leaves the other's word.
        """
        if not other.bytes_in:
            exact = self.tokens_exact
        elif not self.bytes_in:
            exact = other.tokens_exact
        else:
            exact = self.tokens_exact and other.tokens_exact
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))
        self.tokens_exact = exact
        return self

    def as_dict(self) -> dict[str, int | bool]:
        """The counts by name, in the order of the fields."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def check(self) -> None:
        """Assert that every entry that came in went out, or is counted among those that did not."""
        assert self.entries_in == (
            self.entries_out
            + self.header_dropped
            + self.system_dropped
            + self.tools_dropped
            + self.tools_batched
        ), f"entries do not add up: {self}"

    def log(self, logger: logging.Logger | None = None, level: int = logging.INFO) -> None:
        """One record, with each count, `reduction` and `token_reduction` as fields of their own."""
        (logger or _logger).log(
            level,
            "transcript compressed: %d of %d entries, %d of %d bytes",
            self.entries_out,
            self.entries_in,
            self.bytes_out,
            self.bytes_in,
            extra={
                **self.as_dict(),
                "reduction": self.reduction(),
                "token_reduction": self.token_reduction(),
            },
        )

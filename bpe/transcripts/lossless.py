"""LOSSLESS: every entry stays; of its bytes only strings change, those that a transform changed."""

from __future__ import annotations

from .json_bytes import escaped, is_json, root
from .transforms import (
    Reminders,
    Results,
    collapse_progress,
    cut_read,
    elide_images,
    strip_ansi,
)
from .transforms.reads import is_read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .entries import Adapter
    from .options import Options
    from .stats import Stats

__all__ = ["Lossless"]

_CHANGED = ("assistant", "tool", "system")


class Lossless:
    """The lines of one transcript, one after the other."""

    def __init__(
        self,
        options: Options,
        stats: Stats,
        emit: Callable[[bytes], None],
        adapter: Adapter,
        plain: bool,
    ) -> None:
        self._options = options
        self._stats = stats
        self._emit = emit
        self._adapter = adapter
        self._plain = plain
        self._reminders = Reminders()
        self._results = Results(options.tool_result_lru_size, options.tool_result_min_bytes)

    def line(self, line: bytes, number: int) -> None:
        """Emit one line, changed or not; `number` counts from 1."""
        if (self._plain and not self._may_change(line)) or not is_json(line):
            entries, made = 1, line
        else:
            entries, made = self._changed(line, number)
        self._stats.entries_in += entries
        self._stats.entries_out += entries
        self._emit(made)

    def end(self) -> None:
        """Nothing is held back."""

    def _may_change(self, line: bytes) -> bool:
        r"""False only if no transform can have anything to do: a cheap look at the raw bytes.

        A control character stands in JSON as an escape, and what is spelled with `\u00` may be
        any ASCII character.
        """
        return (
            b"\\u00" in line
            or b"\\r" in line
            or b"data:image" in line
            or b"<system-reminder>" in line
            or (
                b"tool_output" in line
                and (
                    len(line) >= self._options.tool_result_min_bytes
                    or line.count(b"\\n") >= self._options.large_read_max_lines
                )
            )
        )

    def _changed(self, line: bytes, number: int) -> tuple[int, bytes]:
        entries = 0
        edits: list[tuple[int, int, bytes]] = []
        for entry in self._adapter.entries(root(line)):
            entries += 1
            if entry.type not in _CHANGED:
                continue
            for field in entry.fields:
                text = field.value.string()
                if text is None:
                    continue
                made = self._transformed(text, number, field.output, entry.tool_name)
                if made is not text and made != text:
                    edits.append((field.value.start, field.value.end, escaped(made)))
        if not edits:
            return max(entries, 1), line
        edits.sort()
        result = bytearray()
        place = 0
        for start, end, new in edits:
            result += line[place:start]
            result += new
            place = end
        result += line[place:]
        return entries, bytes(result)

    def _transformed(self, text: bytes, number: int, output: bool, tool_name: str) -> bytes:
        stats, options = self._stats, self._options
        text, found = strip_ansi(text)
        stats.ansi_stripped += found
        text, found = collapse_progress(text)
        stats.progress_collapsed += found
        text, found = elide_images(text)
        stats.images_elided += found
        text, found = self._reminders.dedupe(text, number)
        stats.reminders_deduped += found
        if output:
            if is_read(tool_name):
                text, found = cut_read(
                    text, options.large_read_max_lines, options.large_read_keep_lines
                )
                if found:
                    stats.large_reads_elided += 1
                    self._reminders.forget_new_ones_outside(text)
            text, found = self._results.dedupe(text, number)
            stats.tool_results_refd += found
        return text

"""CONVERSATION_ONLY: user and assistant stay byte for byte, described tool calls become marks."""

from __future__ import annotations

import json
import re

from .entries import description_in, description_of
from .json_bytes import SMALL, is_json, loaded, root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .entries import Adapter, Entry
    from .options import Options
    from .stats import Stats

__all__ = ["Conversation", "shortened"]

# Bytes of a mark's description, in UTF-8, the ellipsis included.
MAX_DESCRIPTION = 200
_ELLIPSIS = "…".encode()

_GOING = ("header", "tool", "system")
_SPOKEN = re.compile(rb'type"[ \t\r\n]*+:[ \t\r\n]*+"(?:user|assistant)"')


class Conversation:
    """The lines of one transcript, one after the other; `end` writes the mark that is held back."""

    def __init__(
        self,
        options: Options,
        stats: Stats,
        emit: Callable[[bytes], None],
        adapter: Adapter,
        plain: bool,
    ) -> None:
        self._stats = stats
        self._emit = emit
        self._adapter = adapter
        self._plain = plain
        self._mark: bytes | None = None
        self._count = 0
        self._mark_end = b""

    def line(self, line: bytes, number: int) -> None:
        """Emit one line, or what stands for it, if anything; `number` counts from 1."""
        if self._plain:
            if _is_spoken(line):
                self._keep(line, 1)
                return
            if len(line) <= SMALL and self._small(line):
                return
        if not is_json(line):
            self._keep(line, 1)
            return
        number_of = 0
        going: list[Entry] = []
        kept = False
        for entry in self._adapter.entries(root(line)):
            number_of += 1
            if kept:
                continue
            if entry.type in _GOING:
                going.append(entry)
            else:
                kept = True
                going.clear()
        if kept or not number_of:
            self._keep(line, max(number_of, 1))
            return
        for entry in going:
            described = description_of(entry.tool_input) if entry.type == "tool" else ""
            self._drop(entry.type, described, line)

    def end(self) -> None:
        """Write the last mark."""
        self._flush()

    def _small(self, line: bytes) -> bool:
        """Deal with a plain line the quick way; False if it is nested too deeply for that."""
        try:
            found = loaded(line)
        except ValueError:
            self._keep(line, 1)
            return True
        except RecursionError:
            return False
        kind = found.get("type") if isinstance(found, dict) else None
        # A list or an object may be the type, and is none of these.
        if not isinstance(kind, str) or kind not in _GOING:
            self._keep(line, 1)
        else:
            assert isinstance(found, dict)
            described = description_in(found.get("tool_input")) if kind == "tool" else ""
            self._drop(kind, described, line)
        return True

    def _drop(self, kind: str, description: str, line: bytes) -> None:
        """Count an entry that goes, and mark it if it was described."""
        stats = self._stats
        stats.entries_in += 1
        if kind == "header":
            stats.header_dropped += 1
        elif kind == "system":
            stats.system_dropped += 1
        elif not description:
            stats.tools_dropped += 1
        else:
            self._tool(description, line)

    def _keep(self, line: bytes, entries: int) -> None:
        if self._mark is not None:
            self._flush()
        self._stats.entries_in += entries
        self._stats.entries_out += entries
        self._emit(line)

    def _tool(self, description: str, line: bytes) -> None:
        self._stats.tools_marked += 1
        mark = shortened(description)
        if mark == self._mark:
            self._count += 1
            self._stats.tools_batched += 1
        else:
            if self._mark is not None:
                # Of several marks of a last line without an end, all but one need one.
                self._mark_end = self._mark_end or b"\n"
                self._flush()
            self._mark = mark
            self._count = 1
            self._stats.entries_out += 1
        self._mark_end = _end_of(line)

    def _flush(self) -> None:
        if self._mark is None:
            return
        many = b',"count":%d' % self._count if self._count > 1 else b""
        self._emit(
            b'{"type":"tool_mark","description":%b%b}%b' % (self._mark, many, self._mark_end)
        )
        self._mark = None


def shortened(description: str) -> bytes:
    """A description as a JSON string; the text is at most 200 bytes, cut between characters."""
    text = description.encode("utf-8", "surrogatepass")
    if len(text) > MAX_DESCRIPTION:
        end = MAX_DESCRIPTION - len(_ELLIPSIS)
        while text[end] & 0xC0 == 0x80:
            end -= 1
        description = (text[:end] + _ELLIPSIS).decode("utf-8", "surrogatepass")
    return json.dumps(description, ensure_ascii=False).encode("utf-8", "backslashreplace")


def _end_of(line: bytes) -> bytes:
    if line.endswith(b"\r\n"):
        return b"\r\n"
    return b"\n" if line.endswith(b"\n") else b""


def _is_spoken(line: bytes) -> bool:
    """True only if the plain line stays whatever else it holds: a cheap look at the raw bytes.

    The letters `type` stand before a quote only once, as a key with user or assistant for a value,
    and no letter is spelled as an escape.  Then that key is either the entry's type, or the entry
    has none; both stay, and so does what is no JSON.
    """
    place = line.find(b'type"')
    if place < 0:
        return False
    spoken = _SPOKEN.match(line, place)
    return (
        spoken is not None
        and line.find(b'type"', spoken.end()) < 0
        and b"\\u006" not in line
        and b"\\u007" not in line
    )

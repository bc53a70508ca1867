"""One pass over a binary stream of lines."""

from __future__ import annotations

import io

from ..errors import ArgumentError, TokenTypeError
from .conversation import Conversation
from .lossless import Lossless
from .options import Mode, Options
from .stats import Stats

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Protocol

    class Reader(Protocol):
        """What is read: any binary stream."""

        def read(self, size: int, /) -> bytes: ...

    class Writer(Protocol):
        """What is written to: any binary stream; flushed at the end if it can be."""

        def write(self, data: bytes, /) -> object: ...


__all__ = ["compress"]

# Bytes that are asked for at a time, and after which what is ready is written.
_CHUNK = 1 << 17


def compress(reader: Reader, writer: Writer, options: Options | None = None) -> Stats:
    r"""Compress the transcript that `reader` holds into `writer`, line by line, and count.

    Both are binary streams, and stay open.  A line ends with `\n`; the last one may lack it, and is
    kept as the others are.  If reading fails, what had been read is written before the error goes
    on; errors of `writer` go on at once.  The counts are logged by the logger `bpe.transcripts`.
    Raises TokenTypeError for what is no binary stream, ArgumentError for what are no Options.
    """
    options = Options() if options is None else options
    if not isinstance(options, Options):
        raise ArgumentError(f"options must be Options, not {type(options).__name__}")
    _check_stream("reader", reader, "read")
    _check_stream("writer", writer, "write")
    stats = Stats()
    output = _Output(writer, stats)
    count = _token_counter(options, stats)
    emit: Callable[[bytes], None] = output.put
    if count is not None:
        emit = _counted(output.put, count, stats)
    from .adapters import adapter_of

    adapter, plain = adapter_of(options.adapter)
    kind = Lossless if options.mode is Mode.LOSSLESS else Conversation
    work = kind(options, stats, emit, adapter, plain)
    number = 0
    failure: Exception | None = None
    lines = _lines(reader, output.write)
    while True:
        try:
            line = next(lines)
        except StopIteration as end:
            failure = end.value
            break
        number += 1
        stats.bytes_in += len(line)
        if count is not None:
            stats.tokens_in += count(line)
        work.line(line, number)
        # Not kept while the next line is gathered.
        del line
    work.end()
    output.write()
    output.flush()
    stats.check()
    if failure is not None:
        raise failure
    stats.log()
    return stats


def _check_stream(name: str, stream: object, method: str) -> None:
    if isinstance(stream, io.TextIOBase) or not callable(getattr(stream, method, None)):
        raise TokenTypeError(
            f"{name} must be a binary stream, not {type(stream).__name__}", value=stream
        )


def _lines(reader: Reader, ready: Callable[[], None]) -> Generator[bytes, None, Exception | None]:
    r"""The lines with their ends; `ready` is called between chunks.

    Returns the error that ended the reading, None at a regular end.
    """
    # A buffer waits until it has all it was asked for, and loses it if there is an error first.
    read = reader.read1 if type(reader) is io.BufferedReader else reader.read
    rest: list[bytes] = []
    while True:
        try:
            chunk: object = read(_CHUNK)
            if chunk is None:
                raise BlockingIOError("the reader has no data now: compress needs a blocking one")
            if isinstance(chunk, bytearray):
                chunk = bytes(chunk)
            if not isinstance(chunk, bytes):
                raise TokenTypeError(
                    f"reader must be a binary stream: it gives {type(chunk).__name__}", value=chunk
                )
        except Exception as error:
            if rest:
                yield _joined(rest)
            return error
        if not chunk:
            if rest:
                yield _joined(rest)
            return None
        last = chunk.rfind(b"\n") + 1
        if last:
            start = chunk.find(b"\n") + 1
            rest.append(chunk[:start])
            yield _joined(rest)
            while start < last:
                end = chunk.find(b"\n", start) + 1
                yield chunk[start:end]
                start = end
            ready()
        if last < len(chunk):
            rest.append(chunk[last:])


def _joined(parts: list[bytes]) -> bytes:
    """The parts as one, which are then held no longer."""
    whole = b"".join(parts)
    parts.clear()
    return whole


class _Output:
    """Gathers what is emitted, writes it whole, and counts it."""

    def __init__(self, writer: Writer, stats: Stats) -> None:
        self._writer = writer
        self._stats = stats
        self._parts: list[bytes] = []
        self._size = 0

    def put(self, data: bytes) -> None:
        self._parts.append(data)
        self._size += len(data)
        if self._size >= _CHUNK:
            self.write()

    def write(self) -> None:
        """Write all that was put; a raw stream may take it in several bites."""
        if not self._parts:
            return
        data = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts.clear()
        size, self._size = self._size, 0
        written = self._writer.write(data)
        if isinstance(written, int) and written < size:
            self._write_rest(data, written)
        elif written is None and isinstance(self._writer, io.RawIOBase):
            raise BlockingIOError("the writer takes no data now: compress needs a blocking one")
        self._stats.bytes_out += size

    def _write_rest(self, data: bytes, place: int) -> None:
        view = memoryview(data)
        while place < len(data):
            written = self._writer.write(view[place:])  # type: ignore[arg-type]
            if not isinstance(written, int) or written <= 0:
                raise BlockingIOError("the writer takes no data now: compress needs a blocking one")
            place += written

    def flush(self) -> None:
        flush = getattr(self._writer, "flush", None)
        if flush is not None:
            flush()


def _token_counter(options: Options, stats: Stats) -> Callable[[bytes], int] | None:
    """Counts the tokens of a line; the same bytes object, asked again, is counted once."""
    counter = options.counter
    if counter is None:
        return None
    stats.tokens_exact = bool(getattr(counter, "exact", True))
    last = b""
    last_count = 0

    def count(line: bytes) -> int:
        nonlocal last, last_count
        if line is not last:
            try:
                text = line.decode()
            except UnicodeDecodeError:
                # No text has these bytes: what is counted is what a reader would be shown.
                stats.tokens_exact = False
                text = line.decode("utf-8", "replace")
            last, last_count = line, counter.count(text)
        return last_count

    return count


def _counted(
    put: Callable[[bytes], None], count: Callable[[bytes], int], stats: Stats
) -> Callable[[bytes], None]:
    def emit(data: bytes) -> None:
        stats.tokens_out += count(data)
        put(data)

    return emit

"""The stream around the lines: chunks, ends, errors, memory."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpe.errors import ArgumentError, TokenTypeError
from bpe.transcripts import Mode, Options, compress

ENTRIES = [
    {"type": "header", "content": "h"},
    {"type": "user", "content": "grüß 😀 \u001b[1m"},
    {"type": "tool", "tool_input": '{"description":"Läuft"}', "tool_output": "1%\r2%\r\nend"},
    {"type": "tool", "tool_input": '{"description":"Läuft"}', "tool_output": "x" * 600},
    {"type": "tool", "tool_name": "Read", "tool_output": "x" * 600},
    {"type": "system", "content": "<system-reminder>é</system-reminder>"},
    {"type": "assistant", "content": "<system-reminder>é</system-reminder>"},
]
LOG = b"".join(json.dumps(entry, ensure_ascii=False).encode() + b"\r\n" for entry in ENTRIES)
LOG += b'\n{"type":"user","content":"cut o'


class Chunks:
    """Gives so many bytes at a time, and then raises, if it is told to."""

    def __init__(self, data: bytes, sizes: list[int], error: Exception | None = None) -> None:
        self.data = data
        self.sizes = sizes
        self.error = error
        self.asked = 0

    def read(self, size: int = -1) -> bytes:
        step = min(size, self.sizes[self.asked % len(self.sizes)])
        self.asked += 1
        chunk, self.data = self.data[:step], self.data[step:]
        if not chunk and self.error is not None:
            raise self.error
        return chunk


def squeezed(reader: io.BytesIO | Chunks, mode: Mode) -> bytes:
    made = io.BytesIO()
    compress(reader, made, Options(mode=mode))
    return made.getvalue()


@settings(deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=5), st.sampled_from(Mode))
def test_any_chunks(sizes: list[int], mode: Mode) -> None:
    assert squeezed(Chunks(LOG, sizes), mode) == squeezed(io.BytesIO(LOG), mode)


@pytest.mark.parametrize("mode", Mode)
def test_every_size_of_chunks(mode: Mode) -> None:
    whole = squeezed(io.BytesIO(LOG), mode)
    assert whole.endswith(b'\n\n{"type":"user","content":"cut o')
    for size in range(1, 130):
        assert squeezed(Chunks(LOG, [size]), mode) == whole


@pytest.mark.parametrize("mode", Mode)
def test_every_end(mode: Mode) -> None:
    for end in range(len(LOG)):
        made = squeezed(io.BytesIO(LOG[:end]), mode)
        if mode is Mode.CONVERSATION_ONLY:
            made.decode("utf-8", "strict" if _whole(LOG[:end]) else "ignore")
        last = LOG[:end].rpartition(b"\n")[2]
        if last and not last.rstrip().endswith(b"}"):
            assert made.endswith(last)


def _whole(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


@pytest.mark.parametrize("mode", Mode)
def test_lines_over_chunks(mode: Mode) -> None:
    line = b'{"type":"assistant","content":"%b"}\n' % (b"word " * 100_000)
    assert squeezed(Chunks(line * 3, [1 << 20]), mode) == line * 3


def test_empty() -> None:
    stats = compress(io.BytesIO(), io.BytesIO())
    assert stats.as_dict() == type(stats)().as_dict()


class Broken(io.BytesIO):
    def __init__(self, at: str, error: Exception) -> None:
        super().__init__()
        self.at = at
        self.error = error

    def write(self, data: object) -> int:
        if self.at == "write":
            raise self.error
        return super().write(data)  # type: ignore[arg-type]

    def flush(self) -> None:
        if self.at == "flush":
            raise self.error


@pytest.mark.parametrize("at", ["write", "flush"])
@pytest.mark.parametrize("error", [OSError(28, "full"), BrokenPipeError(), ValueError("closed")])
def test_errors_of_the_writer_go_on(at: str, error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        compress(io.BytesIO(LOG), Broken(at, error))
    assert caught.value is error


@pytest.mark.parametrize("mode", Mode)
def test_what_was_read_is_written_before_an_error_of_the_reader_goes_on(mode: Mode) -> None:
    error = OSError(5, "I/O error")
    made = io.BytesIO()
    for end in (0, 5, len(LOG) // 2, len(LOG)):
        made = io.BytesIO()
        with pytest.raises(OSError, match="I/O") as caught:
            compress(Chunks(LOG[:end], [50], error), made, Options(mode=mode))
        assert caught.value is error
        assert made.getvalue() == squeezed(io.BytesIO(LOG[:end]), mode)


class Raw(io.RawIOBase):
    """Takes some bytes at a time, as sockets do, or none."""

    def __init__(self, step: int | None) -> None:
        self.step = step
        self.taken = b""

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int | None:
        if self.step is None:
            return None
        part = bytes(data)[: self.step]  # type: ignore[call-overload]
        self.taken += part
        return len(part)


def test_raw_writers() -> None:
    raw = Raw(7)
    compress(io.BytesIO(LOG), raw)
    assert raw.taken == squeezed(io.BytesIO(LOG), Mode.CONVERSATION_ONLY)
    for step in (0, None):
        with pytest.raises(BlockingIOError):
            compress(io.BytesIO(LOG), Raw(step))


class Silent:
    """A writer without a flush that says nothing."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.taken.append(data)


def test_plain_writers() -> None:
    silent = Silent()
    compress(io.BytesIO(LOG), silent)
    assert b"".join(silent.taken) == squeezed(io.BytesIO(LOG), Mode.CONVERSATION_ONLY)


def test_a_reader_without_data_now_is_an_error() -> None:
    class Waiting:
        def read(self, size: int) -> None:
            return None

    with pytest.raises(BlockingIOError):
        compress(Waiting(), io.BytesIO())  # type: ignore[arg-type]


class Lines:
    """A log made as it is read, so that it takes no memory of its own."""

    def __init__(self, line: bytes, times: int) -> None:
        self.line = line
        self.times = times
        self.place = 0

    def read(self, size: int) -> bytes:
        if not self.times:
            return b""
        chunk = self.line[self.place : self.place + size]
        self.place += len(chunk)
        if self.place == len(self.line):
            self.place = 0
            self.times -= 1
        return chunk


class Nowhere:
    def write(self, data: bytes) -> int:
        return len(data)


MEBIBYTE = 1 << 20


def ugly(size: int) -> list[bytes]:
    """Long lines of every kind that could take more than their size."""
    texts = [
        rb"\u001b[1ma",
        rb"a\r",
        rb"\n",
        rb"\"",
        "😀\\r".encode(),
        rb"\ud83d\ude00\r",
        b"data:image/png;base64,A ",
        b"<system-reminder></system-reminder>",
        b"word ",
    ]
    shapes = [
        b'{"type":"tool","tool_name":"Read","tool_output":"%b"}\n' % (t * (size // len(t)))
        for t in texts
    ]
    shapes.append(b'{"type":"tool","content":"\\r","m":[%b0]}\n' % (b"[],{}," * (size // 6)))
    shapes.append(b'{"type":"tool","content":"\\r","m":[%b0]}\n' % (b"10,0.5," * (size // 7)))
    keys = b",".join(b'"%x":0' % number for number in range(size // 9))
    shapes.append(b'{"type":"system","content":"\\r",%b}\n' % keys)
    description = rb"{\"description\":\"%b\"}" % (b"\\\\u00e9" * (size // 8))
    shapes.append(b'{"type":"tool","tool_input":"%b","content":"\\r"}\n' % description)
    shapes.append(b'{"type":"tool",' + b"x" * size)
    return shapes


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("kind", range(len(ugly(100))))
def test_memory_of_long_lines(kind: int, mode: Mode) -> None:
    line = ugly(300_000)[kind]
    compress(Lines(line[:100] + b"\n", 1), Nowhere(), Options(mode=mode))
    tracemalloc.start()
    compress(Lines(line, 2), Nowhere(), Options(mode=mode))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # Well below what is promised: 64 MB hold for the lines and the interpreter too.
    assert peak < 9 * len(line)


PROGRAM = """
import sys
sys.path[:] = {path!r}
from bpe.transcripts import Mode, Options, compress

class Lines:
    def __init__(self, line, times):
        self.line, self.times, self.place = line, times, 0
    def read(self, size):
        if not self.times:
            return b""
        chunk = self.line[self.place : self.place + size]
        self.place += len(chunk)
        if self.place == len(self.line):
            self.place = 0
            self.times -= 1
        return chunk

class Nowhere:
    def write(self, data):
        return len(data)

text = (b"\\\\u001b[1mterm\\\\n" * (1 << 20))[: {size} // 14 * 14]
line = b'{{"type":"tool","tool_output":"%b"}}\\n' % text
for mode in Mode:
    compress(Lines(line, {times}), Nowhere(), Options(mode=mode))
# Not ru_maxrss, which begins with what the parent had.
with open("/proc/self/status") as status:
    print(*(int(row.split()[1]) * 1024 for row in status if row.startswith("VmHWM")))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(("size", "times"), [(1 << 10, 4000), (1 << 20, 8), (1 << 23, 2)])
def test_memory_of_the_process(size: int, times: int) -> None:
    program = PROGRAM.format(size=size, times=times, path=sys.path)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    allowed = 64_000_000 + (8 * size if size > MEBIBYTE else 0)
    assert int(done.stdout) < allowed


@pytest.mark.parametrize("name", ["reader", "writer"])
@pytest.mark.parametrize("stream", [None, io.StringIO("text"), "text", b"bytes"])
def test_what_is_no_binary_stream(name: str, stream: Any) -> None:
    streams: dict[str, Any] = {"reader": io.BytesIO(), "writer": io.BytesIO(), name: stream}
    with pytest.raises(TokenTypeError, match=f"{name} must be a binary stream"):
        compress(**streams)


def test_a_reader_that_gives_text() -> None:
    class Text:
        def read(self, size: int) -> Any:
            return "text"

    with pytest.raises(TokenTypeError, match="reader must be a binary stream"):
        compress(Text(), io.BytesIO())


@pytest.mark.parametrize("name", ["large_read_max_lines", "tool_result_lru_size", "mode"])
def test_options_too_long_to_be_written(name: str) -> None:
    arguments: dict[str, Any] = {name: -(10**5000)}
    with pytest.raises(ArgumentError, match="an integer of 166"):
        Options(**arguments)

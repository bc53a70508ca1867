"""Payloads: there and back, what does not pay, and frames that must not be believed."""

from __future__ import annotations

import io
import os
import random
import sys
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpe.context import zstd
from bpe.context.payloads import (
    compress_payload,
    decompress_payload,
    payload_reader,
    payload_writer,
    train_dictionary,
)
from bpe.errors import (
    ArgumentError,
    MissingDependencyError,
    PayloadDictionaryError,
    PayloadError,
    PayloadSizeError,
    TokenTypeError,
)

TEXT = b"All work and no play makes Jack a dull boy.\n" * 500
RECORDS = [
    f'{{"type":"tool","id":{at},"path":"src/module_{at % 7}.py","status":"ok"}}'.encode()
    for at in range(3000)
]


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=3000), st.integers(1, 5), st.integers(1, 4))
def test_there_and_back(part: bytes, times: int, level: int) -> None:
    data = part * times
    frame = compress_payload(data, level, 0)
    if frame is not None:
        assert len(frame) < len(data)
        assert decompress_payload(frame) == data
    sink = io.BytesIO()
    with payload_writer(sink, level) as writer:
        for at in range(0, len(data), 700):
            writer.write(data[at : at + 700])
    assert decompress_payload(sink.getvalue()) == data
    assert payload_reader(io.BytesIO(sink.getvalue())).read() == data


def test_what_does_not_pay() -> None:
    assert compress_payload(b"") is None
    assert compress_payload(b"x" * 2047) is None
    assert compress_payload(b"x" * 2048) is not None
    assert compress_payload(os.urandom(100_000)) is None
    assert compress_payload(bytearray(TEXT)) == compress_payload(memoryview(TEXT))


def test_a_bomb() -> None:
    sink = io.BytesIO()
    with payload_writer(sink, 3) as writer:
        for _ in range(256):
            writer.write(bytes(1 << 20))
    bomb = sink.getvalue()
    assert len(bomb) < 1 << 16
    tracemalloc.start()
    with pytest.raises(PayloadSizeError) as caught:
        decompress_payload(bomb)
    assert tracemalloc.get_traced_memory()[1] < 160 << 20
    tracemalloc.stop()
    assert caught.value.limit == 64 << 20
    with pytest.raises(PayloadSizeError):
        payload_reader(io.BytesIO(bomb), 1 << 20).read()
    # A frame that says its size is refused before it is read.
    frame = compress_payload(TEXT)
    assert frame is not None
    with pytest.raises(PayloadSizeError) as caught:
        decompress_payload(frame, len(TEXT) - 1)
    assert caught.value.size == len(TEXT)
    assert decompress_payload(frame, len(TEXT)) == TEXT
    with pytest.raises(PayloadSizeError):
        decompress_payload(frame + frame, len(TEXT))
    assert decompress_payload(frame + frame) == TEXT + TEXT


def test_damaged_frames() -> None:
    frame = compress_payload(TEXT)
    assert frame is not None
    for end in range(len(frame)):
        with pytest.raises(PayloadError):
            decompress_payload(frame[:end])
    noise = random.Random(1)
    for _ in range(200):
        damaged = bytearray(frame)
        damaged[noise.randrange(len(frame))] ^= 1 << noise.randrange(8)
        try:
            # Bits that mean nothing may change; then the content is the same.
            assert decompress_payload(damaged) == TEXT
        except PayloadError:
            pass
    for junk in (b"", b"plain text", b"\x1f\x8b", frame + b"x"):
        with pytest.raises(PayloadError):
            decompress_payload(junk)


def test_dictionaries() -> None:
    dictionary = train_dictionary(RECORDS, 4096)
    assert len(dictionary) <= 4096
    record = RECORDS[17]
    alone = compress_payload(record, min_bytes=0)
    frame = compress_payload(record, min_bytes=0, dictionary=dictionary)
    assert frame is not None
    assert len(frame) < len(alone or record) * 2 // 3
    assert decompress_payload(frame, dictionary=dictionary) == record
    with pytest.raises(PayloadDictionaryError) as caught:
        decompress_payload(frame)
    assert caught.value.dictionary_id == int.from_bytes(dictionary[4:8], "little")
    other = train_dictionary([record[::-1] for record in RECORDS], 4096)
    with pytest.raises(PayloadDictionaryError):
        decompress_payload(frame, dictionary=other)
    sink = io.BytesIO()
    with payload_writer(sink, dictionary=dictionary) as writer:
        writer.writelines(RECORDS[:9])
    made = payload_reader(io.BytesIO(sink.getvalue()), dictionary=dictionary).read()
    assert made == b"".join(RECORDS[:9])
    with pytest.raises(ArgumentError, match="no dictionary of"):
        train_dictionary([b"x"])
    with pytest.raises(ArgumentError, match="no dictionary of zstd"):
        compress_payload(TEXT, dictionary=b"words")


def test_streams_read_as_they_come() -> None:
    class Slow(io.RawIOBase):
        """Gives a byte at a time."""

        def __init__(self, data: bytes) -> None:
            self.data = io.BytesIO(data)

        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            return self.data.read(1)

    sink = io.BytesIO()
    writer = payload_writer(sink)
    writer.write(TEXT)
    writer.flush()
    reader = payload_reader(io.BytesIO(sink.getvalue()))
    # What was flushed can be read, and then the frame is not at its end.
    assert reader.read(len(TEXT)) == TEXT
    with pytest.raises(PayloadError, match="cut off"):
        reader.read(1)
    writer.close()
    assert not sink.closed
    slow: Any = Slow(sink.getvalue())
    lines = [*payload_reader(slow)]
    assert b"".join(lines) == TEXT
    assert len(lines) == 500


def test_errors_of_a_stream_pass() -> None:
    class Full(io.BytesIO):
        def write(self, data: Any, /) -> int:
            raise OSError("disk full")

    writer = payload_writer(Full())
    writer.write(os.urandom(1000))
    with pytest.raises(OSError, match="disk full"):
        writer.close()


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"data": "text"}, TokenTypeError),
        ({"level": 0}, ArgumentError),
        ({"level": 23}, ArgumentError),
        ({"level": "3"}, TokenTypeError),
        ({"min_bytes": 1.5}, TokenTypeError),
    ],
)
def test_arguments(arguments: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        compress_payload(**{"data": TEXT, **arguments})
    with pytest.raises(TokenTypeError):
        decompress_payload("text")  # type: ignore[arg-type]
    with pytest.raises(ArgumentError):
        decompress_payload(b"", -1)


def test_without_zstd(monkeypatch: pytest.MonkeyPatch) -> None:
    zstd.backend.cache_clear()
    monkeypatch.setitem(sys.modules, "zstandard", None)
    monkeypatch.setitem(sys.modules, "compression.zstd", None)
    with pytest.raises(MissingDependencyError, match="cybpe"):
        compress_payload(TEXT)
    zstd.backend.cache_clear()


@pytest.mark.skipif(sys.version_info < (3, 14), reason="the standard library has it from 3.14 on")
def test_both_packages_read_each_other() -> None:
    from importlib import import_module

    package = zstd.backend()
    library = zstd.StandardLibrary(import_module("compression.zstd"))
    for one, other in ((package, library), (library, package)):
        assert other.decoder(None).decompress(one.compress(TEXT, 3, None)) == TEXT

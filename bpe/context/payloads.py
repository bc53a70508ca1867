"""Payloads: large texts of a conversation as zstd frames, and back within a bound.

    compress_payload, decompress_payload    bytes in memory
    payload_writer, payload_reader          streams
    train_dictionary                        what many small payloads of one kind have in common

On zstd: the zstandard package (`pip install 'cybpe[zstd]'`), or from Python 3.14 on the standard
library.  Frames carry a checksum, and their size where it is known.
"""

from __future__ import annotations

import io

from ..arguments import shown
from ..errors import (
    ArgumentError,
    PayloadDictionaryError,
    PayloadError,
    PayloadSizeError,
    TokenTypeError,
)
from .zstd import Zstd, backend

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, BinaryIO, TypeAlias

    from .zstd import Decoder, Encoder

    Data: TypeAlias = bytes | bytearray | memoryview

__all__ = [
    "compress_payload",
    "decompress_payload",
    "payload_reader",
    "payload_writer",
    "train_dictionary",
]

MAX_SIZE = 64 << 20  # bytes
# What zstd trains takes this much memory at once, and from 2 GiB on it fails; hundreds of kilobytes
# are a large one.
MAX_DICTIONARY = 1 << 30
_MAGIC = b"\x28\xb5\x2f\xfd"

# Bytes that are decoded at once.  A block takes 4 bytes at least and gives 128 KiB at most (RFC
# 8878), so this much gives no more than 16 MiB before the bound is looked at.
_STEP = 512
_CHUNK = 1 << 16

_LEVELS = range(1, 23)


def compress_payload(
    data: Data, level: int = 3, min_bytes: int = 2048, *, dictionary: bytes | None = None
) -> bytes | None:
    """`data` as a zstd frame, or None when that does not pay.

    It does not for less than `min_bytes`, and where the frame would be no shorter.  `level` is
    zstd's, 1 to 22; `dictionary` comes from `train_dictionary`, and small payloads that are
    compressed with it want a smaller `min_bytes`.

    Raises ArgumentError for a level that does not exist, TokenTypeError for what is not bytes,
    MissingDependencyError without zstd.

    >>> frame = compress_payload(b"all work and no play " * 200)
    >>> len(frame) < 100, decompress_payload(frame) == b"all work and no play " * 200
    (True, True)
    """
    source = _bytes("data", data)
    _check_level(level)
    if type(min_bytes) is not int:
        raise _no_integer("min_bytes", min_bytes)
    if len(source) < min_bytes or not source:
        return None
    frame = backend().compress(source, level, _dictionary(dictionary))
    return frame if len(frame) < len(source) else None


def decompress_payload(
    data: Data, max_size: int = MAX_SIZE, *, dictionary: bytes | None = None
) -> bytes:
    """What `data`, one zstd frame or several, was made of: at most `max_size` bytes.

    Raises PayloadSizeError for more than that, whatever the frame says of itself, before so much
    memory is taken; PayloadDictionaryError for a frame that needs a dictionary which is not the one
    given; PayloadError for what is no frame, or one that is damaged or cut off.
    """
    source = _bytes("data", data)
    _check_size(max_size)
    with _Reader(io.BytesIO(source), max_size, dictionary) as reader:
        return reader.rest()


def payload_writer(
    stream: BinaryIO, level: int = 3, *, dictionary: bytes | None = None
) -> io.BufferedWriter:
    """A binary stream, what is written to which becomes one frame in `stream`.

    The frame is complete when it is closed; `flush()` writes what there is so that a reader gets
    it.  `stream` itself is left open.  Errors as `compress_payload`; those of `stream` pass.
    """
    _check_level(level)
    return _Buffered(_Writer(stream, level, dictionary), _CHUNK)


def payload_reader(
    stream: BinaryIO, max_size: int | None = None, *, dictionary: bytes | None = None
) -> io.BufferedReader:
    """A binary stream of what the frames in `stream` were made of.

    `max_size` bounds the whole, None leaves it to the reader.  `stream` itself is left open.
    Errors as `decompress_payload`, from the reads; those of `stream` pass.
    """
    if max_size is not None:
        _check_size(max_size)
    return io.BufferedReader(_Reader(stream, max_size, dictionary), _CHUNK)


def train_dictionary(samples: Iterable[Data], max_bytes: int = 32_768) -> bytes:
    """A dictionary of at most `max_bytes` for payloads like these.

    It pays for payloads of less than some kilobytes each, of which there are many; some hundred
    samples with a hundred times the size of the dictionary are a good measure.  Frames name the
    dictionary that they were made with, and cannot be read without it.

    Raises ArgumentError for samples of which none can be made (too few, or too short), and for a
    size below 256 bytes or above 1 GiB.
    """
    if type(max_bytes) is not int:
        raise _no_integer("max_bytes", max_bytes)
    kept = [_bytes(f"samples[{at}]", sample) for at, sample in enumerate(samples)]
    if max_bytes < 256:
        raise ArgumentError(f"a dictionary has at least 256 bytes: {shown(max_bytes)}")
    if max_bytes > MAX_DICTIONARY:
        raise ArgumentError(f"a dictionary has at most {MAX_DICTIONARY} bytes: {shown(max_bytes)}")
    zstd = backend()
    try:
        return zstd.train(kept, max_bytes)
    except zstd.errors as error:
        raise ArgumentError(
            f"no dictionary of {max_bytes} bytes can be made of {len(kept)} samples with "
            f"{sum(map(len, kept))} bytes: {error}"
        ) from error


class _Buffered(io.BufferedWriter):
    """Flushing it flushes the encoder as well, which io's own does not."""

    def flush(self) -> None:
        super().flush()
        self.raw.flush()


class _Writer(io.RawIOBase):
    """Encodes what is written."""

    def __init__(self, stream: BinaryIO, level: int, dictionary: bytes | None) -> None:
        super().__init__()
        self._stream = stream
        self._encoder: Encoder = backend().encoder(level, _dictionary(dictionary))
        self._failed = False

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        try:
            self._stream.write(self._encoder.compress(bytes(data)))
        except BaseException:
            # What was written is no frame any more, and closing must not make it look like one.
            self._failed = True
            raise
        return len(data)

    def flush(self) -> None:
        if not self.closed and not self._failed:
            rest = self._encoder.flush()
            if rest:
                self._stream.write(rest)
            self._flush_stream()

    def close(self) -> None:
        if self.closed:
            return
        try:
            if not self._failed:
                self._stream.write(self._encoder.finish())
                self._flush_stream()
        finally:
            self._failed = True
            super().close()

    def _flush_stream(self) -> None:
        flush = getattr(self._stream, "flush", None)  # not every writer has one
        if flush is not None:
            flush()


class _Reader(io.RawIOBase):
    """Decodes frame after frame, a step at a time."""

    def __init__(self, stream: BinaryIO, max_size: int | None, dictionary: bytes | None) -> None:
        super().__init__()
        self._stream = stream
        self._max = max_size
        self._dictionary = _dictionary(dictionary)
        self._zstd: Zstd = backend()
        self._decoder: Decoder | None = None
        self._input = b""
        self._at = 0
        self._ready = b""
        self._frames = 0
        self._made = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        while not self._ready:
            if not self._step():
                return 0
        part = self._ready[: len(buffer)]
        buffer[: len(part)] = part
        self._ready = self._ready[len(part) :]
        return len(part)

    def rest(self) -> bytes:
        """All that is left."""
        parts: list[bytes] = [self._ready]
        while self._step():
            parts.append(self._ready)
        self._ready = b""
        return b"".join(parts)

    def _more(self, least: int) -> bool:
        """Whether there are so many bytes of input, after reading if need be."""
        while len(self._input) - self._at < least:
            chunk = self._stream.read(_CHUNK)
            if not chunk:
                return False
            self._input = self._input[self._at :] + chunk
            self._at = 0
        return True

    def _step(self) -> bool:
        """Decodes a little more into `_ready`; whether there was any input left."""
        if self._decoder is None:
            if not self._more(1):
                if not self._frames:
                    raise PayloadError("this is no zstd frame: it is empty")
                return False
            self._begin()
        decoder = self._decoder
        assert decoder is not None
        if not self._more(1):
            raise PayloadError(f"the zstd frame is cut off after {self._made} bytes")
        chunk = self._input[self._at : self._at + _STEP]
        self._at += len(chunk)
        try:
            made = decoder.decompress(chunk)
        except self._zstd.errors as error:
            raise PayloadError(f"the zstd frame is damaged: {error}") from error
        if decoder.eof:
            self._at -= len(decoder.unused_data)
            self._decoder = None
            self._frames += 1
        self._made += len(made)
        if self._max is not None and self._made > self._max:
            raise _too_large(self._max, None)
        self._ready = made
        return True

    def _begin(self) -> None:
        """A frame begins: its header says what it needs."""
        self._more(18)
        head = self._input[self._at : self._at + 18]
        size, needed = _header(head, self._frames)
        if size is not None and self._max is not None and self._made + size > self._max:
            raise _too_large(self._max, self._made + size)
        given = 0 if self._dictionary is None else _id_of(self._dictionary)
        if needed and needed != given:
            raise PayloadDictionaryError(
                f"the frame needs the dictionary {needed}, "
                + (f"not {given}" if given else "and none was given"),
                dictionary_id=needed,
            )
        self._decoder = self._zstd.decoder(self._dictionary)


def _header(head: bytes, frames: int) -> tuple[int | None, int]:
    """What a frame's header says of its content's size, and the id of its dictionary or 0.

    RFC 8878, 3.1.1.1: magic number, descriptor, window (unless a single segment), dictionary id,
    content size.
    """
    if head[1:4] == b"\x2a\x4d\x18" and head[0] >> 4 == 5:
        return None, 0  # a frame to be skipped
    if not head.startswith(_MAGIC):
        what = "bytes that are no zstd frame follow the payload" if frames else "no zstd frame"
        raise PayloadError(f"{what}: {head[:4]!r}")
    if len(head) < 5:
        raise PayloadError("the zstd frame is cut off in its header")
    descriptor = head[4]
    single = descriptor >> 5 & 1
    at = 5 + (1 - single)
    id_bytes = (0, 1, 2, 4)[descriptor & 3]
    needed = int.from_bytes(head[at : at + id_bytes], "little")
    at += id_bytes
    size_bytes = (single, 2, 4, 8)[descriptor >> 6]
    if len(head) < at + size_bytes:
        raise PayloadError("the zstd frame is cut off in its header")
    if not size_bytes:
        return None, needed
    size = int.from_bytes(head[at : at + size_bytes], "little")
    return size + 256 * (size_bytes == 2), needed


def _id_of(dictionary: bytes) -> int:
    return int.from_bytes(dictionary[4:8], "little")


def _dictionary(dictionary: bytes | None) -> bytes | None:
    if dictionary is None:
        return None
    source = _bytes("dictionary", dictionary)
    if source[:4] != b"\x37\xa4\x30\xec" or len(source) < 8:
        raise ArgumentError("this is no dictionary of zstd: train_dictionary(samples) makes one")
    return source


def _too_large(max_size: int, size: int | None) -> PayloadSizeError:
    said = "more than that" if size is None else f"{size}"
    return PayloadSizeError(
        f"the payload may have {max_size} bytes, and has {said}", size=size, limit=max_size
    )


def _check_level(level: object) -> None:
    if type(level) is not int:
        raise _no_integer("level", level)
    if level not in _LEVELS:
        raise ArgumentError(f"zstd has the levels 1 to 22: {shown(level)}")


def _check_size(max_size: object) -> None:
    if type(max_size) is not int:
        raise _no_integer("max_size", max_size)
    if max_size < 0:
        raise ArgumentError(f"max_size must be at least 0 bytes: {shown(max_size)}")


def _bytes(name: str, data: object) -> bytes:
    if type(data) is bytes:
        return data
    if isinstance(data, (bytes, bytearray, memoryview)):
        return bytes(data)
    hint = "; encode it first" if isinstance(data, str) else ""
    raise TokenTypeError(f"{name} must be bytes, not {type(data).__name__}{hint}", value=data)


def _no_integer(name: str, value: object) -> TokenTypeError:
    return TokenTypeError(f"{name} must be an integer, not {type(value).__name__}", value=value)

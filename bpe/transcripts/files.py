"""Transcripts in files: plain, `.gz` or `.zst`, by the ends of their names, in and out."""

from __future__ import annotations

import io
import os
import zlib

from ..errors import ArgumentError, MissingDependencyError, TranscriptError
from .stream import compress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO, Any, Protocol

    from .options import Options
    from .stats import Stats

    Path = str | os.PathLike[str]

    class Decompressor(Protocol):
        @property
        def eof(self) -> bool: ...

        @property
        def unused_data(self) -> bytes: ...

        def decompress(self, data: bytes, /) -> bytes: ...


__all__ = ["compress_file", "open_reader", "open_writer"]

# Compressed bytes that are unpacked at a time.  A block of zstd has up to 128 KiB and can take
# four bytes: more at a time could fill the memory at once.  Deflate reaches 1032 to 1.
_GZIP_PIECE = 1 << 13
_ZSTD_PIECE = 1 << 9


def compress_file(source: Path, target: Path, options: Options | None = None) -> Stats:
    """`compress` from one file to another, which is replaced; their names say how they are packed.

    Raises TranscriptError for a packed file that is truncated or damaged, after what could be read
    was written, and ArgumentError if both are the same file.
    """
    if os.path.exists(target) and os.path.samefile(source, target):
        raise ArgumentError(f"source and target are the same file: {os.fspath(source)}")
    with open_reader(source) as reader, open_writer(target) as writer:
        return compress(reader, writer, options)


def open_reader(path: Path) -> IO[bytes]:
    """A file for reading, unpacked if its name ends in `.gz`, `.zst` or `.zstd`.

    Members or frames that follow each other are one text.
    """
    packing = _packing(path)
    if packing == "zstd":
        _zstd()
    file = open(path, "rb")  # noqa: SIM115
    return file if not packing else unpacked(file, packing, os.fspath(path))


def open_writer(path: Path) -> IO[bytes]:
    """A file for writing, packed if its name ends in `.gz`, `.zst` or `.zstd`."""
    packing = _packing(path)
    if packing == "gzip":
        import gzip

        # Without a time and a name in it, so that equal texts make equal files.
        return _packed(lambda file: gzip.GzipFile("", "wb", 6, file, 0), open(path, "wb"))
    if packing == "zstd":
        zstd = _zstd()
        return _packed(zstd.writer, open(path, "wb"))
    return open(path, "wb")


def unpacked(file: IO[bytes], packing: str, path: str | None = None) -> IO[bytes]:
    """The text of a packed stream; `packing` is gzip or zstd.  Closing it closes `file`."""
    return _Unpacked(file, packing, path)  # type: ignore[return-value]


class _Unpacked(io.RawIOBase):
    """Reads members one after the other; says so if the last one is cut off.

    Not buffered further: a buffer loses what it had when it meets an error.
    """

    def __init__(self, file: IO[bytes], packing: str, path: str | None) -> None:
        self._file = file
        self._path = path
        self._gzip = packing == "gzip"
        self._piece = _GZIP_PIECE if self._gzip else _ZSTD_PIECE
        self._zstd = None if self._gzip else _zstd()
        self._errors: tuple[type[Exception], ...] = (
            (zlib.error,) if self._zstd is None else self._zstd.errors
        )
        self._member: Decompressor | None = None
        self._packed = b""
        self._ready = memoryview(b"")
        self._any = False
        self._failure: TranscriptError | None = None

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()

    def readinto(self, buffer: Any) -> int:
        filled = 0
        while filled < len(buffer):
            if not self._ready and not self._has_more():
                break
            size = min(len(buffer) - filled, len(self._ready))
            buffer[filled : filled + size] = self._ready[:size]
            self._ready = self._ready[size:]
            filled += size
        if not filled and self._failure is not None:
            raise self._failure
        return filled

    def _has_more(self) -> bool:
        """As `_more`; an error waits until all that came before it has been read."""
        if self._failure is not None:
            return False
        try:
            return self._more()
        except TranscriptError as error:
            self._failure = error
            return False

    def _more(self) -> bool:
        """Unpack one piece; False at a regular end."""
        if not self._packed:
            self._packed = self._file.read(self._piece)
        if self._member is None:
            # Tapes and some servers pad with zeros.
            if self._gzip and self._any:
                while self._packed and not self._packed.strip(b"\0"):
                    self._packed = self._file.read(self._piece)
                self._packed = self._packed.lstrip(b"\0")
            if not self._packed:
                return False
            self._member = self._new_member()
        if not self._packed:
            raise self._error("it is truncated", truncated=True)
        try:
            ready = self._member.decompress(self._packed)
        except self._errors as error:
            raise self._error(f"it is damaged, or not packed so: {error}") from error
        self._any = True
        self._packed = b""
        if self._member.eof:
            self._packed = self._member.unused_data
            self._member = None
        self._ready = memoryview(ready)
        return True

    def _new_member(self) -> Decompressor:
        if self._zstd is None:
            return zlib.decompressobj(31)
        member: Decompressor = self._zstd.decompressor()
        return member

    def _error(self, what: str, truncated: bool = False) -> TranscriptError:
        kind = "gzip" if self._gzip else "zstd"
        name = f"{self._path}: " if self._path else ""
        return TranscriptError(
            f"{name}the {kind} data cannot be read to its end: {what}",
            path=self._path,
            truncated=truncated,
        )


class _Packed(io.BufferedIOBase):
    """Packs what is written; closing it ends the member and closes the file."""

    def __init__(self, packer: Any, file: IO[bytes]) -> None:
        self._file = file
        try:
            self._packer = packer(file)
        except BaseException:
            file.close()
            raise

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._packer.write(data)
        return len(data)

    def flush(self) -> None:
        """Nothing: a block that ends early packs worse, and `close` writes all there is."""

    def close(self) -> None:
        if self.closed:
            return
        try:
            self._packer.close()
        finally:
            self._file.close()
            super().close()


def _packed(packer: Any, file: IO[bytes]) -> IO[bytes]:
    made: Any = _Packed(packer, file)
    return made  # type: ignore[no-any-return]


def _packing(path: Path) -> str:
    name = os.fspath(path).lower()
    if name.endswith(".gz"):
        return "gzip"
    return "zstd" if name.endswith((".zst", ".zstd")) else ""


class _Package:
    """What is used of the package zstandard, or of the standard library's module."""

    def __init__(self, decompressor: Any, writer: Any, errors: tuple[type[Exception], ...]) -> None:
        self.decompressor = decompressor
        self.writer = writer
        self.errors = errors


def _zstd() -> _Package:
    try:
        # On Python 3.11 to 3.13 there is nothing of that name for the type checker.
        from compression import zstd  # type: ignore[attr-defined]
    except ImportError:
        pass
    else:
        return _Package(
            zstd.ZstdDecompressor, lambda file: zstd.ZstdFile(file, "wb"), (zstd.ZstdError,)
        )
    try:
        import zstandard
    except ImportError:
        raise MissingDependencyError(
            "zstd needs Python 3.14 or the package zstandard: pip install 'cybpe[zstd]'"
        ) from None
    return _Package(
        lambda: zstandard.ZstdDecompressor().decompressobj(),
        lambda file: zstandard.ZstdCompressor().stream_writer(file, closefd=False),
        (zstandard.ZstdError,),
    )

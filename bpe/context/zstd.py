"""zstd, from whichever package there is: one face for the few things that payloads need."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from typing import Any, Protocol

from ..errors import MissingDependencyError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Decoder", "Encoder", "Package", "StandardLibrary", "Zstd", "backend"]


class Encoder(Protocol):
    """Makes one frame."""

    def compress(self, data: bytes) -> bytes:
        """What is to be written so far."""
        ...

    def flush(self) -> bytes:
        """What a reader needs to read everything up to here."""
        ...

    def finish(self) -> bytes:
        """The end of the frame."""
        ...


class Decoder(Protocol):
    """Reads one frame; `eof` once it has ended, and what followed it is in `unused_data`."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes) -> bytes:
        """What these bytes make."""
        ...


class Zstd(Protocol):
    """What payloads need of a package; dictionaries are bytes."""

    errors: tuple[type[Exception], ...]

    def compress(self, data: bytes, level: int, dictionary: bytes | None) -> bytes: ...

    def encoder(self, level: int, dictionary: bytes | None) -> Encoder: ...

    def decoder(self, dictionary: bytes | None) -> Decoder: ...

    def train(self, samples: Sequence[bytes], max_bytes: int) -> bytes: ...


@lru_cache(maxsize=1)
def backend() -> Zstd:
    """The zstandard package, else the standard library of Python 3.14; MissingDependencyError."""
    for made, name in ((Package, "zstandard"), (StandardLibrary, "compression.zstd")):
        try:
            module = import_module(name)
        except ImportError:
            continue
        return made(module)
    raise MissingDependencyError(
        "payloads need zstd: Python 3.14, or pip install 'cybpe[zstd]' (the package zstandard)"
    )


class Package:
    """The zstandard package."""

    def __init__(self, module: Any) -> None:
        self._module = module
        self.errors: tuple[type[Exception], ...] = (module.ZstdError,)
        # Objects that compress belong to a call; the dictionaries' tables are shared.
        self._read = lru_cache(maxsize=8)(module.ZstdCompressionDict)
        self._prepared = lru_cache(maxsize=8)(self._prepare)

    def _prepare(self, dictionary: bytes, level: int) -> Any:
        made = self._module.ZstdCompressionDict(dictionary)
        made.precompute_compress(level)
        return made

    def _compressor(self, level: int, dictionary: bytes | None) -> Any:
        tables = None if dictionary is None else self._prepared(dictionary, level)
        return self._module.ZstdCompressor(level=level, dict_data=tables, write_checksum=True)

    def compress(self, data: bytes, level: int, dictionary: bytes | None) -> bytes:
        """One frame, which says its size."""
        made: bytes = self._compressor(level, dictionary).compress(data)
        return made

    def encoder(self, level: int, dictionary: bytes | None) -> Encoder:
        """A frame in steps."""
        return _PackageEncoder(self._compressor(level, dictionary).compressobj(), self._module)

    def decoder(self, dictionary: bytes | None) -> Decoder:
        """A frame, read in steps."""
        tables = None if dictionary is None else self._read(dictionary)
        made: Decoder = self._module.ZstdDecompressor(dict_data=tables).decompressobj()
        return made

    def train(self, samples: Sequence[bytes], max_bytes: int) -> bytes:
        """A dictionary of these samples."""
        made: bytes = self._module.train_dictionary(max_bytes, [*samples]).as_bytes()
        return made


class _PackageEncoder:
    def __init__(self, made: Any, module: Any) -> None:
        self._made = made
        self._block = module.COMPRESSOBJ_FLUSH_BLOCK
        self._end = module.COMPRESSOBJ_FLUSH_FINISH

    def compress(self, data: bytes) -> bytes:
        made: bytes = self._made.compress(data)
        return made

    def flush(self) -> bytes:
        made: bytes = self._made.flush(self._block)
        return made

    def finish(self) -> bytes:
        made: bytes = self._made.flush(self._end)
        return made


class StandardLibrary:
    """compression.zstd of Python 3.14."""

    def __init__(self, module: Any) -> None:
        self._module = module
        self.errors: tuple[type[Exception], ...] = (module.ZstdError, ValueError)
        self._read = lru_cache(maxsize=8)(module.ZstdDict)

    def _options(self, level: int) -> dict[Any, int]:
        names = self._module.CompressionParameter
        return {names.compression_level: level, names.checksum_flag: 1}

    def _compressor(self, level: int, dictionary: bytes | None) -> Any:
        tables = None if dictionary is None else self._read(dictionary)
        return self._module.ZstdCompressor(options=self._options(level), zstd_dict=tables)

    def compress(self, data: bytes, level: int, dictionary: bytes | None) -> bytes:
        """One frame, which says its size."""
        made = self._compressor(level, dictionary)
        made.set_pledged_input_size(len(data))
        frame: bytes = made.compress(data, made.FLUSH_FRAME)
        return frame

    def encoder(self, level: int, dictionary: bytes | None) -> Encoder:
        """A frame in steps."""
        return _LibraryEncoder(self._compressor(level, dictionary))

    def decoder(self, dictionary: bytes | None) -> Decoder:
        """A frame, read in steps."""
        tables = None if dictionary is None else self._read(dictionary)
        made: Decoder = self._module.ZstdDecompressor(zstd_dict=tables)
        return made

    def train(self, samples: Sequence[bytes], max_bytes: int) -> bytes:
        """A dictionary of these samples."""
        made: bytes = self._module.train_dict([*samples], max_bytes).dict_content
        return made


class _LibraryEncoder:
    def __init__(self, made: Any) -> None:
        self._made = made

    def compress(self, data: bytes) -> bytes:
        made: bytes = self._made.compress(data)
        return made

    def flush(self) -> bytes:
        made: bytes = self._made.flush(self._made.FLUSH_BLOCK)
        return made

    def finish(self) -> bytes:
        made: bytes = self._made.flush(self._made.FLUSH_FRAME)
        return made

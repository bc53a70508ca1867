r"""Session logs, compressed line by line: what was said is kept byte for byte.

>>> import io
>>> from bpe.transcripts import compress
>>> log = b'{"type":"header"}\n{"type":"user","content":"hi"}\n{"type":"system","content":"x"}\n'
>>> out = io.BytesIO()
>>> stats = compress(io.BytesIO(log), out)
>>> out.getvalue()
b'{"type":"user","content":"hi"}\n'
>>> stats.entries_in, stats.entries_out
(3, 1)
"""

from __future__ import annotations

from .files import compress_file, open_reader, open_writer
from .options import Mode, Options
from .stats import Stats
from .stream import compress

__all__ = ["Mode", "Options", "Stats", "compress", "compress_file", "open_reader", "open_writer"]

"""What LOSSLESS does to a text, in order: one file each, functions from bytes to bytes.

Texts are UTF-8; every place where one is cut or joined lies beside an ASCII character.  Each
function returns its argument itself where there is nothing to do.
"""

from __future__ import annotations

from .ansi import strip_ansi
from .images import elide_images
from .progress import collapse_progress
from .reads import cut_read
from .reminders import Reminders
from .results import Results

__all__ = [
    "Reminders",
    "Results",
    "collapse_progress",
    "cut_read",
    "elide_images",
    "strip_ansi",
]

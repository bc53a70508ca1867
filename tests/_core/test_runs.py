"""Long runs of one character, which the compiled core steps over by eights."""

from __future__ import annotations

import pytest

from bpe._core import core_name
from bpe._core.python import PythonCore
from bpe.encodings import encoding_vocabulary

if core_name() != "compiled":
    pytest.skip("the compiled core's steps", allow_module_level=True)

from bpe._core.compiled import CompiledCore  # type: ignore[import-not-found, unused-ignore]

RUNS = [" ", "\n", "\r\n", "\t", "\u3000", "a", "A", "=", "/", "0"]
BEHIND = ["", "a", "B", "1", ".", "'s", "\n/", "\r\n", "\t", "\u3000", "\u4e2d"]
LENGTHS = [1, 2, 9, *range(63, 82, 2), 72, 80, 129]  # runs that fill a window are stepped over


@pytest.mark.parametrize("encoding", ["gpt2", "cl100k_base", "o200k_base", "deepseek_v3"])
@pytest.mark.parametrize("before", ["", "."])
def test_runs(encoding: str, before: str) -> None:
    vocabulary = encoding_vocabulary(encoding)
    compiled, python = CompiledCore(vocabulary), PythonCore(vocabulary)
    for run in RUNS:
        for behind in BEHIND:
            for length in LENGTHS:
                text = before + run * length + behind
                expected = python.encode(text)
                assert compiled.encode(text) == expected, (run, length, behind)
                # Newlines behind it, and the same run once more.
                text += "\n" * (length % 20) + run * length
                assert compiled.encode(text) == python.encode(text), (run, length, behind)

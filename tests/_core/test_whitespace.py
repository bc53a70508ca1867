"""Long runs of whitespace, which the compiled core steps over by eights."""

from __future__ import annotations

import pytest

from bpe._core import core_name
from bpe._core.python import PythonCore
from bpe.encodings import encoding_vocabulary

if core_name() != "compiled":
    pytest.skip("the compiled core's steps", allow_module_level=True)

from bpe._core.compiled import CompiledCore  # type: ignore[import-not-found, unused-ignore]

RUNS = [" ", "\n", "\r\n", "\t", "\x85", "\u3000"]
BEHIND = ["", "a", "1", ".", " ", "\n", "\r\n", "\t", "\u3000"]
LENGTHS = [1, 2, 8, 9, 17, *range(63, 82), 129]  # runs that fill a window are stepped over


@pytest.mark.parametrize("encoding", ["gpt2", "cl100k_base", "o200k_base", "deepseek_v3"])
@pytest.mark.parametrize("before", ["", "."])
def test_runs_of_whitespace(encoding: str, before: str) -> None:
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

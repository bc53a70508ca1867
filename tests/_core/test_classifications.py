"""Plain C, SSE2, NEON, AVX2, AVX-512: each classifies text as the others do."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

compiled = pytest.importorskip("bpe._core.compiled")

import bpe  # noqa: E402
from bpe._core.python import PythonCore  # noqa: E402

# Each ASCII character, and one of each class and length beyond.
CHARACTERS = [chr(code) for code in range(128)] + list(
    "éÀ×Þßà÷ÿ²٣\u0301日本・\u3097\u00a0½\u3000\ufeffЯя😀\u2028"
)


@pytest.fixture(params=compiled.classifications())
def variant(request: pytest.FixtureRequest) -> Iterator[str]:
    compiled.use_classification(request.param)
    yield request.param
    compiled.use_classification(compiled.classifications()[-1])


def texts() -> list[str]:
    seeded = random.Random(64)
    return [
        "".join(seeded.choices(seeded.sample(CHARACTERS, 24), k=seeded.choice((63, 64, 65, 200))))
        for _ in range(2000)
    ]


@pytest.fixture(scope="module")
def expected() -> dict[str, list[list[int]]]:
    names = ("gpt2", "cl100k_base", "o200k_base", "deepseek_v3")
    core = PythonCore
    return {
        name: bpe.Tokenizer(bpe.load(name).vocabulary, core=core).encode_ordinary_batch(texts())
        for name in names
    }


def test_plain_c_is_there() -> None:
    assert "plain" in compiled.classifications()


def test_all_give_the_ids_of_the_reference(
    variant: str, expected: dict[str, list[list[int]]]
) -> None:
    for name, ids in expected.items():
        tokenizer = bpe.Tokenizer(bpe.load(name).vocabulary, core=compiled.CompiledCore)
        assert tokenizer.encode_ordinary_batch(texts()) == ids, (variant, name)

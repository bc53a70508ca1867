"""What a caller has learned grows with its text: ids stay those of a core that has seen nothing."""

from __future__ import annotations

import random
import threading

import pytest

from bpe._core import core_name
from bpe._core.interface import Core
from bpe.encodings import encoding_vocabulary

if core_name() != "compiled":
    pytest.skip("the compiled core's tables", allow_module_level=True)

from bpe._core.compiled import CompiledCore  # type: ignore[import-not-found, unused-ignore]

LETTERS = "eeettaaoinsrhldcumfgpwybvkxjqz" + "éüñдя語"
# More distinct pieces than the largest table has places, of all lengths that have tables.
CHUNKS, WORDS = 60, 4_500


def chunk(seed: int) -> str:
    """Words that each begin a piece of their own, so that a chunk's ids do not depend on others."""
    rng = random.Random(seed)
    lengths = (3, 4, 5, 6, 7, 8, 9, 12, 20, 40)
    return "".join(" " + "".join(rng.choices(LETTERS, k=rng.choice(lengths))) for _ in range(WORDS))


@pytest.fixture(scope="module", params=["gpt2", "cl100k_base"])
def expected(request: pytest.FixtureRequest) -> tuple[str, list[tuple[str, list[int]]]]:
    vocabulary = encoding_vocabulary(request.param)
    rows = []
    for seed in range(CHUNKS):
        text = chunk(seed)
        # Parts that are too short for a core to make its tables large.
        ids = []
        core: Core = CompiledCore(vocabulary)
        words = text.split(" ")[1:]
        for start in range(0, len(words), 1_500):
            if start == 3_000:
                core = CompiledCore(vocabulary)
            ids += core.encode("".join(f" {word}" for word in words[start : start + 1_500]))
        rows.append((text, ids))
    return request.param, rows


def test_ids_of_one_caller(expected: tuple[str, list[tuple[str, list[int]]]]) -> None:
    encoding, rows = expected
    core = CompiledCore(encoding_vocabulary(encoding))
    for _ in range(2):
        for text, ids in rows:
            assert core.encode(text) == ids
    assert core.encode("".join(text for text, _ in rows)) == [t for _, ids in rows for t in ids]


def test_ids_of_callers_at_once(expected: tuple[str, list[tuple[str, list[int]]]]) -> None:
    encoding, rows = expected
    core = CompiledCore(encoding_vocabulary(encoding))
    whole = "".join(text for text, _ in rows), [t for _, ids in rows for t in ids]
    wrong: list[int] = []
    barrier = threading.Barrier(3)

    def work(number: int) -> None:
        for text, ids in [whole, *rows, whole]:
            if text is whole[0]:
                barrier.wait()  # all are inside at once, so that there are further workspaces
            if core.encode(text) != ids:
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong

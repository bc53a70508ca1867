"""One tokenizer in many threads, in batches and after a fork; on both cores."""

from __future__ import annotations

import os
import sys
import threading
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from bpe import Tokenizer

Load = Callable[[str], Tokenizer]

TEXTS = [
    f"{number} The quick fox, naïve façade — 日本語テキスト {'ab' * (number % 50)}\n\t x={number}"
    for number in range(200)
]


@pytest.fixture
def cl100k(load: Load) -> Tokenizer:
    return load("cl100k_base")


def test_many_threads_give_what_one_gives(cl100k: Tokenizer) -> None:
    expected = [cl100k.encode(text) for text in TEXTS]
    barrier = threading.Barrier(8)

    def work(number: int) -> list[list[int]]:
        barrier.wait()
        order = [*TEXTS[number:], *TEXTS[:number]]
        ids = [cl100k.encode(text) for text in order]
        assert [cl100k.count(text) for text in order] == [len(tokens) for tokens in ids]
        assert [cl100k.decode(tokens) for tokens in ids] == order
        return [*ids[len(TEXTS) - number :], *ids[: len(TEXTS) - number]]

    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(work, range(8)):
            assert found == expected


def test_different_choices_of_specials_at_once(cl100k: Tokenizer) -> None:
    text = "a<|endoftext|>b<|fim_prefix|>c"
    names = sorted(cl100k.special_tokens_set)
    choices = [set(names[:number]) for number in range(len(names) + 1)]
    expected = [
        cl100k.encode(text, allowed_special=choice, disallowed_special=()) for choice in choices
    ]

    def work(number: int) -> bool:
        choice = number % len(choices)
        ids = cl100k.encode(text, allowed_special=choices[choice], disallowed_special=())
        return ids == expected[choice]

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(400)))


@pytest.mark.parametrize("num_threads", [None, 1, 2, 3, 16])
def test_batches_keep_their_order(cl100k: Tokenizer, num_threads: int | None) -> None:
    texts = TEXTS * 5
    expected = [cl100k.encode_ordinary(text) for text in texts]
    assert cl100k.encode_ordinary_batch(texts, num_threads=num_threads) == expected
    assert cl100k.encode_batch(texts, num_threads=num_threads) == expected
    assert cl100k.count_batch(texts, num_threads=num_threads) == [len(ids) for ids in expected]
    assert cl100k.decode_batch(expected, num_threads=num_threads) == texts


def test_batches_within_threads(cl100k: Tokenizer) -> None:
    expected = cl100k.encode_batch(TEXTS)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: cl100k.encode_batch(TEXTS, num_threads=2), range(8)):
            assert found == expected


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_fork_after_load(cl100k: Tokenizer) -> None:
    expected = cl100k.encode_batch(TEXTS, num_threads=2)
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # 3.12 and later, for threads
        child = os.fork()
    if child == 0:
        answer = b"failed"
        try:
            found = cl100k.encode_batch(TEXTS, num_threads=2)
            if found == expected and cl100k.decode(found[0]) == TEXTS[0]:
                answer = b"equal"
        finally:
            os.write(writer, answer)
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        assert pipe.read() == b"equal"
    os.waitpid(child, 0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_fork_while_another_thread_loads() -> None:
    """The child of a fork that happened inside a load can load."""
    import subprocess

    program = """
import os, signal, warnings
warnings.simplefilter("ignore")
from bpe import loading
loading._lock.acquire()  # as a thread does that is loading now
child = os.fork()
if child == 0:
    signal.alarm(60)
    import bpe
    os._exit(0 if bpe.load("gpt2").decode([31373]) == "hello" else 1)
assert os.waitpid(child, 0)[1] == 0
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)


def test_objects_die_with_their_thread(load: Load) -> None:
    """A tokenizer that is used and dropped in threads leaves nothing behind that crashes."""
    vocabulary = load("r50k_base").vocabulary
    core = type(load("r50k_base")._core)

    def work(_: int) -> list[int]:
        return Tokenizer(vocabulary, core=core).encode("hello world")

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(work, range(4))) == [[31373, 995]] * 4

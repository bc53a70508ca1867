"""Lists of ids: their ints are shared by all lists of the process, the lists are the caller's."""

from __future__ import annotations

import gc
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bpe import Tokenizer
from bpe.encodings import encoding_vocabulary
from bpe.vocabulary import Vocabulary

# 2,048 characters decide how a list is made; 32,768 ids whether its memory is cut to size.
LENGTHS = [0, 1, 7, 2_047, 2_048, 2_049, 30_000, 200_000]


@pytest.fixture
def tokenizer(load: Callable[[str], Tokenizer]) -> Tokenizer:
    return load("cl100k_base")


@pytest.mark.parametrize("atom", ["one two, 3\n", "слово и 漢字 ", "a"])
@pytest.mark.parametrize("length", LENGTHS)
def test_a_list_holds_what_the_array_and_the_count_say(
    tokenizer: Tokenizer, atom: str, length: int
) -> None:
    text = (atom * (length // len(atom) + 1))[:length]
    ids = tokenizer.encode_ordinary(text)
    assert type(ids) is list
    assert {type(i) for i in ids} <= {int}
    array = tokenizer._core.encode_array(text)
    assert ids == list(array)
    assert len(ids) == tokenizer.count(text)
    assert tokenizer.decode(ids) == text


def test_a_list_is_the_callers(tokenizer: Tokenizer) -> None:
    text = "of many words " * 5_000
    before = tokenizer.encode_ordinary(text)
    ids = tokenizer.encode_ordinary(text)
    ids.append(-1)
    ids.extend(range(10))
    ids.insert(0, 10**30)
    ids.sort(reverse=True)
    del ids[5:]
    ids *= 100_000
    ids.clear()
    assert tokenizer.encode_ordinary(text) == before
    assert pickle.loads(pickle.dumps(before)) == before
    assert before.copy() == before


def test_ints_outlive_every_list(tokenizer: Tokenizer) -> None:
    text = "again " * 3_000
    expected = [int(str(i)) for i in tokenizer.encode_ordinary(text)]
    for _ in range(300):
        ids = tokenizer.encode_ordinary(text)
        del ids[::2]
        del ids
        tokenizer.encode_ordinary(text[:60])
    assert tokenizer.encode_ordinary(text) == expected


LAST = (1 << 20) - 1


@pytest.mark.parametrize("words", [1, 3_000])
@pytest.mark.parametrize("far", [100_300, LAST - 1, LAST, LAST + 1, (1 << 31) + 5, (1 << 32) - 1])
def test_special_ids_up_to_the_shared_ints_and_beyond(
    core: type[Any], far: int, words: int
) -> None:
    """One vocabulary for each: a higher id would keep the ints from being used."""
    published = encoding_vocabulary("cl100k_base")
    vocabulary = Vocabulary(
        name="far",
        pattern=published.pattern,
        special_tokens={"<|far|>": far},
        pairs=published.pairs,
    )
    tokenizer = Tokenizer(vocabulary, core=core)
    text = f"<|far|>{' word' * words}" * 3
    word = tokenizer.encode_ordinary(" word")
    expected = [far, *word * words] * 3
    for _ in range(2):
        assert tokenizer.encode(text, allowed_special="all") == expected
        batch = tokenizer.encode_batch([text, text], allowed_special="all")
        assert batch == [expected, expected]
        assert tokenizer.encode_ordinary(" word" * words) == word * words
    assert tokenizer.decode(expected) == text


def test_the_ints_of_a_larger_vocabulary_are_made_after_a_smaller_ones(core: type[Any]) -> None:
    """In a process of its own: the ints belong to the process, and other tests make them."""
    if core.__name__ != "CompiledCore":
        pytest.skip("the Python core shares no ints")
    program = """
from bpe import Tokenizer
from bpe._core import patterns
from bpe._core.compiled import CompiledCore
from bpe.vocabulary import Vocabulary

def tokenizer(first, special):
    ranks = {bytes([i]): first + i for i in range(256)}
    specials = {"<s>": special}
    made = Vocabulary(
        name="made", pattern=patterns.CL100K, special_tokens=specials, ranks=ranks, merges=None
    )
    return Tokenizer(made, core=CompiledCore), first, special

def check(made, length):
    t, first, special = made
    text = "ab" * (length // 2)
    expected = [first + ord(c) for c in text]
    for ids in (t.encode_ordinary(text), t.encode_ordinary_batch([text] * 3, num_threads=1)[2]):
        assert ids == expected and {type(i) for i in ids} <= {int}
        assert [i + 1 - 1 for i in ids] == expected
        assert [hash(i) for i in ids] == [hash(i) for i in expected]
    assert t.encode(text + "<s>" + text, allowed_special="all") == [*expected, special, *expected]

small, larger, gapped = tokenizer(0, 300), tokenizer(0, 900_000), tokenizer(5_000, 256)
for length in (2, 100, 3_000, 20_000, 2):  # short lists first: then their ints are made one by one
    for made in (small, larger, gapped):
        check(made, length)
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_threads_make_lists_at_once(tokenizer: Tokenizer) -> None:
    texts = [f"text {i} with число и 漢字 " * 3_000 for i in range(4)]
    expected = [tokenizer.encode_ordinary(text) for text in texts]
    wrong: list[int] = []

    def work(number: int) -> None:
        for _ in range(20):
            same = tokenizer.encode_ordinary(texts[number]) == expected[number]
            wrong.extend([] if same else [number])

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit on memory that holds")
def test_a_wrong_guess_of_the_length_costs_no_memory_error(core: type[Any]) -> None:
    """The first stretch has four tokens a character, the other million half a token."""
    if core.__name__ != "CompiledCore":
        pytest.skip("the Python core guesses nothing")
    program = """
import resource
from bpe.encodings import encoding_vocabulary
from bpe import Tokenizer
from bpe._core.compiled import CompiledCore
tokenizer = Tokenizer(encoding_vocabulary("cl100k_base"), core=CompiledCore)
dense = "".join(chr(0x10000 + i * 7 % 0x3000) + ". " * (i % 40 == 0) for i in range(16_500))
texts = [dense + " слово " * 600_000 + end for end in "ab"]
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (100 << 20), -1))
listed = len(tokenizer.encode_ordinary(texts[0]))
print(listed, len(tokenizer._core.encode_array(texts[1])) - listed)
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    listed, more = map(int, run.stdout.split())
    assert listed > 1_200_000
    assert more == 0


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="only Linux tells of its pages")
@pytest.mark.parametrize("call", ["encode", "encode_array"])
def test_huge_pages_are_asked_for_while_a_result_is_filled(core: type[Any], call: str) -> None:
    """Whatever the heap holds there later is not to take two megabytes a touch."""
    if core.__name__ != "CompiledCore":
        pytest.skip("the Python core asks for no pages")
    program = f"""
import re
from bpe.encodings import encoding_vocabulary
from bpe._core.compiled import CompiledCore
core = CompiledCore(encoding_vocabulary("cl100k_base"))
text = "some words and more " * 100_000
core.encode(text[:100_000])
def flagged(flag):
    with open("/proc/self/smaps") as file:
        found = re.findall(r"Rss: +(\\d+) kB(?:.|\\n)*?VmFlags:(.*)", file.read())
    return sum(int(size) for size, flags in found if f" {{flag}} " in flags)
before = flagged("hg")
kept = core.{call}(text)
print(flagged("hg") - before, flagged("nh"))
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    asked, taken_back = map(int, run.stdout.split())
    if asked == taken_back == 0:
        pytest.skip("this system tells nothing of its pages")
    assert asked <= 2048
    assert taken_back >= 1000


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit on memory that holds")
@pytest.mark.parametrize(
    "call",
    [
        "encode(text)",
        "encode_array(text)",
        "encode_batch([text])",
        "encode_batch([text, text], None, None, 2)",
    ],
)
@pytest.mark.parametrize("part", ["né ", "no ", "слово ", "漢字"])
def test_no_memory_is_an_error(core: type[Any], call: str, part: str) -> None:
    if core.__name__ != "CompiledCore":
        pytest.skip("the Python core asks Python for memory")
    program = f"""
import resource
from bpe.encodings import encoding_vocabulary
from bpe._core.compiled import CompiledCore
core = CompiledCore(encoding_vocabulary("cl100k_base"))
text = {part!r} * (9_000_000 // len({part!r}))
core.encode(text[:300_000])
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (10 << 20), -1))
try:
    core.{call}
except MemoryError:
    print("none")
resource.setrlimit(resource.RLIMIT_AS, (-1, -1))
print(core.encode(text[:30_000]) == core.encode_array(text[:30_000]).tolist())
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == ["none", "True"]


@pytest.mark.parametrize("encoding", ["gpt2", "cl100k_base", "o200k_base", "deepseek_v3"])
def test_known_pieces_with_a_token_a_byte(core: type[Any], encoding: str) -> None:
    """Words of 16 to 31 bytes with as many tokens: met again, they need more room than others."""
    if core.__name__ != "CompiledCore":
        pytest.skip("the Python core reserves no room")
    program = f"""
from bpe.encodings import encoding_vocabulary
from bpe import Tokenizer
from bpe._core.compiled import CompiledCore
for first in (0x12000, 0x7CA, 0x780, 0x1E900, 0x10330):
    for letters in (7, 15):
        word = " " + "".join(chr(first + i) for i in range(letters))
        for times in (10, 100, 150, 200):
            tokenizer = Tokenizer(encoding_vocabulary({encoding!r}), core=CompiledCore)
            once = tokenizer.encode_ordinary(word)
            for _ in range(3):
                assert tokenizer.encode_ordinary(word * times) == once * times
                assert tokenizer.count(word * times) == len(once) * times
                assert list(tokenizer._core.encode_array(word * times)) == once * times
"""
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("threads", [1, 2])
def test_the_collector_knows_the_lists_of_a_batch(tokenizer: Tokenizer, threads: int) -> None:
    lists: list[Any] = tokenizer.encode_ordinary_batch(["some words"] * 20_000, num_threads=threads)
    assert all(gc.is_tracked(each) for each in lists)
    lists[0].append(lists[1])
    lists[1].append(lists[0])
    del lists
    assert gc.collect() >= 2

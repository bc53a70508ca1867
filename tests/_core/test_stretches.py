"""Long text is encoded stretch by stretch: wherever it is cut, the ids are those of the whole."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bpe import Tokenizer
from bpe.errors import RefusedTextError

ENCODINGS = ["gpt2", "cl100k_base", "o200k_base", "deepseek_v3"]
# Everything that stands at a cut, or near one.
ATOMS = (
    *"aZé中あ한яﬁʰँ1٣½'’.,!?/\"()<|>_-=–。，？",
    *" \t\n\r\v\u00a0\u2003\u3000\u2028\u200b\x00\x85😀𝒜𠀀\u0301",
    *(
        "  ",
        "\n\n",
        " \n",
        "\n ",
        "\r\n",
        "'s",
        "'LL",
        "ſ",
        "'ſ",
        " '",
        "\n'",
        "<|endoftext|>",
        "<|end of",
    ),
    *("the ", "Слово ", "漢字かな", "x=1;\n", "a\n\nb", "…", "\n/"),
)


@pytest.fixture
def compiled(core: type[Any]) -> Iterator[Any]:
    if core.__name__ != "CompiledCore":
        pytest.skip("the Python core knows no stretches")
    module = pytest.importorskip("bpe._core.compiled")
    before = module.set_stretch(1 << 14)
    yield module
    module.set_stretch(before)


def texts(count: int, seed: int = 1) -> list[str]:
    rng = random.Random(seed)
    return [
        "".join(rng.choices(rng.sample(ATOMS, rng.randint(2, 12)), k=rng.randint(1, 60)))
        for _ in range(count)
    ]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("length", [1, 2, 7, 24])
def test_ids_of_the_whole(
    encoding: str, length: int, compiled: Any, load: Callable[[str], Tokenizer]
) -> None:
    tokenizer = load(encoding)
    made = texts(4000)
    expected = [tokenizer.encode_ordinary(text) for text in made]
    compiled.set_stretch(length)
    # One after the other: a text that is one of the last four is taken as a whole the third time.
    for text, ids in zip(made, expected, strict=True):
        assert tokenizer.encode_ordinary(text) == ids, text
    for text, ids in zip(made, expected, strict=True):
        assert tokenizer.count(text) == len(ids), text
    assert tokenizer.encode_ordinary_batch(made, num_threads=2) == expected
    assert tokenizer.count_batch(made, num_threads=2) == [len(ids) for ids in expected]


@pytest.mark.parametrize("length", [1, 2, 7, 24, 200])
def test_allowed_special_tokens_and_cuts(
    length: int, compiled: Any, load: Callable[[str], Tokenizer]
) -> None:
    tokenizer = load("o200k_base")
    made = texts(2000, seed=3)
    expected = [tokenizer.encode(text, allowed_special="all") for text in made]
    assert expected != [tokenizer.encode_ordinary(text) for text in made]
    compiled.set_stretch(length)
    assert [tokenizer.encode(text, allowed_special="all") for text in made] == expected
    assert tokenizer.encode_batch(made, allowed_special="all", num_threads=2) == expected


def test_no_utf8_is_kept_with_what_is_met_twice(
    compiled: Any, load: Callable[[str], Tokenizer]
) -> None:
    """A str of one's own has a UTF-8 form beside it once somebody has asked for it."""
    tokenizer = load("cl100k_base")
    parts = ["né ", "я ", "中文 ", "😀é "]
    made = [part * n for part in parts for n in (1, 50, 1000, 10_000, 40_000)]
    sizes = [sys.getsizeof(text) for text in made]
    tokenizer.encode_ordinary_batch(made, num_threads=2)
    tokenizer.count_batch(made)
    for text in made:
        assert tokenizer.count(text) == len(tokenizer.encode_ordinary(text))
    assert [sys.getsizeof(text) for text in made] == sizes
    for text in made[:3]:
        tokenizer.encode(text)
        tokenizer.encode(text, allowed_special="all")
    assert [sys.getsizeof(text) for text in made] == sizes


def is_refused(method: Callable[..., Any], *arguments: Any) -> bool:
    try:
        method(*arguments)
    except RefusedTextError:
        return True
    return False


@pytest.mark.parametrize("length", [1, 2, 7, 24])
def test_refused_special_tokens_across_cuts(
    length: int, compiled: Any, load: Callable[[str], Tokenizer]
) -> None:
    names = ["<|endoftext|>", "<|end", "|>é", "中", " the", "<|end of text"]
    rng = random.Random(2)
    atoms = ("<|endoftext|>", "<|end", "of text", "|>", "é", "中", " the", "я ", "x", "\n")
    made = [
        "".join(rng.choices(atoms[rng.randrange(6) :], k=rng.randint(1, 12))) for _ in range(4000)
    ]
    made += ["é" + "x" * n + name for name in names for n in range(50)]
    core = load("cl100k_base")._core
    expected = [core.encode(text) for text in made]
    compiled.set_stretch(length)
    for chosen in (names, *([name] for name in names)):
        refused = core.special_set(dict.fromkeys(chosen, 0))
        holds = [any(name in text for name in chosen) for text in made]
        assert [is_refused(core.encode, text, None, refused) for text in made] == holds
        assert [is_refused(core.count, text, None, refused) for text in made] == holds
        fine = [text for text, held in zip(made, holds, strict=True) if not held]
        ids = [ids for ids, held in zip(expected, holds, strict=True) if not held]
        assert [core.encode(text, None, refused) for text in fine] == ids
        assert core.encode_batch(fine, None, refused, 2) == ids
        assert is_refused(core.encode_batch, [*fine, *made], None, refused, 2)


def test_surrogates_are_repaired_in_long_text(
    compiled: Any, load: Callable[[str], Tokenizer]
) -> None:
    tokenizer = load("o200k_base")
    for odd, repaired in (("\ud83d\ude00", "😀"), ("\ud83d", "\ufffd"), ("x\udfff", "x\ufffd")):
        for before, after in ((0, 20_000), (40_000, 3), (100_000, 100_000)):
            text = "né " * before + odd + " é" * after
            fixed = "né " * before + repaired + " é" * after
            for _ in range(2):
                assert tokenizer.encode_ordinary(text) == tokenizer.encode_ordinary(fixed)
                assert tokenizer.count(text) == tokenizer.count(fixed)


@pytest.mark.parametrize("letter", ["é", "я", "中", "😀", "\U00020000"])
def test_long_text_that_cannot_be_cut(
    letter: str, compiled: Any, load: Callable[[str], Tokenizer]
) -> None:
    """Whole, and with places to cut at its start only."""
    tokenizer = load("cl100k_base")
    for text in (letter * 50_000, "né " * 9_000 + letter * 50_000):
        ids = tokenizer.encode_ordinary(text)
        assert tokenizer.decode(ids) == text
        assert tokenizer.count(text) == len(ids)
        compiled.set_stretch(1 << 30)
        assert tokenizer.encode_ordinary(text) == ids
        compiled.set_stretch(1 << 14)

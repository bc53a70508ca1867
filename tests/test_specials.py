"""allowed_special and disallowed_special, with tiktoken 0.14's meaning, on both cores."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import pytest

from bpe import Tokenizer
from bpe.errors import DisallowedSpecialTokenError, TokenTypeError
from bpe.specials import CACHE_SIZE
from bpe.vocabulary import Vocabulary

Load = Callable[[str], Tokenizer]

EOT = "<|endoftext|>"
FIM = "<|fim_prefix|>"
EOT_ID = 100257
FIM_ID = 100258
BYTES = {bytes((byte,)): byte for byte in range(256)}


@pytest.fixture
def cl100k(load: Load) -> Tokenizer:
    return load("cl100k_base")


def tiny(core: type[Any], special_tokens: dict[str, int]) -> Tokenizer:
    vocabulary = Vocabulary(
        name="tiny", pattern=r"\w+|\W", special_tokens=special_tokens, ranks=BYTES
    )
    return Tokenizer(vocabulary, core=core)


def test_refused_by_default(cl100k: Tokenizer) -> None:
    with pytest.raises(DisallowedSpecialTokenError, match=r"<\|endoftext\|>") as caught:
        cl100k.encode(f"a {EOT} b")
    assert caught.value.token == EOT
    assert "allowed_special" in str(caught.value)
    assert "disallowed_special=()" in str(caught.value)


@pytest.mark.parametrize("refused", [(), [], set(), frozenset(), {}, "", None])
def test_nothing_refused_is_plain_text(cl100k: Tokenizer, refused: Any) -> None:
    ids = cl100k.encode(EOT, disallowed_special=refused)
    assert ids == cl100k.encode_ordinary(EOT)
    assert EOT_ID not in ids


@pytest.mark.parametrize("allowed", ["all", {EOT}, [EOT], (EOT,), frozenset([EOT]), {EOT: 1}])
def test_allowed(cl100k: Tokenizer, allowed: Any) -> None:
    assert cl100k.encode(EOT, allowed_special=allowed) == [EOT_ID]
    assert cl100k.count(EOT, allowed_special=allowed) == 1
    assert cl100k.encode_batch([EOT], allowed_special=allowed) == [[EOT_ID]]
    assert cl100k.count_batch([EOT], allowed_special=allowed) == [1]


def test_all_of_disallowed_means_those_not_allowed(cl100k: Tokenizer) -> None:
    assert cl100k.encode(f"{EOT}", allowed_special={EOT}, disallowed_special="all") == [EOT_ID]
    with pytest.raises(ValueError, match="fim_prefix"):
        cl100k.encode(f"{EOT}{FIM}", allowed_special={EOT})


def test_some_special_some_plain(cl100k: Tokenizer) -> None:
    ids = cl100k.encode(f"{EOT}{FIM}", allowed_special={FIM}, disallowed_special=())
    assert ids == [*cl100k.encode_ordinary(EOT), FIM_ID]


def test_refusal_wins_over_permission(cl100k: Tokenizer) -> None:
    with pytest.raises(ValueError, match="endoftext"):
        cl100k.encode(EOT, allowed_special="all", disallowed_special={EOT})


def test_any_text_can_be_refused(cl100k: Tokenizer) -> None:
    with pytest.raises(ValueError, match="secret"):
        cl100k.encode("a secret word", disallowed_special={"secret"})
    with pytest.raises(ValueError, match="😀"):
        cl100k.encode("a \U0001f600", disallowed_special=["\ud83d\ude00"])
    with pytest.raises(ValueError, match="''"):
        cl100k.encode("", disallowed_special={""})
    assert cl100k.encode(EOT, disallowed_special={"secret"}) == cl100k.encode_ordinary(EOT)


def test_an_allowed_name_that_is_none_is_ignored(cl100k: Tokenizer) -> None:
    assert cl100k.encode("<|x|>", allowed_special={"<|x|>"}) == cl100k.encode_ordinary("<|x|>")


@pytest.mark.parametrize(
    "method", ["encode", "encode_to_numpy", "count", "encode_batch", "count_batch"]
)
@pytest.mark.parametrize("choice", [EOT, "ALL", None, 5, [5], {b"all"}, [[]]])
def test_unfit_allowed(cl100k: Tokenizer, method: str, choice: Any) -> None:
    if method == "encode_to_numpy":
        pytest.importorskip("numpy")
    text = ["a"] if "batch" in method else "a"
    with pytest.raises(TokenTypeError, match="allowed_special") as caught:
        getattr(cl100k, method)(text, allowed_special=choice)
    assert caught.value.__context__ is None or caught.value.__suppress_context__


@pytest.mark.parametrize("choice", [EOT, "none", 5, [5], {b"all"}, [[]]])
def test_unfit_disallowed(cl100k: Tokenizer, choice: Any) -> None:
    with pytest.raises(TokenTypeError, match="disallowed_special"):
        cl100k.encode("a", disallowed_special=choice)


def test_a_str_that_is_not_all_gets_a_hint(cl100k: Tokenizer) -> None:
    with pytest.raises(TypeError, match=r"did you mean \{'<\|endoftext\|>'\}"):
        cl100k.encode("a", allowed_special=EOT)


def test_batch_names_the_text(cl100k: Tokenizer) -> None:
    with pytest.raises(DisallowedSpecialTokenError, match="index 1") as caught:
        cl100k.encode_batch(["a", f"b{EOT}"])
    assert caught.value.index == 1
    with pytest.raises(DisallowedSpecialTokenError):
        cl100k.count_batch([EOT], disallowed_special="all")


@pytest.mark.parametrize("bad", [5, None, b"a"])
def test_batch_names_the_first_fault_of_any_kind(cl100k: Tokenizer, bad: Any) -> None:
    with pytest.raises(DisallowedSpecialTokenError, match="index 1"):
        cl100k.encode_batch(["\ud800", f"b{EOT}", bad, EOT])
    with pytest.raises(TokenTypeError, match="index 1"):
        cl100k.encode_batch(["\ud800", bad, EOT])


def test_a_refusal_is_one_exception(cl100k: Tokenizer) -> None:
    """The core's own is not shown before it."""
    calls: list[Callable[[str], object]] = [
        cl100k.encode,
        lambda text: cl100k.count(text, disallowed_special="all"),
        lambda text: cl100k.encode_batch([text]),
    ]
    if find_spec("numpy"):
        calls.append(cl100k.encode_to_numpy)
    for call in calls:
        for text in (EOT, EOT + "\ud800", "\ud800" + EOT):
            with pytest.raises(DisallowedSpecialTokenError) as caught:
                call(text)
            assert caught.value.__suppress_context__


@pytest.mark.parametrize("before", [0, 40, 20_000, 70_000])
@pytest.mark.parametrize("odd", ["", "\ud800", "\ud83d\ude00"])
def test_allowed_and_refused_at_once(cl100k: Tokenizer, before: int, odd: str) -> None:
    text = "é слово " * before + odd + FIM + odd + "中文 " * before
    choice: Any = {"allowed_special": {FIM}, "disallowed_special": {EOT}}
    ids = cl100k.encode(text, **choice)
    assert ids == cl100k.encode(text, allowed_special="all")
    assert ids.count(FIM_ID) == 1
    assert cl100k.encode_batch([text, text], num_threads=2, **choice) == [ids, ids]
    assert cl100k.count(text, **choice) == len(ids)
    assert cl100k.count_batch([text], **choice) == [len(ids)]
    for wrong in (text + EOT, EOT + text, text + odd + EOT + "é" * before):
        for refuse in (
            lambda: cl100k.encode(wrong, **choice),  # noqa: B023
            lambda: cl100k.encode(wrong.replace(FIM, "")),  # noqa: B023
            lambda: cl100k.count(wrong, **choice),  # noqa: B023
            lambda: cl100k.encode_batch([text, wrong], num_threads=2, **choice),  # noqa: B023
            lambda: cl100k.count_batch([text, wrong], **choice),  # noqa: B023
        ):
            with pytest.raises(DisallowedSpecialTokenError) as caught:
                refuse()
            assert caught.value.token == EOT
        if find_spec("numpy"):
            with pytest.raises(DisallowedSpecialTokenError):
                cl100k.encode_to_numpy(wrong, **choice)


def test_a_refused_text_of_any_length(cl100k: Tokenizer) -> None:
    """Longer than what is written and searched at a time."""
    name = "é" + "name " * 9000 + "é"
    for text in ("слово " * 5000 + name + " б" * 50_000, "ж" * 16_383 + name, name):
        with pytest.raises(DisallowedSpecialTokenError) as caught:
            cl100k.encode(text, disallowed_special={name, "nothing like it"})
        assert caught.value.token == name
        near = text.replace(name, name[:-1] + "e")
        ids = cl100k.encode(near, disallowed_special={name})
        assert ids == cl100k.encode_ordinary(near)


def test_count_refuses_nothing_by_default(cl100k: Tokenizer) -> None:
    assert cl100k.count(EOT) == len(cl100k.encode_ordinary(EOT))
    assert cl100k.count(f"{EOT}{EOT}", allowed_special={EOT}) == 2
    with pytest.raises(ValueError, match="endoftext"):
        cl100k.count(EOT, disallowed_special="all")


def test_between_special_tokens_text_stands_alone(cl100k: Tokenizer) -> None:
    text = f"hello{EOT} world{FIM}{FIM}x{EOT}"
    ids = cl100k.encode(text, allowed_special="all")
    assert ids == [
        *cl100k.encode_ordinary("hello"),
        EOT_ID,
        *cl100k.encode_ordinary(" world"),
        FIM_ID,
        FIM_ID,
        *cl100k.encode_ordinary("x"),
        EOT_ID,
    ]
    assert cl100k.count(text, allowed_special="all") == len(ids)


def test_longest_at_the_leftmost_place(core: type[Any]) -> None:
    tokenizer = tiny(core, {"<a>": 256, "<a><b>": 257, "<b><c>": 258, "é": 259})
    assert tokenizer.encode("<a><b><c>", allowed_special="all") == [257, *b"<c>"]
    assert tokenizer.encode("<a>é<b><c>", allowed_special="all") == [256, 259, 258]
    assert tokenizer.encode("<a><b><c>", allowed_special={"<a>"}, disallowed_special=()) == [
        256,
        *b"<b><c>",
    ]


def test_near_misses_are_text(core: type[Any]) -> None:
    tokenizer = tiny(core, {"<|end|>": 256})
    for text in ("<|end|", "|end|>", "<<|end|", "<|en d|>", "<|"):
        assert tokenizer.encode(text) == list(text.encode())
    assert tokenizer.encode("<<|end|>>", allowed_special="all") == [60, 256, 62]
    assert tokenizer.encode("日<|end|>😀", allowed_special="all") == [
        *"日".encode(),
        256,
        *"😀".encode(),
    ]


def test_two_names_of_one_id_the_first_is_decoded(core: type[Any]) -> None:
    tokenizer = tiny(core, {"<first>": 256, "<second>": 256})
    assert tokenizer.encode("<first><second>", allowed_special="all") == [256, 256]
    assert tokenizer.encode("<second>", allowed_special={"<second>"}) == [256]
    assert tokenizer.decode([256]) == "<first>"
    assert tokenizer.encode_single_token("<second>") == 256


def test_no_special_tokens(core: type[Any]) -> None:
    tokenizer = tiny(core, {})
    assert tokenizer.encode(EOT) == tokenizer.encode_ordinary(EOT)
    assert tokenizer.encode(EOT, allowed_special="all") == tokenizer.encode_ordinary(EOT)
    assert tokenizer.special_tokens_set == set()


def test_choices_may_change_between_calls_and_the_cache_is_bounded(cl100k: Tokenizer) -> None:
    for number in range(3 * CACHE_SIZE):
        assert cl100k.encode("a", disallowed_special={f"x{number}"}) == cl100k.encode("a")
    assert len(cl100k._specials._cache) <= CACHE_SIZE
    changing = {FIM}
    assert cl100k.encode(EOT, allowed_special=changing, disallowed_special=()) != [EOT_ID]
    changing.add(EOT)
    assert cl100k.encode(EOT, allowed_special=changing, disallowed_special=()) == [EOT_ID]

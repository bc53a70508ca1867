"""Every vector: text, ids, counts, and what is refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from bpe import Tokenizer
from bpe.context.deepseek import FORMATS, count_deepseek, render, token_ids, total_deepseek
from bpe.errors import ModelNotSupportedError, TokenCountError

from .vectors import choices, sha1, vectors

pytestmark = pytest.mark.exact

# Those that say the same in two formats are run in both.
SAME = [
    {**vector, "format": "v4-recipe", "args": {**vector["args"], "reasoning_effort": "low"}}
    for vector in vectors()
    if vector.get("recipe_same")
]
ALL = [*vectors(), *SAME]
NAMES = [f"{vector['format']}-{vector['conv']}-{at}" for at, vector in enumerate(ALL)]
RENDERED = [vector for vector in ALL if "text" in vector]


def test_all_are_here() -> None:
    assert Counter(vector["format"] for vector in vectors()) == {
        "v3": 30,
        "v3-2412": 30,
        "r1": 30,
        "r1-0528": 30,
        "v3.1": 33,
        "v3.1-terminus": 33,
        "v3.2": 32,
        "v3.2-dense": 2,
        "v4": 34,
        "v4-recipe": 14,
        "v4.1": 33,
    }
    assert {vector["format"] for vector in vectors()} == set(FORMATS)
    assert len(SAME) == 20


@pytest.mark.parametrize("vector", ALL, ids=NAMES)
def test_text(vector: dict[str, Any]) -> None:
    chosen = choices(vector["args"])
    if "error" in vector:
        with pytest.raises(TokenCountError) as caught:
            render(vector["messages"], format=vector["format"], **chosen)
        assert caught.value.path is not None
        assert str(caught.value).startswith(caught.value.path)
        if caught.value.path != "messages":
            assert caught.value.path.startswith(f"messages[{caught.value.index}]")
        return
    segments = render(vector["messages"], format=vector["format"], **chosen)
    assert "".join(segment.text for segment in segments) == vector["text"]


def test_ids(load: Callable[[str], Tokenizer]) -> None:
    tokenizer = load("deepseek_v3")
    checked = 0
    for vector in RENDERED:
        segments = render(vector["messages"], format=vector["format"], **choices(vector["args"]))
        place = (vector["format"], vector["conv"])
        if not vector.get("ids_valid", True):
            with pytest.raises(ModelNotSupportedError, match="System"):
                token_ids(segments, tokenizer)
            continue
        ids = token_ids(segments, tokenizer, "special")
        assert (len(ids), sha1(ids)) == (vector["n_tokens"], vector["ids_sha1"]), place
        assert "".join(segment.text for segment in segments) == tokenizer.decode(ids)
        if "plain_n_tokens" in vector:
            ids = token_ids(segments, tokenizer)
            plain = (vector["plain_n_tokens"], vector["plain_ids_sha1"])
            assert (len(ids), sha1(ids)) == plain, place
            checked += 1
    assert checked == 22


def test_counts(load: Callable[[str], Tokenizer]) -> None:
    tokenizer = load("deepseek_v3")
    for vector in RENDERED:
        form, messages = vector["format"], vector["messages"]
        chosen = choices(vector["args"])
        place = (form, vector["conv"])
        counted = count_deepseek(messages, format=form, counter=tokenizer, **chosen)
        shared_out = sum(message.tokens for message in counted.messages)
        assert counted.total == shared_out + counted.tools + counted.reply, place
        assert len(counted.messages) == len(messages), place
        assert counted.encoding == "deepseek_v3"
        assert counted.total == total_deepseek(messages, format=form, counter=tokenizer, **chosen)
        assert counted.exact == (form != "v4.1"), place
        assert (counted.error == 0.0) == counted.exact, place
        special = count_deepseek(
            messages, format=form, counter=tokenizer, markers="special", **chosen
        )
        if vector.get("ids_valid", True):
            segments = render(messages, format=form, **chosen)
            assert counted.total == len(token_ids(segments, tokenizer)), place
            assert special.total == vector["n_tokens"], place


class OnlyCounts:
    """A Counter, and nothing else."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.count = tokenizer.count


def test_a_counter_that_only_counts(load: Callable[[str], Tokenizer]) -> None:
    tokenizer = load("deepseek_v3")
    counter = OnlyCounts(tokenizer)
    for vector in RENDERED:
        chosen = choices(vector["args"])
        for markers in ("text", "special"):
            ours = count_deepseek(
                vector["messages"],
                format=vector["format"],
                counter=counter,
                markers=markers,
                **chosen,
            )
            known = count_deepseek(
                vector["messages"],
                format=vector["format"],
                counter=tokenizer,
                markers=markers,
                **chosen,
            )
            assert ours.total == known.total
            assert ours.encoding is None
            shared_out = sum(message.tokens for message in ours.messages)
            assert ours.total == shared_out + ours.tools + ours.reply
            assert all(message.tokens >= 0 for message in ours.messages)

"""Texts shortened to so many tokens: they fit, are head and tail, and stay JSON where they were."""

from __future__ import annotations

import json
import time
import unicodedata
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bpe
from bpe.context import Heuristic
from bpe.context.json_shape import KEPT_KEYS
from bpe.context.shorten import shorten_json, shorten_result, shorten_text

_spec = spec_from_file_location("conversations", Path(__file__).with_name("conversations.py"))
assert _spec is not None
assert _spec.loader is not None
forms: Any = module_from_spec(_spec)
_spec.loader.exec_module(forms)

# A failing example may be long; it is to be shown all the same.
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

O200K = bpe.load("o200k_base")
COUNTERS = st.sampled_from([O200K, bpe.load("cl100k_base"), Heuristic()])
long_texts = st.lists(forms.texts, min_size=1, max_size=8).map("\n".join)


@settings(max_examples=100, deadline=None)
@given(st.one_of(long_texts, st.text(max_size=200)), st.integers(0, 120), COUNTERS)
def test_text(text: str, limit: int, counter: Any) -> None:
    made = shorten_text(text, limit, counter)
    if counter.count(text) <= limit:
        assert made is text
        return
    assert counter.count(made) <= limit
    assert shorten_text(made, limit, counter) is made
    parts = made.split("\n[... ") if "tokens left out ...]\n" in made else made.split("…", 1)
    head = parts[0]
    assert text.startswith(head) or made in ("", "…")


@settings(max_examples=100, deadline=None)
@given(forms.json_texts, st.integers(1, 150), COUNTERS)
def test_json(text: str, limit: int, counter: Any) -> None:
    made = shorten_json(text, limit, counter)
    assert made is not None
    assert counter.count(made) <= limit
    json.loads(made)
    if counter.count(text) <= limit:
        assert made is text
    assert shorten_result(text, limit, counter) == made


def test_head_and_tail_at_lines() -> None:
    text = "".join(f"This is line {at} of the file.\n" for at in range(500))
    made = shorten_text(text, 100, O200K)
    head, _, rest = made.partition("\n[... ")
    said, _, tail = rest.partition(" tokens left out ...]\n")
    assert text.startswith(head)
    assert head.endswith("\n")
    assert text.endswith(tail)
    assert tail.startswith("This is line")
    assert int(said) == O200K.count(text) - O200K.count(head) - O200K.count(tail)
    assert 80 < O200K.count(made) <= 100


def test_no_character_is_cut() -> None:
    text = "👨\u200d👩\u200d👧e\u0301हि" * 200
    for limit in range(1, 60):
        made = shorten_text(text, limit, O200K)
        for part in made.replace("\n[... ", "…").split("…"):
            if part and not part.endswith("]\n"):
                first = part.split("]\n")[-1][:1]
                assert not first or not unicodedata.category(first).startswith("M")
    lone = "\ud83d\ude00" * 300
    made = shorten_text(lone, 40, O200K)
    head = made.partition("\n")[0]
    assert len(head) % 2 == 0


def test_json_keeps_what_matters() -> None:
    rows = [{"id": at, "body": "lorem ipsum " * 40, "tags": [*range(50)]} for at in range(100)]
    value = {key: f"the {key}" for key in sorted(KEPT_KEYS)} | {"rows": rows, "code": 1.50}
    text = json.dumps(value).replace("1.5", "1.50e0")
    made = shorten_json(text, 300, O200K)
    assert made is not None
    assert "1.50e0" in made
    read = json.loads(made)
    assert read.keys() >= KEPT_KEYS
    for key in KEPT_KEYS - {"code"}:
        assert read[key] == value[key]
    (said,) = [row for row in read["rows"] if isinstance(row, str)]
    left = int(said.split()[1])
    assert left + len(read["rows"]) - 1 == 100
    assert read["rows"][0]["id"] == 0


def test_what_is_no_json() -> None:
    for text in ("{" * 5000, "[NaN]" * 1, "{'a': 1}", "[1, 2", "plain", "[" * 100_000):
        assert shorten_json(text, 3, O200K) is None
        assert O200K.count(shorten_result(text, 3, O200K)) <= 3
    assert shorten_json("[1]", 0, O200K) is None
    assert shorten_text("x y z", 0, O200K) == ""


def test_white_space_of_json_goes_first() -> None:
    value = {"rows": [[at, at] for at in range(40)]}
    text = json.dumps(value, indent=8)
    made = shorten_json(text, O200K.count(text) - 1, O200K)
    assert made == json.dumps(value, separators=(",", ":"))


def test_deep_nesting() -> None:
    text = "[" * 300 + '"' + "word " * 500 + '"' + "]" * 300
    made = shorten_result(text, 200, O200K)
    json.loads(made)
    assert O200K.count(made) <= 200


@pytest.mark.parametrize("text", ["word and word. " * 200_000, "x" * 2_000_000])
def test_giant_texts(text: str) -> None:
    if bpe.core_name() == "python":
        pytest.skip("counting takes the time")
    started = time.process_time()
    O200K.count(text)
    one = time.process_time() - started
    started = time.process_time()
    made = shorten_text(text, 100, O200K)
    assert time.process_time() - started < 5 * one + 0.2
    assert O200K.count(made) <= 100


@pytest.mark.parametrize("number", ["1234567890" * 90, "-" + "12" * 4000, " 0." + "123" * 300])
def test_a_number_alone_becomes_a_string(number: str) -> None:
    for most in (2, 5, 20, 60):
        made = shorten_result(number, most, O200K)
        assert isinstance(json.loads(made), str)
        assert O200K.count(made) <= most
    assert number.strip()[:9] in made
    assert shorten_result("17", 1, O200K) == "17"
    # What only begins with a number is text.
    assert "left out" in shorten_result("2024-01-01 it began\n" * 99, 30, O200K)

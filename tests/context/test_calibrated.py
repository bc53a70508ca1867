"""Calibrated: few texts are encoded, ratios follow the samples, the bound means what it says."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator
from threading import Barrier, Thread
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bpe
from bpe.context.calibrated import PRIOR, PRIOR_CHARS, SAMPLE_CHARS, WINDOW, Calibrated
from bpe.context.counting import count_messages
from bpe.context.estimate import Exact, Heuristic
from bpe.context.kinds import KINDS, Kind, kind_of
from bpe.errors import ArgumentError, TokenCountError, TokenTypeError

WORDS = (
    "time person year way day thing man world life hand part child eye woman place work week case "
    "point government company number group problem fact be have do say get make go know take see "
    "come think look want give use find tell ask seem feel try leave call good new first last long"
).split()
TEXTS: dict[Kind, str] = {
    "prose": "It was a dark and stormy night, and the rain fell in torrents. ",
    "code": "for (i = 0; i < n; i++) { total += values[i] * (i % 2); }\n",
    "json": '{"id": 17, "tags": ["a", "b"], "score": null}, ',
    "cjk": "人人生而自由,在尊严和权利上一律平等。",
    "other": "Все люди рождаются свободными и равными. ",
}


class Spy:
    """A real tokenizer that remembers what it was asked; a token is so many characters."""

    def __init__(self, chars: int = 5) -> None:
        self.chars = chars
        self.texts: list[str] = []

    def count(self, text: str) -> int:
        self.texts.append(text)
        return -(-len(text) // self.chars)


def sentences(seed: int = 1) -> Iterator[str]:
    choose = random.Random(seed)
    while True:
        yield " ".join(choose.choices(WORDS, k=choose.randint(20, 80)))


def test_the_texts_are_of_their_kinds() -> None:
    assert {kind: kind_of(text) for kind, text in TEXTS.items()} == {kind: kind for kind in KINDS}


# ---- which calls are sampled


@pytest.mark.parametrize("every", [1, 2, 5, 16, 100])
def test_samples(every: int) -> None:
    spy = Spy()
    made = Calibrated(counter=spy, every=every)
    sampled = []
    for call in range(1, 301):
        before = len(spy.texts)
        made.count(TEXTS["prose"])
        if len(spy.texts) > before:
            sampled.append(call)
    powers = {2**n for n in range(10) if 2**n < every}
    assert sampled == sorted(powers | set(range(every, 301, every)))


def test_each_kind_has_calls_of_its_own() -> None:
    spy = Spy()
    made = Calibrated(counter=spy, every=1000)
    for _ in range(3):
        for text in TEXTS.values():
            made.count(text)
    assert spy.texts == [*TEXTS.values()] * 2  # calls 1 and 2 of each
    report = made.report()
    assert [*report] == [*KINDS]
    assert all((row.calls, row.samples) == (3, 2) for row in report.values())


def test_a_long_text_is_sampled_in_part() -> None:
    spy = Spy()
    made = Calibrated(counter=spy)
    text = TEXTS["prose"] * 10_000
    assert made.count(text) == pytest.approx(len(text) / 5, rel=0.02)
    assert sum(map(len, spy.texts)) == SAMPLE_CHARS
    assert all(part in text for part in spy.texts)


def test_a_text_that_was_sampled_whole_is_exact() -> None:
    tokenizer = bpe.load("gpt-4o")
    made = Calibrated("gpt-4o", every=1)
    for text in TEXTS.values():
        assert made.count(text) == tokenizer.count(text)


# ---- what it learns


def test_before_any_sample_the_prior_holds() -> None:
    made = Calibrated(counter=Spy())
    for kind, row in made.report().items():
        assert row.ratio == PRIOR[kind]
        assert (row.calls, row.samples, row.errors, row.correction) == (0, 0, 0, 1.0)
        assert (row.bound, row.coverage) == (math.inf, 0.0)
    assert made.error == 1.0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("chars", [2, 7])
def test_the_ratio_follows_the_samples(kind: Kind, chars: int) -> None:
    made = Calibrated(counter=Spy(chars), every=4)
    text = TEXTS[kind] * 50
    for _ in range(8 * WINDOW):
        made.count(text)
    row = made.report()[kind]
    assert row.ratio == pytest.approx(1 / chars, rel=0.02)
    # Those of the first samples have left the window.
    assert max(abs(row.bias), row.mean_error, row.bound) < 0.05
    assert made.count(text) == pytest.approx(len(text) / chars, rel=0.03)
    # Other kinds have learned nothing.
    assert all(made.report()[other].ratio == PRIOR[other] for other in KINDS if other != kind)


def test_it_follows_a_change() -> None:
    spy = Spy(3)
    made = Calibrated(counter=spy, every=1)
    for _ in range(500):
        made.count(TEXTS["prose"])
    spy.chars = 6
    for _ in range(WINDOW):
        made.count(TEXTS["prose"])
    weight = WINDOW * len(TEXTS["prose"])
    tokens = WINDOW * spy.count(TEXTS["prose"])
    expected = (tokens + PRIOR["prose"] * PRIOR_CHARS) / (weight + PRIOR_CHARS)
    assert made.report()["prose"].ratio == pytest.approx(expected)


def test_real_text_is_estimated_closely() -> None:
    tokenizer = bpe.load("gpt-4o")
    made = Calibrated("gpt-4o", every=16)
    texts = [text for text, _ in zip(sentences(), range(800), strict=False)]
    estimated = sum(map(made.count, texts))
    assert estimated == pytest.approx(sum(map(tokenizer.count, texts)), rel=0.02)


def test_state_is_bounded() -> None:
    made = Calibrated(counter=Spy(), every=1)
    for text, _ in zip(sentences(), range(500), strict=False):
        made.count(text)
        made.observe(text, 20)
    state = made._states["prose"]
    assert len(state.samples.pairs) == len(state.samples.errors) == WINDOW
    assert len(state.usage.pairs) == len(state.usage.errors) == WINDOW
    assert made.report()["prose"].samples == 500
    assert made.report()["prose"].errors == 2 * WINDOW


@settings(deadline=None)
@given(st.lists(st.one_of(st.sampled_from([*TEXTS.values()]), st.text(max_size=30)), max_size=60))
def test_it_is_deterministic(texts: list[str]) -> None:
    first, second = (Calibrated(counter=Spy(), every=4) for _ in range(2))
    assert [*map(first.count, texts)] == [*map(second.count, texts)]
    assert first.report() == second.report()
    for text in texts:
        tokens = first.count(text)
        assert tokens >= (1 if text else 0)
        assert Calibrated(counter=Spy()).count_up_to(text, 3) <= 4
    assert first.count("") == 0


# ---- the bound


def test_the_bound_is_the_order_statistic() -> None:
    made = Calibrated(counter=Spy(), every=1)
    errors = []
    for n, (text, _) in enumerate(zip(sentences(), range(150), strict=False), 1):
        before = len(text) * made.report()["prose"].ratio
        truth = -(-len(text) // 5)
        made.count(text)
        errors.append((before - truth) / truth)
        recent = sorted(map(abs, errors[-WINDOW:]))
        m = len(recent)
        rank = min(m, math.ceil(0.95 * (m + 1)))
        row = made.report()["prose"]
        assert row.errors == m == min(n, WINDOW)
        assert row.bound == pytest.approx(recent[rank - 1])
        assert row.coverage == rank / (m + 1)
        assert row.bias == pytest.approx(sum(errors[-WINDOW:]) / m)
        assert row.mean_error == pytest.approx(sum(recent) / m)
        assert made.error == row.bound
    assert made.report()["prose"].coverage >= 0.95


def test_the_bound_holds_as_often_as_it_says() -> None:
    tokenizer = bpe.load("gpt-4o")
    made = Calibrated("gpt-4o", every=1)
    within = 0
    texts = sentences(7)
    for _ in range(100):
        made.count(next(texts))
    for text, _ in zip(texts, range(1000), strict=False):
        row = made.report()["prose"]
        truth = tokenizer.count(text)
        within += abs(len(text) * row.ratio - truth) <= row.bound * truth
        made.count(text)
    # 0.954 is promised; three standard deviations of 1,000 draws, and of a bound of 64, are less.
    assert within / 1000 > 0.9


def test_the_largest_bound_is_the_error_of_all() -> None:
    made = Calibrated(counter=Spy(), every=1)
    for text in TEXTS.values():
        made.count(text)
    bounds = [row.bound for row in made.report().values()]
    assert made.error == max(bounds) < math.inf


# ---- usage


class Near(Spy):
    """A tokenizer that is only near to the model's."""

    exact = False
    error = 0.1


def test_usage_of_a_text_corrects_the_estimate() -> None:
    made = Calibrated(counter=Near(5), every=4)
    text = TEXTS["prose"] * 20
    for _ in range(40):
        made.count(text)
    sampled = made.report()["prose"]
    assert sampled.correction == 1.0
    # Unless usage is known, the error of the tokenizer adds to that of the estimate.
    errors = 0.1
    assert sampled.bound > errors
    for _ in range(WINDOW):
        made.observe(text, len(text) // 4)
    row = made.report()["prose"]
    assert row.correction == pytest.approx(5 / 4, rel=0.02)
    assert row.bound < 0.05
    for _ in range(10):  # sampled or not
        assert made.count(text) == pytest.approx(len(text) / 4, rel=0.03)


def test_a_sampled_text_stays_exact_whatever_usage_says() -> None:
    made = Calibrated("gpt-4o", every=1)
    text = TEXTS["prose"]
    made.observe(text, 10_000)
    assert made.report()["prose"].correction > 10
    assert made.count(text) == bpe.load("gpt-4o").count(text)


def test_errors_are_those_of_what_is_returned() -> None:
    made = Calibrated(counter=Spy(5), every=1)
    text = TEXTS["prose"] * 20
    for _ in range(WINDOW):
        made.count(text)
    for _ in range(WINDOW):
        made.observe(text, len(text) // 4)  # which is more than the tokenizer says
    for _ in range(WINDOW):
        made.count(text)
    row = made.report()["prose"]
    # Usage and tokenizer cannot both be met; the samples say by how much they differ.
    assert row.correction == pytest.approx(5 / 4, rel=0.01)
    assert row.bound == pytest.approx(0.25, rel=0.05)


@pytest.mark.parametrize("model", ["gpt-4o", "deepseek-chat"])
def test_usage_of_messages_leaves_out_what_the_format_adds(model: str) -> None:
    tokenizer = bpe.load(model)
    made = Calibrated(model, every=1)
    texts = sentences(3)
    for text, _ in zip(texts, range(64), strict=False):
        made.count(text)
    for text, other, _ in zip(texts, sentences(5), range(64), strict=False):
        messages = [{"role": "user", "content": text}, {"role": "assistant", "content": other}]
        system = [{"role": "system", "content": "Be brief."}]
        made.observe(
            messages, count_messages([*system, *messages], model), system_prompt="Be brief."
        )
    row = made.report()["prose"]
    # Nothing but the texts is compared: what messages have besides would be a tenth of this.
    assert row.correction == pytest.approx(1.0, abs=0.02)
    assert tokenizer.count(text) == pytest.approx(len(text) * row.ratio, rel=0.2)


def test_usage_of_several_kinds_is_shared() -> None:
    made = Calibrated(counter=Near(), every=1)
    messages = [{"role": "user", "content": TEXTS["prose"] * 9 + TEXTS["prose"]}]
    messages += [{"role": "user", "content": TEXTS["cjk"] * 9}]
    estimate = made.count_request(messages)
    before = {kind: row.correction for kind, row in made.report().items()}
    made.observe(messages, 2 * estimate)
    after = made.report()
    assert before["prose"] == before["cjk"] == 1.0
    assert after["prose"].correction == pytest.approx(after["cjk"].correction)
    assert after["prose"].correction > 1.5
    assert after["code"].correction == 1.0


def test_usage_that_cannot_be() -> None:
    made = Calibrated("gpt-4o")
    messages = [{"role": "user", "content": "hello"}]
    for wrong in (-1, 1.5, None, True, "7"):
        with pytest.raises(TokenCountError, match="reported_tokens"):
            made.observe(messages, wrong)  # type: ignore[arg-type]
    with pytest.raises(TokenCountError, match="another request"):
        made.observe(messages, 3)
    with pytest.raises(TokenCountError) as caught:
        made.observe([{"role": "user", "content": 5}], 10, system_prompt="x")
    assert caught.value.index == 0
    made.observe("", 0)  # nothing to learn from
    assert all(not row.errors for row in made.report().values())


def test_requests_are_counted_with_the_estimate() -> None:
    made = Calibrated("gpt-4o", every=1)
    messages = [{"role": "user", "content": TEXTS["prose"]}]
    # Each text is sampled, so nothing is estimated.
    assert made.count_request(messages, "Be brief.") == count_messages(
        [{"role": "system", "content": "Be brief."}, *messages], "gpt-4o"
    )


# ---- the rest


@pytest.mark.parametrize("every", [0, -1, 1.5, None, True])
def test_arguments(every: object) -> None:
    with pytest.raises(ArgumentError):
        Calibrated("gpt-4o", every=every)  # type: ignore[arg-type]
    with pytest.raises(TokenTypeError):
        Calibrated(counter=object())  # type: ignore[arg-type]
    assert repr(Calibrated("gpt-4")) == "Calibrated('gpt-4', every=16)"


def test_a_failing_tokenizer_changes_nothing() -> None:
    class Failing(Spy):
        def count(self, text: str) -> int:
            raise RuntimeError("gone")

    made = Calibrated(counter=Failing())
    with pytest.raises(RuntimeError):
        made.count(TEXTS["prose"])
    row = made.report()["prose"]
    assert (row.samples, row.errors) == (0, 0)


def test_threads() -> None:
    made = Calibrated("gpt-4o", every=3)
    start = Barrier(4)
    failures = []

    def work(seed: int) -> None:
        start.wait()
        try:
            for text, _ in zip(sentences(seed), range(200), strict=False):
                assert made.count(text) > 0
                made.observe(text, 40)
                json.dumps([row.calls for row in made.report().values()])
        except Exception as error:
            failures.append(error)

    threads = [Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    row = made.report()["prose"]
    assert row.calls == 800
    # Which calls are sampled does not depend on who makes them: 1, 2 and every third.
    assert row.samples == 2 + 800 // 3


@pytest.mark.parametrize(
    "reported", [10**400, 10**5000, -(10**5000)], ids=["large", "larger", "negative"]
)
def test_usage_beyond_any_request(reported: int) -> None:
    calibrated = Calibrated("gpt-4o")
    with pytest.raises(TokenCountError):
        calibrated.observe("hi", reported)


def test_limits_that_are_no_number() -> None:
    wrong: Any
    for estimating in (Calibrated("gpt-4o"), Heuristic(), Exact("gpt-4o")):
        assert estimating.count_up_to("x", 5) == 1
        for wrong in ("y", None, 1.5):
            with pytest.raises(TokenTypeError):
                estimating.count_up_to("x", wrong)

"""Every public argument that takes a number, given what is none or an absurd one.

Each call either works or raises a BPEError that is the builtin too, with a message of a line or
two: Python refuses to write integers of more than 4300 digits, and nobody reads hundreds.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import bpe
from bpe import Tokenizer, context, models, transcripts
from bpe.context import groups, metrics
from bpe.errors import ArgumentError, BPEError, BudgetError

ABSURD: dict[str, Any] = {
    "10**5000": 10**5000,
    "-10**5000": -(10**5000),
    "10**400": 10**400,
    "2**64": 2**64,
    "-1": -1,
    "True": True,
    "1.5": 1.5,
    "inf": float("inf"),
    "nan": float("nan"),
    "str": "3",
    "None": None,
    "huge inside": [10**5000],
}
TALK = [{"role": "user", "content": f"message {index}"} for index in range(4)]
SAMPLES = [b'{"id": %d, "name": "user %d"}' % (index, 7 * index) for index in range(500)]
BYTES = {bytes((byte,)): byte for byte in range(256)}
BUDGET = context.Budget.for_window(1000)


class Words:
    exact = True

    def count(self, text: str) -> int:
        return len(text.split())


WORDS = Words()


@pytest.fixture(autouse=True)
def fresh_table() -> Iterator[None]:
    """The models that a test registers are gone after it."""
    before = models._table
    yield
    models._table = before


def tokenizer() -> Tokenizer:
    return bpe.load("cl100k_base")


def listed(made: Any) -> Any:
    return list(made)


def config(name: str) -> Callable[[Any], Any]:
    return lambda value: context.TokenOptimizationConfig(**{name: value})


def options(name: str) -> Callable[[Any], Any]:
    return lambda value: transcripts.Options(**{name: value})


def summarizer(name: str) -> Callable[[Any], Any]:
    return lambda value: context.OllamaSummarizer("m", **{name: value})


def budget(name: str) -> Callable[[Any], Any]:
    return lambda value: context.Budget.for_window(**{"window": 1000, name: value})


def message(model: str, key: str) -> Callable[[Any], Any]:
    given = {"role": "user", "content": "text"}
    return lambda value: bpe.count_messages([{**given, key: value}], model)


CALLS: dict[str, Callable[[Any], Any]] = {
    # bpe
    "decode": lambda n: tokenizer().decode([n]),
    "decode itself": lambda n: tokenizer().decode(n),
    "decode_bytes": lambda n: tokenizer().decode_bytes([n]),
    "decode_batch": lambda n: tokenizer().decode_batch([[n]]),
    "decode_batch threads": lambda n: tokenizer().decode_batch([[1]], num_threads=n),
    "decode_single_token_bytes": lambda n: tokenizer().decode_single_token_bytes(n),
    "decode_tokens_bytes": lambda n: tokenizer().decode_tokens_bytes([n]),
    "decode_with_offsets": lambda n: tokenizer().decode_with_offsets([n]),
    "is_special_token": lambda n: tokenizer().is_special_token(n),
    "encode": lambda n: tokenizer().encode(n),
    "encode_single_token": lambda n: tokenizer().encode_single_token(n),
    "encode_batch": lambda n: tokenizer().encode_batch([n]),
    "encode_batch threads": lambda n: tokenizer().encode_batch(["a"], num_threads=n),
    "encode allowed": lambda n: tokenizer().encode("a", allowed_special=n),
    "encode disallowed": lambda n: tokenizer().encode("a", disallowed_special=n),
    "from_ranks": lambda n: Tokenizer.from_ranks({**BYTES, b"ab": n}, pattern="a"),
    "from_ranks keys": lambda n: Tokenizer.from_ranks({**BYTES, _key(n): 300}, pattern="a"),
    "from_ranks pattern": lambda n: Tokenizer.from_ranks(BYTES, pattern=n),
    "from_ranks special": lambda n: Tokenizer.from_ranks(
        BYTES, pattern="a", special_tokens={"<s>": n}
    ),
    "load": lambda n: bpe.load(n),
    "count_up_to": lambda n: tokenizer().count_up_to("text", n),
    "fits": lambda n: tokenizer().fits("text", n),
    "truncate": lambda n: tokenizer().truncate("some more text", n),
    "truncate keep": lambda n: tokenizer().truncate("some more text", 1, n),
    "truncate marker": lambda n: tokenizer().truncate("some more text", 1, marker=n),
    "chunks": lambda n: listed(tokenizer().chunks("some more text", n)),
    "chunks overlap": lambda n: listed(tokenizer().chunks("some more text", 3, n)),
    "chunks both": lambda n: listed(tokenizer().chunks("some more text", n, n)),
    "chunks boundary": lambda n: listed(tokenizer().chunks("some more text", 3, 0, n)),
    "register_model window": lambda n: bpe.register_model("absurd", context_window=n),
    "register_model completion": lambda n: bpe.register_model("absurd", max_completion=n),
    "register_model both": lambda n: bpe.register_model(
        "absurd", context_window=5, max_completion=n
    ),
    "register_model images": lambda n: bpe.register_model("absurd", images=("fixed", n)),
    "register_model rule": lambda n: bpe.register_model("absurd", images=(n, 1)),
    "register_model framing": lambda n: bpe.register_model("absurd", framing=n),
    "get_model_limits": lambda n: bpe.get_model_limits(n),
    # bpe.context
    **{f"Budget {name}": budget(name) for name in ("window", "output", "margin")},
    **{f"Budget {name}": budget(name) for name in ("trigger", "target", "shares")},
    "Budget a share": lambda n: context.Budget.for_window(1000, shares={"rag": n}),
    "Budget of a share": lambda n: context.Budget.for_window(1000, shares={_key(n): 1}),
    "Budget.fits": BUDGET.fits,
    "Budget.over": BUDGET.over,
    "Budget.require": BUDGET.require,
    "Budget.should_compress": BUDGET.should_compress,
    "Budget.to_free": BUDGET.to_free,
    "compress_context": lambda n: context.compress_context(TALK, n),
    "compress_context last": lambda n: context.compress_context(TALK, 20, n),
    "compress_context target": lambda n: context.compress_context(TALK, 20, target_tokens=n),
    "compress_context pinned": lambda n: context.compress_context(TALK, 20, pinned=[n]),
    "compress_context pins": lambda n: context.compress_context(TALK, 20, pinned=n),
    "prune_tool_results": lambda n: context.prune_tool_results(TALK, n),
    "protected last": lambda n: groups.protected(TALK, groups.groups_of(TALK), n),
    "protected pinned": lambda n: groups.protected(TALK, groups.groups_of(TALK), 1, [n]),
    "compress_payload level": lambda n: context.compress_payload(b"a" * 5000, n),
    "compress_payload least": lambda n: context.compress_payload(b"a" * 5000, 3, n),
    "decompress_payload": lambda n: context.decompress_payload(
        context.compress_payload(b"a" * 5000) or b"", n
    ),
    "payload_writer": lambda n: context.payload_writer(io.BytesIO(), n),
    "payload_reader": lambda n: context.payload_reader(
        io.BytesIO(context.compress_payload(b"a" * 5000) or b""), n
    ).read(),
    "train_dictionary": lambda n: context.train_dictionary(SAMPLES, n),
    "train_dictionary samples": lambda n: context.train_dictionary([n]),
    "ContextMonitor": lambda n: context.ContextMonitor("gpt-4o", n).check_usage(TALK),
    "ContextMonitor threshold": lambda n: context.ContextMonitor("gpt-4o", threshold=n),
    "on_threshold": lambda n: context.ContextMonitor("gpt-4o").on_threshold(n, print),
    "TokenCounter size": lambda n: context.TokenCounter("gpt-4o").estimate_context_size(
        TALK, max_tokens=n
    ),
    "should_compress tokens": lambda n: context.TokenCounter("gpt-4o").should_compress(n, 100),
    "should_compress limit": lambda n: context.TokenCounter("gpt-4o").should_compress(100, n),
    "should_compress threshold": lambda n: context.TokenCounter("gpt-4o").should_compress(1, 9, n),
    "Heuristic": lambda n: context.Heuristic(n).count("text"),
    "Heuristic.count_up_to": lambda n: context.Heuristic().count_up_to("text", n),
    "Exact.count_up_to": lambda n: context.estimator("exact").count_up_to("text", n),
    "Calibrated": lambda n: context.Calibrated("gpt-4o", every=n).count("text"),
    "Calibrated.count_up_to": lambda n: context.Calibrated("gpt-4o").count_up_to("text", n),
    "Calibrated.observe": lambda n: context.Calibrated("gpt-4o").observe("some text", n),
    "RepetitionDetector": lambda n: context.RepetitionDetector(n).feed("a b c"),
    "RepetitionDetector threshold": lambda n: context.RepetitionDetector(3, n).feed("a b c"),
    "RepetitionDetector window": lambda n: context.RepetitionDetector(window=n).feed("a b c"),
    "TokenOptimizer": lambda n: context.TokenOptimizer(preserve_last_n=n).optimize(TALK),
    **{
        f"config {name}": config(name)
        for name in context.TokenOptimizationConfig.__dataclass_fields__
    },
    "shorten_text": lambda n: context.shorten_text("some more text", n, WORDS),
    "shorten_json": lambda n: context.shorten_json('{"a": [1, 2]}', n, WORDS),
    "shorten_result": lambda n: context.shorten_result("some more text", n, WORDS),
    **{f"summarizer {name}": summarizer(name) for name in ("timeout", "retries", "max_wait")},
    "summarize": lambda n: context.OllamaSummarizer(
        "m", base_url="http://127.0.0.1:9", retries=0, timeout=0.1
    )._encoded("text", n),
    "PrometheusMetrics": lambda n: context.PrometheusMetrics(_registry(), window=n),
    "serve": lambda n: metrics.serve(n, registry=_registry()).close(),
    "part_tokens": lambda n: bpe.count_messages(
        [{"role": "user", "content": [{"type": "odd"}]}], "gpt-4o", part_tokens=lambda part: n
    ),
    "compress_context tools": lambda n: context.compress_context(TALK, 20, tools=n),
    "compress_context messages": lambda n: context.compress_context(n, 20),
    "groups_of": lambda n: context.groups_of(n),
    "estimator": lambda n: context.estimator(n),
    "count_messages": lambda n: bpe.count_messages(n, "gpt-4o"),
    "count_messages tools": lambda n: bpe.count_messages(TALK, "gpt-4o", n),
    "count_messages choice": lambda n: bpe.count_messages(TALK, "gpt-4o", None, n),
    "count_messages markers": lambda n: bpe.count_messages(TALK, "gpt-4o", markers=n),
    "count_messages format": lambda n: bpe.count_messages(TALK, "gpt-4o", format=n),
    "count_messages effort": lambda n: bpe.count_messages(TALK, "deepseek-v3.2", effort=n),
    "count_messages special": lambda n: bpe.count_messages(TALK, "deepseek-v3.2", markers=n),
    **{
        f"message {model} {key}": message(model, key)
        for model in ("gpt-4o", "deepseek-v3.2", "deepseek-v4")
        for key in ("role", "name", "content", "tool_calls", "tool_call_id", "task")
    },
    "optimized_client": lambda n: context.optimized_client(
        object(), context.TokenOptimizer(), on_error=n
    ),
    "rag_markers": lambda n: context.TokenOptimizer(rag_markers=n),
    "a marker": lambda n: context.TokenOptimizer(rag_markers=[n]),
    "Templates": lambda n: context.Templates().render(n),
    "a placeholder": lambda n: context.Templates().render("summary", text="a", max_tokens=n),
    # bpe.transcripts
    **{f"Options {name}": options(name) for name in transcripts.Options.__dataclass_fields__},
}


def _key(value: Any) -> Any:
    return str(len(value)) if isinstance(value, list) else value


def _registry() -> Any:
    try:
        from prometheus_client import CollectorRegistry
    except ImportError:
        return None
    return CollectorRegistry()


def refusal(call: Callable[[Any], Any], value: Any) -> BPEError | None:
    """The error of ours that a call raises; any other passes."""
    try:
        call(value)
    except BPEError as error:
        return error
    return None


@pytest.mark.parametrize("value", ABSURD)
@pytest.mark.parametrize("call", CALLS)
def test_absurd_numbers(call: str, value: str) -> None:
    error = refusal(CALLS[call], ABSURD[value])
    if error is not None:
        assert len(str(error)) < 600
        assert isinstance(error, (TypeError, ValueError, OverflowError, KeyError, ImportError))


@pytest.mark.parametrize("size", [255, 2**30 + 1, 2**63, 10**400, 10**5000], ids=int.bit_length)
def test_a_dictionary_of_no_size(size: int) -> None:
    with pytest.raises(ArgumentError, match="a dictionary has at"):
        context.train_dictionary(SAMPLES, size)


def test_a_prompt_of_thousands_of_digits() -> None:
    with pytest.raises(BudgetError, match="a prompt of an integer of 16610 bits tokens") as caught:
        BUDGET.require(10**5000)
    assert (caught.value.needed, caught.value.available) == (10**5000, BUDGET.prompt)


def test_what_must_stay_by_numbers_of_thousands_of_digits() -> None:
    whole = groups.groups_of(TALK)
    assert groups.protected(TALK, whole, 10**5000) == [True] * len(TALK)
    with pytest.raises(ArgumentError, match="at least 0: an integer of"):
        groups.protected(TALK, whole, -(10**5000))
    with pytest.raises(ArgumentError, match="no message an integer of"):
        groups.protected(TALK, whole, 1, [10**5000])


@pytest.mark.parametrize("value", [1e10, 10**400, 10**5000], ids=("float", "large", "larger"))
def test_waits_that_no_timer_knows(value: float) -> None:
    pytest.importorskip("httpx")
    with pytest.raises(ArgumentError, match="at most"):
        context.OllamaSummarizer("m", timeout=value)

"""What bench/compression.py times: groups, their sizes, and what each library is called with."""

from __future__ import annotations

import os
import random
import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any

from conversations import RAG_CLOSES, RAG_OPENS, Message, conversation
from invariants import count, groups_of, protected
from trimmers import TRIMMERS, LangChain

MODEL = "gpt-4o"
WINDOW = 8192
# Makes 200 messages of about 94,000 tokens.
LENGTH = 2.35
# A conversation is trimmed to this share of its tokens.
SHARE = 0.5

Input = dict[str, Any]  # messages, tools, budget; name of size
# (what prepares an input, untimed; what is timed)
Job = tuple[Callable[[Input], Any], Callable[[Any], Any]]

GROUPS: dict[str, tuple[str, tuple[int, ...], str]] = {
    "token_estimation": ("tokens of a whole conversation", (5, 20, 50, 200), "messages"),
    "budget_allocation": (
        "trimmed to half of its tokens; where more is protected, of that and the whole",
        (5, 10, 20, 50, 100, 200),
        "messages",
    ),
    "tool_compression": ("definitions made smaller, at most eight kept", (5, 10, 20, 50), "tools"),
    "history_compaction": ("a history compacted to its cap", (50, 100, 200), "messages"),
    "full_pipeline": ("all steps, with tools", (1, 2, 4), f"windows of {WINDOW:,} tokens"),
    "linearity": ("trimmed to half of its tokens", (1_000, 2_000, 5_000, 10_000), "messages"),
}


def inputs(group: str, size: int, seed: int, texts: list[str]) -> Input:
    """One size's conversation, definitions and budget; `texts` are what is said in some groups."""
    import bpe

    if group == "full_pipeline":
        made = conversation("rag", seed, tokens=size * WINDOW, tool_count=20)
    elif group == "tool_compression":
        made = conversation("prose", seed, messages=4, system=2, tool_count=size)
    elif group == "linearity":
        made = conversation("coding", seed, messages=size)
    elif group == "history_compaction":
        made = conversation("prose", seed, messages=size)
    else:
        made = conversation("coding", seed, messages=size, length=LENGTH)
        _retell(made.messages, texts, random.Random(f"texts {seed}"))
    tools = made.tools if group in ("tool_compression", "full_pipeline") else None
    tokens = bpe.count_messages(made.messages, MODEL, tools)
    # Of few messages more than half is protected.
    kept = protected(made.messages, groups_of(made.messages))
    needed = count([made.messages[index] for index in sorted(kept)])
    return {
        "size": size,
        "tokens": tokens,
        "budget": max(round(tokens * SHARE), (needed + tokens) // 2 if needed * 2 > tokens else 0),
        "messages": made.messages,
        "tools": made.tools,
    }


def _retell(messages: list[Message], texts: list[str], rng: random.Random) -> None:
    """Real text in the place of generated one, as long, so that a first sight is one."""
    for message in messages:
        content = message["content"]
        if content and not content.startswith("{"):
            text = rng.choice(texts)
            start = rng.randrange(max(1, len(text) - len(content)))
            message["content"] = text[start : start + len(content)]


# ---- how each library does it


def _as_it_is(given: Input) -> Input:
    return given


def _estimate_bpe() -> Job:
    import bpe

    return _as_it_is, lambda given: bpe.count_messages(given["messages"], MODEL)


def _estimate_litellm() -> Job:
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    os.environ["CUSTOM_TIKTOKEN_CACHE_DIR"] = os.environ["TIKTOKEN_CACHE_DIR"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        counter = import_module("litellm").token_counter
    return _as_it_is, lambda given: counter(model=MODEL, messages=given["messages"])


def _estimate_langchain() -> Job:
    trimmer = LangChain()
    return lambda given: trimmer.ready(given["messages"]), trimmer.counter


def _trim(name: str) -> Callable[[], Job]:
    def make() -> Job:
        trimmer = TRIMMERS[name]()

        def prepare(given: Input) -> Any:
            return trimmer.ready(given["messages"]), given["budget"]

        return prepare, lambda ready: trimmer.trim(*ready)

    return make


def optimizer(window: int = WINDOW) -> Any:
    from bpe.context import TokenOptimizationConfig, TokenOptimizer

    return TokenOptimizer(
        TokenOptimizationConfig(context_window_tokens=window),
        model=MODEL,
        rag_markers=((RAG_OPENS, RAG_CLOSES),),
    )


def _tools() -> Job:
    def prepare(given: Input) -> Any:
        # A window in which all is too much, mostly for the definitions.
        return optimizer(given["tokens"] * 5 // 4), given["messages"], given["tools"]

    return prepare, lambda ready: ready[0].optimize_with_tools(*ready[1:])


def _with_tools() -> Job:
    made = optimizer()
    return _as_it_is, lambda given: made.optimize_with_tools(given["messages"], given["tools"])


def _without_tools() -> Job:
    made = optimizer()
    return _as_it_is, lambda given: made.optimize(given["messages"])


_OWN = ("bpe", "bpe importance", "bpe hybrid")
_PEERS = ("langchain", "litellm")

# Group -> peer -> how it is made.  The first one is what the others are compared with.
CASES: dict[str, dict[str, Callable[[], Job]]] = {
    "token_estimation": {
        "bpe": _estimate_bpe,
        "langchain": _estimate_langchain,
        "litellm": _estimate_litellm,
    },
    "budget_allocation": {name: _trim(name) for name in (*_OWN, *_PEERS)},
    "tool_compression": {"bpe": _tools},
    "history_compaction": {"bpe": _without_tools},
    "full_pipeline": {"bpe": _with_tools},
    "linearity": {name: _trim(name) for name in _OWN},
}

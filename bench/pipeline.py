"""What must hold of TokenOptimizer's results, judged on generated conversations and budgets."""

from __future__ import annotations

import copy
import random
from collections import Counter
from typing import Any

import invariants
from conversations import RAG_CLOSES, RAG_OPENS, Message
from spoiled import generated

MODEL = invariants.MODEL
PROMISES = {
    "raised": "an error other than BudgetError",
    "budget": "over the prompt budget, in real tokens with tools",
    "last": "one of the last two messages lost or changed",
    "user": "the latest user message lost or changed",
    "pairs": "a call without its results, or the other way, that had them",
    "order": "another order",
    "input": "the input changed in place",
    "plan": "a plan whose figures are not the counts",
    "history": "more history than its cap, beyond what is protected",
}


def pipeline(number: int) -> dict[str, Any]:
    """Counts of broken promises, and the first seeds of each."""
    from bpe.context import TokenOptimizationConfig, TokenOptimizer
    from bpe.errors import BudgetError

    broken: dict[str, list[int]] = {}
    steps: Counter[str] = Counter()
    refused = 0
    for seed in range(number):
        rng = random.Random(f"pipeline {seed}")
        made = generated(seed)
        window = max(300, round(invariants.count(made.messages) * rng.uniform(0.3, 2)))
        config = TokenOptimizationConfig(
            context_window_tokens=window, max_history_tokens=max(1, window // 2)
        )
        optimizer = TokenOptimizer(config, model=MODEL, rag_markers=((RAG_OPENS, RAG_CLOSES),))
        tools = made.tools if rng.random() < 0.5 else None
        before = copy.deepcopy(made.messages)
        try:
            result = optimizer.optimize_with_tools(made.messages, tools)
        except BudgetError:
            refused += 1
            found = set()
        except Exception:  # any other one is what is looked for
            found = {"raised"}
        else:
            found = _judged(made.messages, tools, result, config.prompt_budget)
            steps.update(step.name for step in result.plan.steps)
        if made.messages != before:
            found.add("input")
        for key in found:
            broken.setdefault(key, []).append(seed)
    return {
        "cases": number,
        "refused": refused,
        "steps": dict(steps),
        "broken": {key: len(broken.get(key, ())) for key in PROMISES},
        "seeds": {key: seeds[:5] for key, seeds in broken.items()},
    }


def _judged(messages: list[Message], tools: Any, result: Any, budget: int) -> set[str]:
    import bpe

    found = set()
    out, plan = list(result.conversation), result.plan
    tokens = bpe.count_messages(out, MODEL, result.tools)
    if tokens > budget:
        found.add("budget")
    if out[-2:] != messages[-2:]:
        found.add("last")
    users = [message for message in messages if invariants.is_user(message)]
    if users and users[-1] not in out:
        found.add("user")
    calls, results = _ids(out)
    calls_before, results_before = _ids(messages)
    if any(
        calls_before[one] and results_before[one] and (bool(calls[one]) != bool(results[one]))
        for one in {*calls, *results}
    ):
        found.add("pairs")
    places = [[i for i, message in enumerate(messages) if message is one] for one in out]
    known = [place[0] for place in places if len(place) == 1]
    if known != sorted(known):
        found.add("order")
    before = bpe.count_messages(messages, MODEL, tools)
    sums = plan.original_tokens - sum(step.saved for step in plan.steps)
    if (plan.original_tokens, plan.optimized_tokens, sums) != (before, tokens, tokens):
        found.add("plan")
    if plan.history_tokens > plan.history_cap and plan.steps:
        kept = invariants.protected(messages, invariants.groups_of(messages))
        spoken = [m for i, m in enumerate(messages) if i in kept and m["role"] not in _SYSTEM]
        if plan.history_tokens > invariants.count(spoken):
            found.add("history")
    return found


_SYSTEM = ("system", "developer")


def _ids(messages: list[Message]) -> tuple[Counter[str], Counter[str]]:
    calls = Counter(call["id"] for message in messages for call in message.get("tool_calls") or ())
    return calls, Counter(m["tool_call_id"] for m in messages if m["role"] == "tool")

"""What the trimmers break in generated conversations, and what the optimiser saves and keeps."""

from __future__ import annotations

import random
import statistics
import sys
from collections import Counter
from importlib import metadata
from typing import Any

import invariants
import trimmers
from compression_cases import WINDOW, optimizer
from conversations import FACTS, KINDS, conversation, kept_facts
from invariants import VIOLATIONS
from spoiled import generated

WINDOWS = (1, 2, 4)
# What is given as many tokens as the optimiser's result has.
EQUAL = ("sliding window", "bpe", "bpe hybrid")


def violations(number: int) -> dict[str, Any]:
    """trimmer -> counts of violations, first seeds of each, and how full the budgets are."""
    cases = [invariants.case(generated(seed).messages, seed) for seed in range(number)]
    found: dict[str, Any] = {
        "cases": number,
        "fit": sum(case.fits for case in cases),
        "messages": statistics.median(len(case.messages) for case in cases),
        "tokens": statistics.median(case.total for case in cases),
        "trimmers": {},
    }
    for name, make in trimmers.TRIMMERS.items():
        package = trimmers.PACKAGES.get(name)
        try:
            if package:
                metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
        found["trimmers"][name] = _judged(name, make(), cases)
        print(f"judged {name}", file=sys.stderr)
    return found


def _judged(name: str, trimmer: trimmers.Trimmer, cases: list[invariants.Case]) -> dict[str, Any]:
    counts: Counter[str] = Counter()
    seeds: dict[str, list[int]] = {}
    promises: dict[str, int] = {}
    filled: list[float] = []
    for case in cases:
        try:
            result = trimmer.trim(trimmer.ready(case.messages), case.budget)
        except Exception as error:  # whatever a peer raises is a result
            violated = {"raised"}
            promises.setdefault(f"raised {type(error).__name__}: {error}"[:200], case.seed)
        else:
            verdict = invariants.judge(case, trimmer.read(case.messages, result))
            violated = verdict.violated
            if not case.fits:
                filled.append(verdict.filled)
            if isinstance(trimmer, trimmers.Bpe):
                again = trimmer.trim(result.messages, case.budget)
                for wrong in invariants.own_promises(case, result, again, trimmer.strategy):
                    promises.setdefault(wrong, case.seed)
                for wrong in _too_tight(case, trimmer.strategy):
                    promises.setdefault(wrong, case.seed)
        counts.update(violated)
        for one in violated:
            seeds.setdefault(one, []).append(case.seed)
    filled.sort()
    return {
        "violations": {key: counts[key] for key in VIOLATIONS},
        "any": len({seed for key in seeds if key != "next" for seed in seeds[key]}),
        "seeds": {key: found[:5] for key, found in seeds.items()},
        "promises": promises,
        "filled": {
            "mean": statistics.fmean(filled),
            "median": statistics.median(filled),
            "lowest tenth": filled[len(filled) // 10],
            "highest": filled[-1],
        },
    }


def _too_tight(case: invariants.Case, strategy: str) -> list[str]:
    """What is wrong where the budget is less than what is protected."""
    import bpe
    from bpe.errors import BudgetError

    compress: Any = bpe.compress_context
    wrong = []
    budget = max(1, random.Random(case.seed).randrange(case.needed))
    try:
        compress(case.messages, budget, strategy=strategy)
        wrong.append("no BudgetError where the protected part does not fit")
    except BudgetError as error:
        if error.needed != case.needed:
            wrong.append(f"BudgetError.needed is {error.needed}, and {case.needed} are needed")
    try:
        result = compress(case.messages, budget, strategy=strategy, on_overflow="truncate")
    except BudgetError as error:
        if (error.needed or 0) <= budget:
            wrong.append("BudgetError.needed is no more than the budget")
        return wrong
    verdict = invariants.judge(
        case, list(zip(result.selected_indices, result.messages, strict=True))
    )
    if verdict.tokens > budget:
        wrong.append("truncated, and over the budget")
    wrong += [f"truncated: {one}" for one in ("pairs", "system", "user") if one in verdict.violated]
    return wrong


# ---- savings


def savings(seeds: int) -> list[dict[str, Any]]:
    """A row for each kind and size: tokens before and after, and the shares of facts kept."""
    made = optimizer()
    equal = {name: trimmers.TRIMMERS[name]() for name in EQUAL}
    found = []
    for kind in KINDS:
        for windows in WINDOWS:
            planted: Counter[str] = Counter()
            kept: dict[str, Counter[str]] = {name: Counter() for name in ("pipeline", *EQUAL)}
            tokens: Counter[str] = Counter()
            steps: Counter[str] = Counter()
            for seed in range(seeds):
                given = conversation(kind, 50_000 + seed, tokens=windows * WINDOW)
                result = made.optimize(given.messages)
                size = invariants.count(result.conversation)
                tokens["before"] += invariants.count(given.messages)
                tokens["pipeline"] += size
                for step in result.plan.steps:
                    steps[step.name] += step.saved
                planted.update(fact.kind for fact in given.facts)
                for name, counter in kept.items():
                    messages = list(result.conversation)
                    if name != "pipeline":
                        trimmer = equal[name]
                        try:
                            trimmed = trimmer.trim(trimmer.ready(given.messages), size)
                        except ValueError:
                            # What is protected verbatim is more than the result has.
                            counter["failed"] += 1
                            continue
                        messages = [m for _, m in trimmer.read(given.messages, trimmed)]
                        tokens[name] += invariants.count(messages)
                    counter.update(fact.kind for fact in kept_facts(given.facts, messages))
            found.append(
                {
                    "kind": kind,
                    "windows": windows,
                    "tokens": dict(tokens),
                    "steps": dict(steps),
                    "planted": dict(planted),
                    "kept": {name: dict(counter) for name, counter in kept.items()},
                }
            )
            print(f"optimised {kind}, {windows} windows", file=sys.stderr)
    return found


def share(row: dict[str, Any], name: str, kind: str | None = None) -> float:
    """Of the planted facts (of a kind) those that are kept."""
    kinds = FACTS if kind is None else (kind,)
    planted = sum(row["planted"].get(one, 0) for one in kinds)
    return float(sum(row["kept"][name].get(one, 0) for one in kinds) / max(1, planted))

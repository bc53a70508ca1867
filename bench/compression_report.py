"""The Markdown of bench/compression.py's results."""

from __future__ import annotations

import statistics
from typing import Any

from compression_cases import GROUPS, WINDOW
from conversations import FACTS
from invariants import FAR, VIOLATIONS
from pipeline import PROMISES
from quality import EQUAL, share

# Peer, and how many times longer it is to take, warm, for 200 messages.
TARGETS = (("langchain", 50.0), ("litellm", 500.0))
TARGET_GROUP, TARGET_SIZE = "budget_allocation", "200"

NOTES = (
    "Medians over the rounds; ratios are made within a round. Cold: the first sight of this "
    "conversation, in a process that has worked on others before (texts of token_estimation and "
    "budget_allocation are cuts of real ones, elsewhere words recur). Warm: the best of the later "
    "calls on the same objects. LangChain's `trim_messages` has strategy last, include_system, "
    "start_on human, and a list counter on tiktoken that counts as `count_messages` does; turning "
    "messages into its own is not timed. litellm's `trim_messages` has the budget as max_tokens."
)


def unit(seconds: float) -> str:
    if seconds < 1e-3:
        return f"{seconds * 1e6:.0f} us"
    return f"{seconds * 1e3:.2f} ms" if seconds < 1 else f"{seconds:.2f} s"


def megabytes(size: float) -> str:
    return f"{size / 1e6:.2f} MB"


def percent(value: float) -> str:
    return f"{value * 100:.1f} %"


def report(results: dict[str, Any]) -> str:
    lines = ["# Compression of conversations", ""]
    for run in results["runs"]:
        found = run["machine"]
        versions = ", ".join(
            f"{name} {found['commit'] if name == 'bpe' else version}"
            for name, version in found["versions"].items()
        )
        lines.append(
            f"- `{run['command']}`: {found['date']}, {found['processor']}, {found['python']}, "
            f"{versions}, {run['rounds']} rounds, {run['clock']} clock."
        )
    lines += ["", NOTES]
    times, ratios = results["times"], results["ratios"]
    if TARGET_GROUP in times:
        lines += _targets(times, ratios, results["tokens"])
    for group, peers in times.items():
        lines += _group(group, peers, ratios[group], results["tokens"][group])
    if results["memory"]:
        lines += _memory(results["memory"])
    if "violations" in results:
        lines += _violations(results["violations"])
    if "pipeline" in results:
        lines += _pipeline(results["pipeline"])
    if "savings" in results:
        lines += _savings(results["savings"])
    return "\n".join([*lines, ""])


def _targets(times: dict[str, Any], ratios: dict[str, Any], tokens: dict[str, Any]) -> list[str]:
    size = tokens[TARGET_GROUP][TARGET_SIZE]
    lines = ["", "## Targets", ""]
    lines += [f"`compress_context` on {TARGET_SIZE} messages of {size:,} tokens, to half.", ""]
    lines += ["| | target | reached | range |", "| --- | --- | --- | --- |"]
    for peer, wanted in TARGETS:
        if peer not in times[TARGET_GROUP]:
            continue
        for phase, target in (("warm", wanted), ("cold", None)):
            middle, low, high = ratios[TARGET_GROUP][peer][TARGET_SIZE][phase]
            missed = " **missed**" if target is not None and middle < target else ""
            lines.append(
                f"| beside {peer}, {phase} | {f'{target:.0f} times' if target else 'none'} "
                f"| {middle:.1f} times{missed} | {low:.1f} to {high:.1f} |"
            )
    return lines


def _group(
    group: str, peers: dict[str, Any], ratios: dict[str, Any], tokens: dict[str, int]
) -> list[str]:
    title, sizes, what = GROUPS[group]
    lines = ["", f"## {group}", "", f"{title[0].upper()}{title[1:]}.", ""]
    several = len(peers) > 1
    head = f"| {what} | tokens | | cold | warm |" + (" cold, by ours | warm, by ours |" * several)
    lines += [head, "| ---: | ---: | --- | ---: | ---: |" + " ---: | ---: |" * several]
    for size in map(str, sizes):
        for peer, found in peers.items():
            cold, warm = (statistics.median(found[size][phase]) for phase in ("cold", "warm"))
            line = f"| {int(size):,} | {tokens[size]:,} | {peer} | {unit(cold)} | {unit(warm)} |"
            if several:
                line += "".join(f" {ratios[peer][size][p][0]:.1f} |" for p in ("cold", "warm"))
            lines.append(line)
    if group == "linearity":
        lines += ["", *_linear(peers, sizes, tokens)]
    return lines


def _linear(peers: dict[str, Any], sizes: tuple[int, ...], tokens: dict[str, int]) -> list[str]:
    """Time for a token at the largest size, by that at the smallest."""
    first, last = str(sizes[0]), str(sizes[-1])
    said = []
    for peer, found in peers.items():
        growth = [
            statistics.median(
                (b / tokens[last]) / (a / tokens[first])
                for a, b in zip(found[first][phase], found[last][phase], strict=True)
            )
            for phase in ("cold", "warm")
        ]
        said.append(f"{peer} {growth[0]:.2f} cold, {growth[1]:.2f} warm")
    return [f"Time for a token, at {last} messages by that at {first}: {'; '.join(said)}."]


def _memory(memory: dict[str, Any]) -> list[str]:
    lines = ["", "## Start and peak memory", ""]
    lines.append(
        "200 messages, trimmed to half. Start: from before the imports to the result for a small "
        "conversation, with the vocabulary read. Call: what the process had more, at its peak, "
        "during the first call on the 200 messages than before it. Python: what Python's allocator "
        "handed out at most during a later call (tracemalloc). Process: the peak over the same "
        "process before it imported the library."
    )
    lines += ["", "| | start | call | Python | process |", "| --- | ---: | ---: | ---: | ---: |"]
    for peer, found in memory.items():
        cells = [megabytes(statistics.median(found[k])) for k in ("call", "python", "process")]
        start = unit(statistics.median(found["start"]))
        lines.append(f"| {peer} | {start} | " + " | ".join(cells) + " |")
    return lines


def _violations(found: dict[str, Any]) -> list[str]:
    names = list(found["trimmers"])
    lines = ["", "## Invariants", ""]
    lines.append(
        f"{found['cases']:,} generated conversations (seeds from 0; median {found['messages']:.0f} "
        f"messages, {found['tokens']:,.0f} tokens; three of five with many calls of tools, every "
        f"other one ugly), {found['fit']} of them within their budget. What is protected fits "
        "always, so every conversation has a result without a violation. Only what a trimmer did "
        "counts: orphans that were there before do not. Far more: whole groups of at least "
        f"{FAR:.0%} of the budget would have fitted, the newest first."
    )
    lines += ["", "| conversations with | " + " | ".join(names) + " |"]
    lines.append("| --- |" + " ---: |" * len(names))
    for key, title in VIOLATIONS.items():
        cells = [f"{found['trimmers'][name]['violations'][key]:,}" for name in names]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    cells = [f"{found['trimmers'][name]['any']:,}" for name in names]
    lines.append("| any of these but the next older group | " + " | ".join(cells) + " |")
    lines += ["", "The share of the budget that is filled where not all fits:", ""]
    lines += ["| | " + " | ".join(names) + " |", "| --- |" + " ---: |" * len(names)]
    for key in ("mean", "median", "lowest tenth", "highest"):
        cells = [percent(found["trimmers"][name]["filled"][key]) for name in names]
        lines.append(f"| {key} | " + " | ".join(cells) + " |")
    for name in names:
        promises = found["trimmers"][name]["promises"]
        if name.startswith("bpe") and promises:
            said = "; ".join(f"{what} (seed {seed})" for what, seed in promises.items())
            lines += ["", f"**{name}** breaks promises of its own: {said}"]
    return lines


def _pipeline(found: dict[str, Any]) -> list[str]:
    lines = ["", "## The pipeline's promises", ""]
    fired = ", ".join(f"{name} {number:,}" for name, number in found["steps"].items())
    lines.append(
        f"`TokenOptimizer` on {found['cases']:,} of these conversations, every other one with "
        "tools, in windows from a third to twice their tokens. "
        f"{found['refused']:,} were refused with a BudgetError. Steps that fired: {fired}."
    )
    lines += ["", "| conversations with | |", "| --- | ---: |"]
    lines += [f"| {title} | {found['broken'][key]:,} |" for key, title in PROMISES.items()]
    if found["seeds"]:
        lines += ["", "First seeds: " + "; ".join(f"{k} {v}" for k, v in found["seeds"].items())]
    return lines


def _savings(rows: list[dict[str, Any]]) -> list[str]:
    lines = ["", "## Savings, and facts kept", ""]
    lines.append(
        f"`TokenOptimizer` with a window of {WINDOW:,} tokens and no summariser, on conversations "
        "of one, two and four windows in which numbers, paths, errors and decisions are planted. "
        "The others are given as many tokens as its result has: the sliding window keeps the "
        "system prompt and the latest messages, in whole groups."
    )
    lines += [
        "",
        f"| | windows | before | after | saved | facts | pipeline | {' | '.join(EQUAL)} |",
    ]
    lines.append("| --- |" + " ---: |" * (6 + len(EQUAL)))
    for row in rows:
        before, after = row["tokens"]["before"], row["tokens"]["pipeline"]
        number = sum(row["planted"].values())
        cells = [percent(share(row, name)) for name in ("pipeline", *EQUAL)]
        lines.append(
            f"| {row['kind']} | {row['windows']} | {before:,} | {after:,} | "
            f"{percent(1 - after / before)} | {number:,} | " + " | ".join(cells) + " |"
        )
    lines += ["", "By the kind of fact, pipeline and sliding window:", ""]
    lines += [f"| | windows | {' | '.join(FACTS)} |", "| --- |" + " ---: |" * (1 + len(FACTS))]
    for row in rows:
        cells = [
            f"{percent(share(row, 'pipeline', kind))}, {percent(share(row, EQUAL[0], kind))}"
            for kind in FACTS
        ]
        lines.append(f"| {row['kind']} | {row['windows']} | " + " | ".join(cells) + " |")
    steps = list(dict.fromkeys(step for row in rows for step in row["steps"]))
    if steps:
        lines += ["", "Tokens saved by each step:", ""]
        lines += [f"| | windows | {' | '.join(steps)} |", "| --- |" + " ---: |" * (1 + len(steps))]
        for row in rows:
            cells = [f"{row['steps'].get(step, 0):,}" for step in steps]
            lines.append(f"| {row['kind']} | {row['windows']} | " + " | ".join(cells) + " |")
    return lines

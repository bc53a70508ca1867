"""Measure counting for models beside what people use for it: python bench/context.py --help.

Counts are compared before anything is timed.  Then each peer runs in fresh processes pinned to one
core: one that is timed from before its imports to its first count, and one in which everything is
loaded and another request was counted before; the peers take turns within a round.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import machine
import published
import workloads
from context_cases import (
    CASES,
    LIMIT,
    MESSAGES,
    MODEL,
    PACKAGES,
    TOKENS,
    Call,
    Request,
    names_and_ids,
    requests,
)

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parent

TITLES = {
    "text": f"{TOKENS:,} tokens of prose: count_tokens",
    "chat": f"{MESSAGES} messages with tools: count_messages",
    "monitor": f"one new message after {MESSAGES - 1}: ContextMonitor.check_usage",
    "json": "a value of 100 kB: estimate_json_tokens",
    "limit": f"10 MB against a limit of {LIMIT:,} tokens: count_up_to",
}
# Case, phase, peer (None: our own time in seconds), and what is to be reached.
TARGETS: list[tuple[str, str, str | None, float]] = [
    ("text", "warm", None, 0.2e-3),
    ("chat", "warm", "litellm", 20.0),
    ("chat", "warm", "langchain", 20.0),
    ("monitor", "warm", None, 50e-6),
    ("limit", "warm", "bpe count", 500.0),
]
Times = dict[tuple[str, str], dict[str, list[float]]]  # (case, peer) -> phase -> one a round


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure counting for models beside the peers.")
    add = parser.add_argument
    add("--only", default=",".join(CASES), help=f"cases, by commas: {', '.join(CASES)}")
    add("--corpus", type=Path, help="folder of *.txt or *.txt.xz; else the standard library")
    add("--rounds", type=int, default=5, help="default 5")
    add("--budget", type=float, default=1.0, help="seconds of later calls in a process; default 1")
    add(
        "--clock",
        choices=("wall", "cpu"),
        default="wall",
        help="cpu: time on the core, for a machine that is not idle",
    )
    add("--core", type=int, help="the core that is measured on; default the last one")
    add("--out", type=Path, default=BENCH / "CONTEXT.md", help="default bench/CONTEXT.md")
    add("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    options.only = options.only.split(",")
    if unknown := set(options.only) - set(CASES):
        parser.error(f"no case {', '.join(sorted(unknown))}: there are {', '.join(CASES)}")
    return options


# ---- the process that is measured


def work(spec: dict[str, Any]) -> dict[str, float]:
    """Seconds of a peer's phases; `tokens` is what it counted."""
    if spec["core"] is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {spec["core"]})
    request, other = json.loads(Path(spec["requests"]).read_bytes())
    make = CASES[spec["case"]][spec["peer"]]
    clock = time.process_time if spec["clock"] == "cpu" else time.perf_counter
    if spec["phase"] == "start":
        start = clock()
        call = make()
        ready = _setup(call)(request)
        tokens = call(ready)
        return {"start": clock() - start, "tokens": tokens}
    call = make()
    setup = _setup(call)
    call(setup(other))
    ready = setup(request)
    start = clock()
    tokens = call(ready)
    cold = clock() - start
    seconds: list[float] = []
    end = time.perf_counter() + spec["budget"]
    while len(seconds) < 5 or time.perf_counter() < end:
        ready = setup(request)
        start = clock()
        call(ready)
        seconds.append(clock() - start)
    # Where each call counts something new there is no best one that stands for all.
    warm = statistics.median(seconds) if spec["case"] == "monitor" else min(seconds)
    return {"cold": cold, "warm": warm, "tokens": tokens}


def _setup(call: Call) -> Callable[[Request], Request]:
    found: Callable[[Request], Request] = getattr(call, "setup", lambda request: request)
    return found


# ---- the comparison of counts


def installed(case: str) -> list[str]:
    found = []
    for peer in CASES[case]:
        package = PACKAGES.get(peer)
        try:
            if package:
                metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
        found.append(peer)
    return found


def compare(case: str, peers: list[str], request: Request) -> list[str]:
    """What the peers count, one line each; SystemExit where they should agree and do not."""
    counts = {}
    for peer in peers:
        call = CASES[case][peer]()
        counts[peer] = call(_setup(call)(request))
    ours = counts["bpe"]
    lines = [f"{peer} {count:,}" for peer, count in counts.items()]
    if case == "chat":
        import bpe

        names, ids = names_and_ids(request["messages"])
        names_too = sum(bpe.count_tokens_batch(names, MODEL))
        ids_too = sum(bpe.count_tokens_batch(ids, MODEL))
        if "litellm" in counts and counts["litellm"] != ours - names_too + ids_too:
            raise SystemExit(
                f"{case}: litellm counts {counts['litellm']}, where {ours} less {names_too} of "
                f"functions' names and {ids_too} of ids were expected"
            )
        lines.append(f"of ours {names_too:,} of functions' names, of litellm's {ids_too:,} of ids")
        if "langchain" in counts:
            lines.append("langchain leaves definitions of tools out")
    elif case == "monitor":
        import bpe

        last = {"role": "user", "content": f"1 {request['messages'][1]['content']}"}
        expected = bpe.count_messages([*request["messages"][:-1], last], MODEL)
        if ours != expected:
            raise SystemExit(f"{case}: check_usage says {ours}, count_messages {expected}")
    elif len(set(counts.values())) > 1:
        raise SystemExit(f"{case}: the counts differ: {', '.join(lines)}")
    return lines


# ---- the run


def inputs(options: argparse.Namespace) -> dict[str, tuple[Request, Request]]:
    """For each case the request that is timed, and the one that is counted before."""
    import bpe

    texts = workloads.corpus(options.corpus, 12_000_000)
    text = texts[workloads.main_text(texts)]
    tokenizer = bpe.load("o200k_base")
    prose = tokenizer.decode(tokenizer.encode_ordinary(text[: 8 * TOKENS])[:TOKENS])
    ours, other = requests(text[:400_000], 1), requests(workloads.warm_up(), 2)
    large = (text * (10_000_000 // len(text) + 1))[:10_000_000]
    timed: dict[str, Request] = {"text": {"text": prose}, "limit": {"text": large, "limit": LIMIT}}
    return {case: (timed.get(case, ours), other) for case in options.only}


def measure(
    options: argparse.Namespace, paths: dict[str, Path], peers: dict[str, list[str]]
) -> Times:
    available = machine.cores()
    core = options.core if options.core is not None else (available[-1] if available else None)
    times: Times = {}
    for number in range(options.rounds):
        for case, path in paths.items():
            turn = number % len(peers[case])
            for peer in [*peers[case][turn:], *peers[case][:turn]]:
                for phase in ("start", "timed"):
                    spec = {
                        "case": case,
                        "peer": peer,
                        "phase": phase,
                        "core": core,
                        "clock": options.clock,
                        "budget": options.budget,
                        "requests": str(path),
                    }
                    run = subprocess.run(
                        [sys.executable, __file__, "--worker", json.dumps(spec)],
                        stdout=subprocess.PIPE,
                        text=True,
                        check=True,
                    )
                    for name, seconds in json.loads(run.stdout.splitlines()[-1]).items():
                        if name != "tokens":
                            found = times.setdefault((case, peer), {})
                            found.setdefault(name, []).append(seconds)
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
    return times


# ---- what is written


def ratio(times: Times, case: str, phase: str, peer: str) -> tuple[float, float, float]:
    """How many times longer the peer took, within each round: median, lowest, highest."""
    ours, theirs = times[case, "bpe"][phase], times[case, peer][phase]
    ratios = [their / our for our, their in zip(ours, theirs, strict=True)]
    return statistics.median(ratios), min(ratios), max(ratios)


def unit(seconds: float) -> str:
    if seconds < 1e-3:
        return f"{seconds * 1e6:.1f} us"
    return f"{seconds * 1e3:.2f} ms" if seconds < 1 else f"{seconds:.2f} s"


def report(
    times: Times, counted: dict[str, list[str]], peers: dict[str, list[str]], notes: list[str]
) -> str:
    lines = ["# Counting for models", "", *notes, "", "## Targets", ""]
    lines += ["| case | target | reached | range |", "| --- | --- | --- | --- |"]
    for case, phase, peer, target in TARGETS:
        if (case, peer or "bpe") not in times:
            continue
        if peer is None:
            values = times[case, "bpe"][phase]
            found = statistics.median(values)
            met, wanted, reached = found < target, f"under {unit(target)}", unit(found)
            spread = f"{unit(min(values))} to {unit(max(values))}"
        else:
            found, low, high = ratio(times, case, phase, peer)
            met, wanted = found >= target, f"{target:g} times faster than {peer}"
            reached, spread = f"{found:.0f} times", f"{low:.0f} to {high:.0f}"
        verdict = "" if met else " **missed**"
        lines.append(f"| {TITLES[case]}, {phase} | {wanted} | {reached}{verdict} | {spread} |")
    for case, names in peers.items():
        lines += ["", f"## {TITLES[case]}", "", f"Counted: {'; '.join(counted[case])}.", ""]
        lines += [
            "| | start | cold | warm | warm, by ours |",
            "| --- | ---: | ---: | ---: | ---: |",
        ]
        for peer in names:
            phases = times[case, peer]
            cells = [unit(statistics.median(phases[name])) for name in ("start", "cold", "warm")]
            cells.append(f"{ratio(times, case, 'warm', peer)[0]:.1f}")
            lines.append(f"| {peer} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, ""])


NOTES = (
    "Medians over the rounds. Start: a fresh process, from before the imports to the first count. "
    "Cold: the first sight of this request, after another one. Warm: the best of the later calls "
    "on the same objects; for check_usage, where each call has a new message, their median."
)


def main(argv: list[str] | None = None) -> None:
    options = arguments(argv)
    if options.worker:
        print(json.dumps(work(json.loads(options.worker))))
        return
    cache = BENCH / ".cache"
    files = published.prepare(cache / "published", None, ROOT)
    os.environ["TIKTOKEN_CACHE_DIR"] = str(files / "tiktoken-cache")
    os.environ["PYTHONDONTWRITEBYTECODE"] = ""
    old = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(ROOT) + (os.pathsep + old if old else "")
    folder = cache / "context"
    folder.mkdir(parents=True, exist_ok=True)
    paths, counted, peers = {}, {}, {}
    for case, pair in inputs(options).items():
        peers[case] = installed(case)
        counted[case] = compare(case, peers[case], pair[0])
        paths[case] = folder / f"{case}.json"
        paths[case].write_text(json.dumps(pair), encoding="utf-8")
    times = measure(options, paths, peers)
    found = machine.describe(ROOT, ["bpe", "tiktoken"])
    versions = [f"bpe {found['commit']}"]
    here = {peer for names in peers.values() for peer in names}
    packages = sorted(PACKAGES[peer] for peer in here & set(PACKAGES))
    versions += [f"{package} {metadata.version(package)}" for package in packages]
    absent = sorted(set(PACKAGES) - here)
    notes = [
        f"`python bench/context.py`, {found['date']}, {found['processor']}, {found['python']}, "
        f"{', '.join(versions)}, {options.rounds} rounds, {options.clock} clock."
        + (f" Not installed: {', '.join(absent)}." if absent else ""),
        "",
        NOTES,
    ]
    options.out.write_text(report(times, counted, peers, notes), encoding="utf-8")
    print(options.out.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()

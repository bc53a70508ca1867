"""Measure the compression of conversations beside the peers: python bench/compression.py --help.

Times: each library runs in a process of its own, pinned to one core, the libraries take turns
within a round.  Then memory, what each library breaks in generated conversations, and what the
optimiser saves and keeps.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import Any

import machine
import published
import trimmers
import workloads
from compression_cases import CASES, GROUPS, inputs
from compression_report import report

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parent
QUALITY = ("violations", "pipeline", "savings")
# The conversation whose trimming is measured for memory: (group, size).
MEMORY = ("budget_allocation", 200)


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure compression beside the peers.")
    add = parser.add_argument
    every = (*GROUPS, "memory", *QUALITY)
    add("--only", default=",".join(every), help=f"groups, by commas: {', '.join(every)}")
    add("--corpus", type=Path, help="folder of *.txt or *.txt.xz; else the standard library")
    add("--rounds", type=int, default=5, help="default 5")
    add("--budget", type=float, default=0.5, help="seconds of later calls of a size; default 0.5")
    add(
        "--conversations",
        type=int,
        default=1_000,
        help="for violations and pipeline; default 1,000",
    )
    add("--seeds", type=int, default=20, help="for savings, of each kind and size; default 20")
    add(
        "--clock",
        choices=("wall", "cpu"),
        default="wall",
        help="cpu: time on the core, for a machine that is not idle",
    )
    add("--core", type=int, help="the core that is measured on; default the last one")
    add(
        "--out",
        type=Path,
        help="folder for COMPRESSION.md and compression.json; default bench/ and bench/results/",
    )
    add("--merge", action="store_true", help="put what is measured into the earlier results there")
    add("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    options.only = options.only.split(",")
    if unknown := set(options.only) - set(every):
        parser.error(f"no group {', '.join(sorted(unknown))}: there are {', '.join(every)}")
    return options


# ---- the process that is measured


def work(spec: dict[str, Any]) -> dict[str, Any]:
    if spec["core"] is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {spec["core"]})
    given = json.loads(Path(spec["inputs"]).read_bytes())
    if spec["phase"] == "memory":
        return _memory(spec, given[0], given[-1])
    clock = time.process_time if spec["clock"] == "cpu" else time.perf_counter
    prepare, call = CASES[spec["group"]][spec["peer"]]()
    # The first one is another conversation, after which everything is loaded.
    call(prepare(given[0]))
    times: dict[str, dict[str, float]] = {}
    for one in given[1:]:
        ready = prepare(one)
        start = clock()
        call(ready)
        cold = clock() - start
        seconds: list[float] = []
        end = time.perf_counter() + spec["budget"]
        while len(seconds) < 3 or time.perf_counter() < end:
            start = clock()
            call(ready)
            seconds.append(clock() - start)
        times[str(one["size"])] = {"cold": cold, "warm": min(seconds)}
    return times


def _memory(spec: dict[str, Any], other: dict[str, Any], given: dict[str, Any]) -> dict[str, float]:
    """Peaks in bytes: of the process over what it had before the library, and of a call.

    `start`: seconds from before the imports to the first, small conversation's result.
    """
    import tracemalloc

    clock = time.process_time if spec["clock"] == "cpu" else time.perf_counter
    before, _ = resident()
    start = clock()
    prepare, call = CASES[spec["group"]][spec["peer"]]()
    call(prepare(other))
    first = clock() - start
    ready = prepare(given)
    held, loading = resident(reset=True)
    call(ready)
    end, peak = resident()
    ready = prepare(given)
    tracemalloc.start()
    call(ready)
    _, allocated = tracemalloc.get_traced_memory()
    return {
        "start": first,
        "process": max(peak, loading) - before,
        "call": max(peak, end) - held,
        "python": allocated,
    }


def resident(reset: bool = False) -> tuple[int, int]:
    """Bytes in memory now, and at most so far; `reset`: from here on anew, where Linux can."""
    status = Path("/proc/self/status")
    if not status.exists():
        import resource

        size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        size *= 1 if sys.platform == "darwin" else 1024
        return size, size
    lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    now, peak = (int(lines[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM"))
    return now, peak


# ---- the run


def installed(group: str) -> list[str]:
    found = []
    for peer in CASES[group]:
        package = trimmers.PACKAGES.get(peer)
        try:
            if package:
                metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
        found.append(peer)
    return found


def _worker(spec: dict[str, Any]) -> dict[str, Any]:
    run = subprocess.run(
        [sys.executable, __file__, "--worker", json.dumps(spec)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return found


def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """group -> peer -> size -> phase -> a value for each round; and "memory" -> peer -> bytes."""
    available = machine.cores()
    core = options.core if options.core is not None else (available[-1] if available else None)
    groups = [group for group in GROUPS if group in options.only]
    memory = "memory" in options.only
    texts = [*workloads.corpus(options.corpus, 4_000_000).values()]
    sizes: dict[str, dict[str, int]] = {}
    for group in dict.fromkeys([*groups, *([MEMORY[0]] if memory else [])]):
        made = [inputs(group, GROUPS[group][1][1], 10_000, texts)]
        made += [inputs(group, size, 100 + size, texts) for size in GROUPS[group][1]]
        sizes[group] = {str(one["size"]): one["tokens"] for one in made[1:]}
        (folder / f"{group}.json").write_text(json.dumps(made), encoding="utf-8")
    times: dict[str, Any] = {}
    bytes_of: dict[str, Any] = {}
    for number in range(options.rounds):
        for group in groups:
            peers = installed(group)
            turn = number % len(peers)
            for peer in [*peers[turn:], *peers[:turn]]:
                found = _worker(_spec(options, folder, core, group, peer, "timed"))
                for size, phases in found.items():
                    cell = times.setdefault(group, {}).setdefault(peer, {}).setdefault(size, {})
                    for phase, seconds in phases.items():
                        cell.setdefault(phase, []).append(seconds)
        if memory:
            for peer in installed(MEMORY[0]):
                found = _worker(_spec(options, folder, core, MEMORY[0], peer, "memory"))
                for name, size in found.items():
                    bytes_of.setdefault(peer, {}).setdefault(name, []).append(size)
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
    return {"times": times, "memory": bytes_of, "tokens": sizes}


def _spec(
    options: argparse.Namespace, folder: Path, core: int | None, group: str, peer: str, phase: str
) -> dict[str, Any]:
    return {
        "group": group,
        "peer": peer,
        "phase": phase,
        "core": core,
        "clock": options.clock,
        "budget": options.budget,
        "inputs": str(folder / f"{group}.json"),
    }


def ratios(times: dict[str, Any]) -> dict[str, Any]:
    """group -> peer -> size -> phase -> [median, lowest, highest] of theirs by ours, in a round."""
    found: dict[str, Any] = {}
    for group, peers in times.items():
        ours = peers["bpe"]
        for peer, sizes in peers.items():
            for size, phases in sizes.items():
                for phase, values in phases.items():
                    each = [a / b for a, b in zip(values, ours[size][phase], strict=True)]
                    cell = found.setdefault(group, {}).setdefault(peer, {}).setdefault(size, {})
                    cell[phase] = [statistics.median(each), min(each), max(each)]
    return found


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
    sys.path.insert(0, str(ROOT))
    folder = cache / "compression"
    folder.mkdir(parents=True, exist_ok=True)
    results = measure(options, folder)
    results["ratios"] = ratios(results["times"])
    if "violations" in options.only:
        from quality import violations

        results["violations"] = violations(options.conversations)
    if "pipeline" in options.only:
        from pipeline import pipeline

        results["pipeline"] = pipeline(options.conversations)
    if "savings" in options.only:
        from quality import savings

        results["savings"] = savings(options.seeds)
    found = machine.describe(ROOT, ["bpe", "tiktoken"])
    for package in sorted(set(trimmers.PACKAGES.values())):
        try:
            found["versions"][package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found["versions"][package] = "not installed"
    hidden = ("--out", str(options.out), "--merge")
    shown = [arg for arg in (sys.argv[1:] if argv is None else argv) if arg not in hidden]
    run = {
        "command": " ".join(["python bench/compression.py", *shown]),
        "machine": found,
        "clock": options.clock,
        "rounds": options.rounds,
    }
    markdown, data = BENCH / "COMPRESSION.md", BENCH / "results" / "compression.json"
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        markdown, data = options.out / "COMPRESSION.md", options.out / "compression.json"
    earlier: dict[str, Any] = {}
    if options.merge and data.exists():
        earlier = json.loads(data.read_text(encoding="utf-8"))
        for name in ("times", "ratios", "memory", "tokens"):
            results[name] = {**earlier[name], **results[name]}
    results = {**earlier, **results, "runs": [*earlier.get("runs", ()), run]}
    text = report(results)
    markdown.write_text(text, encoding="utf-8")
    data.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()

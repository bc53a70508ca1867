"""Measure bpe beside the other tokenizers: python bench/compare.py --help.

Ids are compared before anything is timed.  Then, for each round and each cell, a fresh process
pinned to one core measures one tokenizer; the tokenizers take turns within a round.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import chart
import machine
import published
import report
import workloads
from peers import ENCODINGS, PEERS, REFERENCES
from processes import BENCH, Failure, Runner
from sections import SECTIONS, Job, Plan
from verify import Verifier

ROOT = BENCH.parent


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure bpe beside the other tokenizers.")

    def names(allowed: list[str]) -> Any:
        def parse(value: str) -> list[str]:
            chosen = [name.strip() for name in value.split(",") if name.strip()]
            for name in chosen:
                if name not in allowed:
                    raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(allowed)}")
            return chosen

        return parse

    add = parser.add_argument
    add("--only", type=names(list(SECTIONS)), default=list(SECTIONS), help="sections, by commas")
    add("--encodings", type=names(list(ENCODINGS)), default=list(ENCODINGS), help="by commas")
    add("--peers", type=names(list(PEERS)), default=list(PEERS), help="by commas")
    add("--texts", help="only these texts of the corpus, by commas")
    add("--corpus", type=Path, help="folder of *.txt or *.txt.xz; else the standard library")
    add("--published", type=Path, help="folder of the published files; else made from data/")
    add("--rounds", type=int, help="default 5; with --quick 2")
    add("--quick", action="store_true", help="less text, fewer rounds, known comparisons kept")
    add("--characters", type=int, help="of each text; default 4,000,000; with --quick 1,000,000")
    add("--budget", type=float, help="seconds of later passes a cell; default 0.6, quick 0.25")
    add(
        "--drop-slow",
        action="store_true",
        help="after two rounds leave out peers four times slower than another, unless in a target",
    )
    add("--timeout", type=float, default=120.0, help="seconds for one process")
    add(
        "--clock",
        choices=("wall", "cpu"),
        default="wall",
        help="cpu: time on the core, for a machine that is not idle; two threads: always wall",
    )
    add("--core", type=int, help="the core that is measured on; default the last one")
    add("--subject", default="bpe", choices=list(PEERS), help="whose ratios are reported")
    add("--out", type=Path, help="folder for the results; a partial run goes to bench/.cache/last")
    add("--merge", action="store_true", help="keep the cells of --out that this run does not make")
    options = parser.parse_args(argv)
    options.rounds = options.rounds or (2 if options.quick else 5)
    options.characters = options.characters or (1_000_000 if options.quick else 4_000_000)
    options.budget = options.budget or (0.25 if options.quick else 0.6)
    whole = set(SECTIONS) == set(options.only) and set(ENCODINGS) == set(options.encodings)
    if options.out is None:
        complete = whole and not options.quick and set(PEERS) == set(options.peers)
        options.out = BENCH / "results" if complete else BENCH / ".cache" / "last"
    return options


def run_job(runner: Runner, job: Job, options: argparse.Namespace) -> list[dict[str, float]]:
    """What one process measured: one dict of phases for each of the job's items."""
    timeout = options.timeout
    if job.kind == "worker":
        return runner.worker(job.spec, timeout)
    texts = [Path(text) for text in job.spec["texts"]]
    snippet = job.spec["snippet"]
    if job.kind == "load":
        return [runner.load(snippet, timeout, options.clock)]
    if job.kind == "memory":
        return [runner.memory(snippet, texts[0], timeout)]
    number = int(job.items[0]["work"].split()[0])
    return [runner.callers(snippet, texts, number, timeout)]


# A target names them: they are measured in every round.
ALWAYS = {"tiktoken", "tokenizers", "gigatoken"}
SLOW = 4.0


def core_name(runner: Runner) -> str:
    try:
        return runner.source("import bpe; print(bpe.core_name())", 60).strip()
    except Failure as failure:
        return f"none: {failure.args[0]}"


class Cells:
    """What was measured, by cell: one value for each round."""

    def __init__(self) -> None:
        self.cells: dict[tuple[str, ...], dict[str, Any]] = {}
        self.failures: dict[tuple[str, ...], str] = {}

    def add(self, job: Job, found: list[dict[str, float]]) -> None:
        names = ("section", "encoding", "work", "output", "phase", "peer")
        for item, phases in zip(job.items, found, strict=False):
            for phase, value in phases.items():
                key = (job.section, job.encoding, item["work"], item["output"], phase, job.peer)
                fresh = {**dict(zip(names, key, strict=True)), "bytes": item["size"], "values": []}
                self.cells.setdefault(key, fresh)["values"].append(value)

    def slow(self, job: Job, subject: str) -> bool:
        """Is this peer far behind another one in every cell of the job?"""
        if job.kind != "worker" or job.peer in ALWAYS | {subject}:
            return False
        return all(self._slow_cell(job, item) for item in job.items)

    def _slow_cell(self, job: Job, item: dict[str, Any]) -> bool:
        where = (job.section, job.encoding, item["work"], item["output"])
        mine = [
            (k[4], min(c["values"])) for k, c in self.cells.items() if k == (*where, k[4], job.peer)
        ]
        return bool(mine) and all(
            any(
                k[:5] == (*where, phase) and min(c["values"]) * SLOW < value
                for k, c in self.cells.items()
                if k[5] not in (job.peer, "bpe")
            )
            for phase, value in mine
        )

    def run(self, jobs: list[Job], runner: Runner, options: argparse.Namespace) -> None:
        for number in range(options.rounds):
            if number == 2 and options.drop_slow:
                jobs = [job for job in jobs if not self.slow(job, options.subject)]
            for job in _turn(jobs, number):
                key = (job.peer, *job.group)
                # Load takes milliseconds and swings: three times in each round.
                for _ in range(3 if job.kind == "load" else 1):
                    if key in self.failures:
                        break
                    try:
                        self.add(job, run_job(runner, job, options))
                    except Failure as failure:
                        reason, found = failure.args
                        self.add(job, found)
                        self.failures[key] = reason
                        print(f"  failed: {' '.join(key)}: {reason}", file=sys.stderr)


def _turn(jobs: list[Job], number: int) -> list[Job]:
    """The jobs of one round: in each group the peers begin with another one each time."""
    groups: dict[tuple[str, ...], list[Job]] = {}
    for job in jobs:
        groups.setdefault(job.group, []).append(job)
    result: list[Job] = []
    for group in groups.values():
        shift = number % len(group)
        result += group[shift:] + group[:shift]
    return result


def main(argv: list[str] | None = None) -> None:
    options = arguments(argv)
    cache = BENCH / ".cache"
    files = published.prepare(cache / "published", options.published, ROOT)
    texts = workloads.corpus(options.corpus, options.characters)
    if options.texts:
        texts = {name: texts[name] for name in options.texts.split(",")}
    store = workloads.Store(cache / "texts")
    references = cache / "references"
    references.mkdir(exist_ok=True)
    plan = Plan(
        encodings=options.encodings,
        peers=options.peers,
        published=str(files),
        store=store,
        texts=texts,
        warm_up=store.put(workloads.warm_up()),
        references=references,
        budget=options.budget,
        clock=options.clock,
    )
    cores = machine.cores()
    core = [options.core] if options.core is not None else cores[-1:]
    runner = Runner(core, cores, ROOT, files)

    start = time.monotonic()
    described = machine.describe(ROOT, sorted({*options.peers, *REFERENCES.values()}))
    if "bpe" in options.peers:
        # Which core runs decides what the figures mean.
        described["core"] = core_name(runner)
    print("comparing ids", file=sys.stderr)
    known = cache / "compared.json" if options.quick else None
    Verifier(plan, runner, known).run(options.only, described["versions"])

    cells = Cells()
    for section in options.only:
        jobs = list(SECTIONS[section](plan))
        begun = time.monotonic()
        cells.run(jobs, runner, options)
        print(
            f"{section}: {len(jobs)} processes a round, {time.monotonic() - begun:.0f} s",
            file=sys.stderr,
        )

    results: dict[str, Any] = {
        "machine": described,
        "run": {
            "rounds": options.rounds,
            "characters": options.characters,
            "texts": {name: len(text.encode()) for name, text in texts.items()},
            "seconds": round(time.monotonic() - start),
            "subject": options.subject,
            "clock": options.clock,
        },
        "excluded": [[*key, reason] for key, reason in plan.excluded.items()],
        "failures": [[*key, reason] for key, reason in cells.failures.items()],
        "cells": list(cells.cells.values()),
    }
    write(results, options.out, options.merge)


def write(results: dict[str, Any], folder: Path, merge: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "results.json"
    made = {(cell["section"], cell["encoding"]) for cell in results["cells"]}
    rounds = results["run"].pop("rounds")
    results["run"]["rounds"] = {" ".join(key): rounds for key in sorted(made)}
    if merge and path.exists():
        old = json.loads(path.read_text())
        kept = [cell for cell in old["cells"] if (cell["section"], cell["encoding"]) not in made]
        results["cells"] = kept + results["cells"]
        results["run"]["rounds"] = old["run"]["rounds"] | results["run"]["rounds"]
        results["machine"]["versions"] = old["machine"]["versions"] | results["machine"]["versions"]
        for name in ("excluded", "failures"):
            results[name] += [row for row in old[name] if row not in results[name]]
    # One cell a line: a diff between two runs can be read.
    head = json.dumps({**results, "cells": []}, indent=1)
    rows = ",\n".join("  " + json.dumps(cell) for cell in results["cells"])
    path.write_text(head.replace('"cells": []', f'"cells": [\n{rows}\n ]') + "\n")
    markdown = report.markdown(results)
    (folder / "results.md").write_text(markdown)
    for old_picture in folder.glob("*.svg"):
        old_picture.unlink()
    for name, picture in chart.pictures(results).items():
        (folder / name).write_text(picture)
    print(report.summary(results))
    print(f"\n{path}, results.md and charts are in {folder}", file=sys.stderr)


if __name__ == "__main__":
    main()

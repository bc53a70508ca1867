"""What must be reached, line by line, and whether it is.

A ratio is the peer's time by ours, in the same round, so that noise which lasts longer than a
round falls out of it; of a cell's ratios the median counts, and the range is shown.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from workloads import CEILING, HASHING, SNIPPETS

MEGABYTE = 1e6
FAST = ("cl100k_base", "o200k_base", "deepseek_v3")
Key = tuple[str, str, str, str, str, str]


class Results:
    """The cells of a run, by key."""

    def __init__(self, results: dict[str, Any]) -> None:
        self.subject: str = results["run"]["subject"]
        self.cells: dict[Key, list[float]] = {}
        for cell in results["cells"]:
            key = tuple(
                cell[name] for name in ("section", "encoding", "work", "output", "phase", "peer")
            )
            self.cells[key] = cell["values"]

    def get(
        self, section: str, encoding: str, work: str, output: str, phase: str, peer: str
    ) -> list[float]:
        return self.cells.get((section, encoding, work, output, phase, peer), [])

    def works(self, section: str, encoding: str, output: str, phase: str) -> list[str]:
        wanted = (section, encoding, output, phase)
        return list(dict.fromkeys(k[2] for k in self.cells if (k[0], k[1], k[3], k[4]) == wanted))

    def peers(self, section: str, encoding: str, work: str, output: str, phase: str) -> list[str]:
        return [k[5] for k in self.cells if k[:5] == (section, encoding, work, output, phase)]

    def best(self, section: str, encoding: str, work: str, output: str, phase: str) -> str | None:
        """The fastest peer of one cell."""
        others = [
            (statistics.median(self.get(section, encoding, work, output, phase, peer)), peer)
            for peer in self.peers(section, encoding, work, output, phase)
            if peer != self.subject
        ]
        return min(others)[1] if others else None


@dataclass
class Line:
    """One line of the table of targets, for one encoding."""

    label: str
    against: str
    encoding: str
    mean: float | None = None
    worst: float | None = None
    # work -> (median, least, most), and the peer that it is against.
    ratios: dict[str, tuple[float, float, float]] = field(default_factory=dict)
    peers: dict[str, str] = field(default_factory=dict)
    # For lines that are no ratio: what is wanted and what there is.
    wanted: str = ""
    reached: str = ""
    passed: bool | None = None

    def judge(self) -> Line:
        if self.ratios:
            ok = (self.mean is None or self.geometric_mean() >= self.mean) and (
                self.worst is None or self.ratios[self.worst_work()][0] >= self.worst
            )
            self.passed = ok
        return self

    def geometric_mean(self) -> float:
        logs = [math.log(median) for median, _, _ in self.ratios.values()]
        return math.exp(sum(logs) / len(logs))

    def worst_work(self) -> str:
        return min(self.ratios, key=lambda work: self.ratios[work][0])


def ratio(ours: list[float], theirs: list[float]) -> tuple[float, float, float]:
    pairs = [other / one for one, other in zip(ours, theirs, strict=False)]
    return statistics.median(pairs), min(pairs), max(pairs)


def _against(
    results: Results,
    label: str,
    section: str,
    encoding: str,
    output: str,
    phase: str,
    peer: str,
    mean: float | None,
    worst: float | None = None,
    works: list[str] | None = None,
) -> Iterator[Line]:
    """A line of ratios against one peer, or against the best of each cell."""
    line = Line(label, peer, encoding, mean, worst)
    for work in works or results.works(section, encoding, output, phase):
        other = peer
        if peer == "best":
            other = results.best(section, encoding, work, output, phase) or ""
        ours = results.get(section, encoding, work, output, phase, results.subject)
        theirs = results.get(section, encoding, work, output, phase, other)
        if ours and theirs:
            line.ratios[work] = ratio(ours, theirs)
            line.peers[work] = other
    if line.ratios:
        yield line.judge()


def _encode(results: Results) -> Iterator[Line]:
    for encoding in FAST:
        for phase, mean, worst in (("cold", 1.5, 1.05), ("warm", 1.4, 1.1)):
            yield from _against(
                results,
                f"array, {phase}",
                "array",
                encoding,
                "array",
                phase,
                "gigatoken",
                mean,
                worst,
            )
    for encoding in FAST:
        for phase in ("cold", "warm"):
            yield from _against(
                results, f"list, {phase}", "list", encoding, "list", phase, "best", 2.5, 1.5
            )
    for phase, mean, worst in (("cold", 18, 8), ("warm", 28, 20)):
        yield from _against(
            results, f"list, {phase}", "list", FAST[0], "list", phase, "tiktoken", mean, worst
        )
    for phase in ("cold", "warm"):
        yield from _against(
            results, f"array, {phase}", "array", FAST[2], "array", phase, "tokenizers", 100, 60
        )
    for encoding in FAST:
        for phase, mean in (("warm", 1.4), ("cold", 1.5)):
            yield from _against(
                results,
                f"count, {phase}",
                "count",
                encoding,
                "count",
                phase,
                "gigatoken",
                mean,
                1.05,
            )


def _default(results: Results) -> Iterator[Line]:
    encodings = dict.fromkeys(k[1] for k in results.cells if k[0] == "encode_default")
    for encoding, output in product(encodings, ("list", SNIPPETS)):
        line = Line(
            f"encode, default policy, {output}",
            "encode_ordinary",
            encoding,
            wanted="at most 1.10 times",
        )
        costs: dict[str, float] = {}
        for work in results.works("encode_default", encoding, output, "encode"):
            where = ("encode_default", encoding, work, output)
            ours = results.get(*where, "encode", results.subject)
            if ours:
                costs[work] = ratio(results.get(*where, "ordinary", results.subject), ours)[0]
        if costs:
            most = max(costs, key=lambda work: costs[work])
            line.reached = f"{costs[most]:.2f} times ({most})"
            line.passed = costs[most] <= 1.10
            yield line


def _short(results: Results) -> Iterator[Line]:
    for encoding in FAST:
        for output in ("list", "count"):
            for work, tiktoken, best in (("10 characters", 5, 1.2), ("100 characters", 15, 1.5)):
                for peer, mean in (("tiktoken", tiktoken), ("best", best)):
                    label = f"{output}, {work}"
                    yield from _against(
                        results, label, "short", encoding, output, "warm", peer, mean, works=[work]
                    )
        ours = results.get("short", encoding, "10,000 tokens", "count", "warm", results.subject)
        if ours:
            value = statistics.median(ours) * 1e3
            yield Line(
                "count of 10,000 prose tokens, warm",
                "",
                encoding,
                wanted="0.15 ms",
                reached=f"{value:.3f} ms",
                passed=value <= 0.15,
            )


def _decode(results: Results) -> Iterator[Line]:
    for encoding in FAST:
        for output in ("str", "bytes"):
            for peer, mean in (("tiktoken", 3.5), ("best", 2.0)):
                label = f"decode to {output}"
                yield from _against(results, label, "decode", encoding, output, "warm", peer, mean)


def _batch(results: Results) -> Iterator[Line]:
    wanted = {"tiktoken": 10.0, "tokenizers": 20.0, "gigatoken": 2.0, "tokie": 1.5}
    for encoding in FAST:
        for peer, mean in wanted.items():
            for phase in ("first", "best"):
                label = f"batch of 10,000, 2 threads, {phase} call"
                yield from _against(results, label, "batch", encoding, "batch", phase, peer, mean)


def _traps(results: Results) -> Iterator[Line]:
    for encoding in FAST:
        for output in ("list", "array", "count"):
            yield from _against(
                results,
                f"pathological 1 MB, first call, {output}",
                "pathological",
                encoding,
                output,
                "cold",
                "best",
                None,
                1.0,
            )
    for encoding in FAST:
        yield from _against(
            results,
            "random words, first sight, array",
            "words",
            encoding,
            "array",
            "cold",
            "gigatoken",
            2.5,
            works=["words"],
        )
        for output in ("list", "array", "count"):
            yield from _against(
                results,
                f"random letters in one piece, first call, {output}",
                "words",
                encoding,
                output,
                "cold",
                "best",
                1.5,
                works=["joined"],
            )


def _load(results: Results) -> Iterator[Line]:
    bare = results.get("load", "", "bare", "", "process", "python")
    for encoding in FAST:
        peers = results.peers("load", encoding, "process", "", "process")
        over = {
            peer: over_bare(results.get("load", encoding, "process", "", "process", peer), bare)
            for peer in peers
        }
        ours = over.pop(results.subject, None)
        if not over or not ours:
            continue
        best = min(over, key=lambda peer: statistics.median(over[peer]))
        line = Line("load and first encode", "best", encoding, 5 if encoding == FAST[2] else 1.5)
        line.ratios["process"] = ratio(ours, over[best])
        line.peers["process"] = best
        yield line.judge()


def over_bare(values: list[float], bare: list[float]) -> list[float]:
    """What a process costs over a bare Python, whose median is steadier than one run of it.

    Less than a millisecond is noise: a bare one's own runs differ by more.
    """
    base = statistics.median(bare) if bare else 0.0
    return [max(value - base, 1e-3) for value in values]


def _memory(results: Results) -> Iterator[Line]:
    for encoding in FAST:
        for phase, label, most in (
            ("loaded", "peak memory after load", 15.0),
            ("text", "peak memory after 1 MB of prose", 28.0),
        ):
            bare = results.get("memory", "", "bare", "", phase, "python")
            ours = results.get("memory", encoding, "process", "", phase, results.subject)
            if bare and ours:
                value = (statistics.median(ours) - statistics.median(bare)) / MEGABYTE
                yield _megabytes(label, encoding, value, most)
        one = results.get("memory", encoding, "1 callers", "", "peak", results.subject)
        more = results.get("memory", encoding, "5 callers", "", "peak", results.subject)
        if one and more:
            value = (statistics.median(more) - statistics.median(one)) / 4 / MEGABYTE
            yield _megabytes("memory of each further caller", encoding, value, 8.0)


def _megabytes(label: str, encoding: str, value: float, most: float) -> Line:
    return Line(
        label,
        "",
        encoding,
        wanted=f"{most:.0f} MB",
        reached=f"{value:.1f} MB",
        passed=value <= most,
    )


def _threads(results: Results) -> Iterator[Line]:
    shapes = {"one batch": {"batch": 1.4, "counts": 1.85}}
    shapes["two callers"] = {"list": 1.4, "array": 1.85, "count": 1.85}
    for encoding in FAST:
        ceiling = ("threads", encoding, "two callers", CEILING)
        alone, both = (results.get(*ceiling, phase, HASHING) for phase in ("one", "two"))
        against = "one thread"
        if alone and both:
            against += f" ({HASHING}: {ratio(both, alone)[0]:.2f} times)"
        for shape, outputs in shapes.items():
            for output, least in outputs.items():
                where = ("threads", encoding, shape, output)
                one = results.get(*where, "one", results.subject)
                two = results.get(*where, "two", results.subject)
                if one and two:
                    median, low, high = ratio(two, one)
                    yield Line(
                        f"two threads, {shape}, {output}",
                        against,
                        encoding,
                        wanted=f"{least} times",
                        reached=f"{median:.2f} times ({low:.2f} to {high:.2f})",
                        passed=median >= least,
                    )


GROUPS: tuple[Callable[[Results], Iterator[Line]], ...] = (
    _encode,
    _default,
    _short,
    _decode,
    _batch,
    _load,
    _memory,
    _traps,
    _threads,
)


def lines(results: dict[str, Any]) -> list[Line]:
    """All lines that this run has cells for."""
    found = Results(results)
    return [line for group in GROUPS for line in group(found)]

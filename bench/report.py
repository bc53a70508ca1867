"""Results as Markdown: python bench/report.py results.json > results.md."""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import targets
from targets import Line, Results

THROUGHPUT = {
    "array": "Ids into one buffer of uint32, MB/s",
    "list": "Ids into a list, MB/s",
    "count": "Number of ids, MB/s",
    "decode": "Ids from a list to text, MB/s",
    "pathological": "Pathological inputs of 1 MB, ms",
    "words": "Random words, and random letters in one piece, 1 MB, ms",
}
MILLISECONDS = {"pathological", "words"}
PHASES = {"cold": "first sight", "warm": "best later pass"}


def number(value: float) -> str:
    """Three significant digits, without an exponent."""
    if value >= 100:
        return f"{value:.0f}"
    if value >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}"


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _target_row(line: Line) -> list[str]:
    state = {True: "yes", False: "**no**", None: ""}[line.passed]
    if not line.ratios:
        return [line.label, line.encoding, line.against, line.wanted, line.reached, "", state]
    wanted = [f"{line.mean:g}"] if line.mean is not None else []
    if line.worst is not None:
        wanted.append(f"worst {line.worst:g}")
    against = line.against
    if against == "best":
        against = "best: " + ", ".join(dict.fromkeys(line.peers.values()))
    work = line.worst_work()
    median, low, high = line.ratios[work]
    return [
        line.label,
        line.encoding,
        against,
        ", ".join(wanted),
        f"{line.geometric_mean():.2f}",
        f"{median:.2f} ({low:.2f} to {high:.2f}) {work}",
        state,
    ]


def target_table(results: dict[str, Any]) -> str:
    rows = [_target_row(line) for line in targets.lines(results)]
    if not rows:
        return ""
    head = ["work", "encoding", "against", "target", "reached", "worst (range over rounds)", "met"]
    return table(head, rows)


def _cell(values: list[float], size: int, milliseconds: bool) -> str:
    scaled = [v * 1e3 if milliseconds else size / v / 1e6 for v in values]
    middle = statistics.median(scaled)
    return f"{number(middle)} ({number(min(scaled))} to {number(max(scaled))})"


def throughput(results: dict[str, Any], section: str) -> Iterator[str]:
    """One table for each encoding, output and phase: texts down, tokenizers across."""
    cells = [cell for cell in results["cells"] if cell["section"] == section]
    tables: dict[tuple[str, str, str], dict[tuple[str, str], str]] = {}
    for cell in cells:
        key = (cell["encoding"], cell["output"], cell["phase"])
        text = _cell(cell["values"], cell["bytes"], section in MILLISECONDS)
        tables.setdefault(key, {})[cell["work"], cell["peer"]] = text
    for (encoding, output, phase), found in tables.items():
        if section in MILLISECONDS and phase != "cold":
            continue
        peers = list(dict.fromkeys(peer for _, peer in found))
        works = dict.fromkeys(work for work, _ in found)
        rows = [[work, *[found.get((work, peer), "") for peer in peers]] for work in works]
        yield f"**{encoding}, {output}, {PHASES.get(phase, phase)}**\n"
        yield table(["text", *peers], rows)


def _single(results: dict[str, Any], section: str, scale: float, unit: str) -> Iterator[str]:
    """One table: a row for each cell and phase, in a unit of time."""
    rows: dict[tuple[str, ...], dict[str, str]] = {}
    peers: dict[str, None] = {}
    for cell in results["cells"]:
        if cell["section"] != section:
            continue
        key = (cell["encoding"], cell["work"], cell["output"], cell["phase"])
        values = [value * scale for value in cell["values"]]
        middle, low, high = statistics.median(values), min(values), max(values)
        text = f"{number(middle)} ({number(low)} to {number(high)})"
        rows.setdefault(key, {})[cell["peer"]] = text
        peers[cell["peer"]] = None
    if rows:
        yield table(
            [f"{unit}", "work", "output", "", *peers],
            [[*key, *[found.get(peer, "") for peer in peers]] for key, found in rows.items()],
        )


def _scaling(results: dict[str, Any]) -> Iterator[str]:
    found = Results(results)
    rows = []
    for section, encoding, work, output, phase, peer in found.cells:
        if section == "threads" and phase == "one":
            where = (section, encoding, work, output)
            one, two = found.get(*where, "one", peer), found.get(*where, "two", peer)
            median, low, high = targets.ratio(two, one)
            rows.append([encoding, work, output, peer, f"{median:.2f} ({low:.2f} to {high:.2f})"])
    if rows:
        yield table(["encoding", "shape", "output", "tokenizer", "times one thread"], rows)


def _load(results: dict[str, Any]) -> Iterator[str]:
    found = Results(results)
    rows = []
    for section, encoding, work, output, phase, peer in found.cells:
        if section == "load" and work == "process" and phase == "process":
            row = [encoding, peer]
            for moment in ("ready", "process"):
                bare = found.get("load", "", "bare", "", moment, "python")
                values = found.get(section, encoding, work, output, moment, peer)
                over = [value * 1e3 for value in targets.over_bare(values, bare)]
                row.append(f"{statistics.median(over):.1f} ({min(over):.1f} to {max(over):.1f})")
            rows.append(row)
    if rows:
        yield table(["encoding", "tokenizer", "first ids, ms", "whole process, ms"], rows)


def _memory(results: dict[str, Any]) -> Iterator[str]:
    found = Results(results)
    rows = []
    for section, encoding, work, output, phase, peer in found.cells:
        if section == "memory" and work == "process" and phase == "loaded":
            row = [encoding, peer]
            for moment in ("loaded", "text"):
                bare = found.get("memory", "", "bare", "", moment, "python")
                values = found.get(section, encoding, work, output, moment, peer)
                over = (statistics.median(values) - statistics.median(bare)) / targets.MEGABYTE
                row.append(f"{over:.1f}")
            one = found.get("memory", encoding, "1 callers", "", "peak", peer)
            more = found.get("memory", encoding, "5 callers", "", "peak", peer)
            each = ""
            if one and more:
                step = (statistics.median(more) - statistics.median(one)) / 4
                each = f"{step / targets.MEGABYTE:.1f}"
            rows.append([*row, each])
    if rows:
        head = ["encoding", "tokenizer", "after load", "after 1 MB of prose", "each further caller"]
        yield "Peak in MB (10^6) over a bare Python that holds the same text.\n"
        yield table(head, rows)


def markdown(results: dict[str, Any]) -> str:
    """Everything: the targets first, then the tables by section."""
    machine, run = results["machine"], results["run"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    texts = ", ".join(f"{name} ({size / 1e6:.1f} MB)" for name, size in run["texts"].items())
    where = f"{machine['processor']}, {machine['cores']} cores, {machine['system']}"
    core = f"{machine['core']} core of bpe, " if "core" in machine else ""
    rounds = " to ".join(
        map(str, sorted({min(run["rounds"].values()), max(run["rounds"].values())}))
    )
    how = f"{rounds} rounds, medians with the range over rounds"
    if run.get("clock") == "cpu":
        how += ", time on the core, of two threads the wall's"
    parts = [
        f"# Results of {machine['date'][:10]}\n",
        f"{where}; {machine['python']}; {core}commit {machine['commit']}. {how}. {versions}.\n",
        f"Texts: {texts}.\n",
    ]
    reached = target_table(results)
    if reached:
        parts += ["## Targets\n", f"Ratios of {run['subject']} to the peer.\n", reached]
    if results["excluded"]:
        rows = [[str(value) for value in row] for row in results["excluded"]]
        parts += ["## Not timed, because ids differ or the call fails\n"]
        parts.append(table(["tokenizer", "encoding", "text", "first difference"], rows))
    if results["failures"]:
        rows = [
            [", ".join(part for part in row[:-1] if part), row[-1]] for row in results["failures"]
        ]
        parts += ["## Failed while timed\n", table(["cell", "reason"], rows)]
    for section, title in THROUGHPUT.items():
        tables = list(throughput(results, section))
        if tables:
            parts += [f"## {title}\n", *tables]
    for title, found in (
        ("encode beside encode_ordinary, ms", _single(results, "encode_default", 1e3, "encoding")),
        ("Short calls, microseconds", _single(results, "short", 1e6, "encoding")),
        ("Batches, two threads, ms", _single(results, "batch", 1e3, "encoding")),
        ("Import, load, first encode, over a bare Python", _load(results)),
        ("Memory", _memory(results)),
        ("Two threads on two cores", _scaling(results)),
    ):
        made = list(found)
        if made:
            parts += [f"## {title}\n", *made]
    return "\n".join(parts)


def summary(results: dict[str, Any]) -> str:
    """For the terminal: the targets, or without a subject the tables of throughput."""
    reached = target_table(results)
    # A run over a few cells is read for its figures, a whole run for its targets.
    if reached and len(results["cells"]) > 400:
        return reached
    return markdown(results)


if __name__ == "__main__":
    print(markdown(json.loads(Path(sys.argv[1]).read_text())))

"""How far estimates of token counts are off: python bench/accuracy.py --help.

Texts are cut into pieces, and each piece is counted by every vocabulary that can be had and by
every estimator.  The relative error is (estimate - truth) / truth.  Written are a Markdown table by
vocabulary and by kind of text, and, with --write, the 95th percentiles that bpe/context/accuracy.py
holds.  Counts of the bundled vocabularies are compared first with the engines that define them.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import os
import random
import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

import machine
import published
import workloads
from peers import PEERS, REFERENCES

import bpe
from bpe.context.estimate import Calibrated
from bpe.context.kinds import KINDS, kind_of

BENCH = Path(__file__).parent
TABLE = BENCH.parent / "bpe" / "context" / "accuracy.py"

# Encodings whose counts are the same, or as good as, stand for each other.
BUNDLED = ["cl100k_base", "o200k_base", "deepseek_v3", "p50k_base", "gpt2"]
# Models of today are counted with these; the others are measured as estimators only.
CURRENT = BUNDLED[:3]
CHARACTERS = {"chars/3": 3, "chars/4": 4}
# Corpora whose kind is known from what they are; a piece of another one is looked at.
KIND_OF_TEXT = {
    "prose": "prose",
    "techdocs": "prose",
    "python": "code",
    "json": "json",
    "chinese": "cjk",
    "japanese": "cjk",
    "korean": "cjk",
    "russian": "other",
}
# Where the files of vocabularies that are not bundled are published.
ORIGINS = {
    "llama3": "models/llama3/tokenizer.model of meta-llama/llama-models (Llama 3 to 3.3)",
    "llama4": "models/llama4/tokenizer.model of meta-llama/llama-models",
    "qwen": "qwen.tiktoken of Qwen, whose ranks Qwen 1 to 3 share",
    "mistral-v3": "mistral_instruct_tokenizer_240323.model.v3 of mistralai/mistral-common",
    "grok-1": "tokenizer.model of xai-org/grok-1",
}
# Pieces of a conversation.
TURNS = 40
CELLS = (
    "Cells: 95th percentile of the absolute relative error, |estimate - truth| / truth; lowest and "
    "highest: the extremes, below 0 where too few tokens are counted. `all` has as many pieces of "
    "each kind, `any` as many of each vocabulary. Calibrated: the texts that it did not encode."
)
Count = Callable[[str], int]


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Measure how far estimates of token counts are off.",
        epilog="--also llama3=cl100k_base:tokenizer.model reads a rank file, whose pattern is that "
        "of a bundled encoding, or qwen's; --also mistral=FILE a tokenizer.json or, with the "
        "package sentencepiece, a SentencePiece model.",
    )
    add = parser.add_argument
    add("--corpus", type=Path, help="folder of *.txt or *.txt.xz; else the standard library")
    add("--also", action="append", default=[], metavar="NAME=[PATTERN:]FILE", help="see below")
    add("--characters", type=int, default=2_000, help="of a piece; default 2,000")
    add("--pieces", type=int, default=400, help="of each kind of text; default 400")
    add("--out", type=Path, default=BENCH / "ACCURACY.md", help="default bench/ACCURACY.md")
    add("--write", action="store_true", help="also write the table of bpe/context/accuracy.py")
    return parser.parse_args(argv)


# ---- texts and counts


def cut(texts: dict[str, str], characters: int, pieces: int) -> dict[str, list[str]]:
    """Pieces of texts by kind, spread evenly over the texts; as many of each text of a kind."""
    found: dict[str, list[list[str]]] = {}
    for name, text in texts.items():
        parts = [text[start : start + characters] for start in range(0, len(text), characters)]
        parts = [part for part in parts if len(part) == characters and part.strip()]
        if parts:
            kind = KIND_OF_TEXT.get(name)
            by_kind: dict[str, list[str]] = {}
            for part in parts:
                by_kind.setdefault(kind or kind_of(part), []).append(part)
            for kind, some in by_kind.items():
                found.setdefault(kind, []).append(some)
    result: dict[str, list[str]] = {}
    for kind in KINDS:
        lists = found.get(kind)
        if lists:
            share = -(-pieces // len(lists))
            result[kind] = [part for some in lists for part in spread(some, share)]
    return result


def spread(parts: list[str], number: int) -> list[str]:
    if len(parts) <= number:
        return parts
    return [parts[len(parts) * index // number] for index in range(number)]


def vocabularies(also: Iterable[str]) -> dict[str, Count]:
    """Counts by name: the bundled vocabularies, and those of files."""
    counts: dict[str, Count] = {name: bpe.load(name).count for name in BUNDLED}
    for word in also:
        name, _, where = word.partition("=")
        counts[name] = from_file(where)
    return counts


def from_file(where: str) -> Count:
    pattern, colon, path = where.partition(":")
    if colon:
        regex = bpe.load("cl100k_base" if pattern == "qwen" else pattern).pattern
        if pattern == "qwen":
            # As cl100k_base's, but each digit is a piece of its own.
            regex = str(regex).replace(r"\p{N}{1,3}", r"\p{N}")
            assert regex != bpe.load("cl100k_base").pattern
        return bpe.load(rank_file(Path(path)), pattern=regex).count
    if where.endswith(".json"):
        return bpe.load(where).count
    sentencepiece: Any = import_module("sentencepiece")
    model = sentencepiece.SentencePieceProcessor(model_file=where)
    return lambda text: len(model.encode(text))


def sources(also: Iterable[str]) -> list[str]:
    """Which files the other vocabularies are, for the notes."""
    lines = []
    for word in also:
        name, _, where = word.partition("=")
        path = Path(where.rpartition(":")[2])
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        lines.append(f"- {name}: {ORIGINS.get(name, 'a file')}, sha256 {digest}...")
    return [*lines, ""] if lines else []


def rank_file(path: Path) -> Path:
    """Rank files are known by their ending."""
    if path.suffix == ".tiktoken":
        return path
    copy = BENCH / ".cache" / f"{path.parent.name}-{path.name}.tiktoken"
    copy.parent.mkdir(exist_ok=True)
    copy.write_bytes(path.read_bytes())
    return copy


def compare_with_reference(pieces: dict[str, list[str]]) -> str:
    """Which of the bundled counts are those of the engines that define them, on every piece."""
    files = published.prepare(BENCH / ".cache" / "published", None, BENCH.parent)
    os.environ["TIKTOKEN_CACHE_DIR"] = str(files / "tiktoken-cache")
    same, absent = [], []
    for name in CURRENT:
        try:
            reference = PEERS[REFERENCES[name]](name, str(files)).entries["list"]
        except ImportError:
            absent.append(f"{name} not compared: {REFERENCES[name]} is not installed")
            continue
        for kind, parts in pieces.items():
            for part in parts:
                if bpe.load(name).count(part) != len(reference(part)):
                    raise SystemExit(f"{name} differs from {REFERENCES[name]} on a piece of {kind}")
        same.append(f"{name} = {REFERENCES[name]}")
    return "; ".join([*same, *absent])


# ---- errors


class Watched:
    """A Counter that remembers whether it was asked."""

    exact = True
    error = 0.0

    def __init__(self, count: Count) -> None:
        self._count = count
        self.asked = False

    def count(self, text: str) -> int:
        self.asked = True
        return self._count(text)


def calibrated_errors(count: Count, pieces: dict[str, list[str]]) -> dict[str, list[float]]:
    """Errors of Calibrated over all pieces in a mixed order, without those it had encoded."""
    counter = Watched(count)
    estimator = Calibrated("gpt-4o", counter=counter)
    order = [(kind, part) for kind, parts in pieces.items() for part in parts]
    random.Random(7).shuffle(order)
    errors: dict[str, list[float]] = {kind: [] for kind in pieces}
    for kind, part in order:
        counter.asked = False
        estimate = estimator.count(part)
        if not counter.asked:
            errors[kind].append(relative(estimate, count(part)))
    return errors


def relative(estimate: int, truth: int) -> float:
    return (estimate - truth) / max(truth, 1)


Errors = dict[str, dict[str, dict[str, list[float]]]]  # estimator, truth, kind


def measure(pieces: dict[str, list[str]], counts: dict[str, Count]) -> Errors:
    tokens = {
        name: {kind: [count(part) for part in parts] for kind, parts in pieces.items()}
        for name, count in counts.items()
    }
    truths = [name for name in counts if name in CURRENT or name not in BUNDLED]
    errors: Errors = {}
    for name, divisor in CHARACTERS.items():
        estimates = {
            kind: [-(-len(part) // divisor) for part in parts] for kind, parts in pieces.items()
        }
        errors[name] = {truth: errors_of(estimates, tokens[truth]) for truth in truths}
    for name in BUNDLED:
        errors[name] = {
            truth: errors_of(tokens[name], tokens[truth]) for truth in truths if truth != name
        }
    errors["Calibrated"] = {truth: calibrated_errors(counts[truth], pieces) for truth in truths}
    errors["Exact"] = {truth: errors_of(tokens[truth], tokens[truth]) for truth in truths}
    return errors


def errors_of(
    estimates: dict[str, list[int]], truths: dict[str, list[int]]
) -> dict[str, list[float]]:
    return {kind: [*map(relative, estimates[kind], truths[kind])] for kind in truths}


def percentile(errors: Iterable[float], share: float = 0.95) -> float:
    """The smallest absolute error that `share` of them do not exceed."""
    ordered = sorted(map(abs, errors))
    return ordered[max(0, -(-int(len(ordered) * share * 1000) // 1000) - 1)] if ordered else 0.0


def overall(by_truth: dict[str, dict[str, list[float]]]) -> list[float]:
    """All errors, every vocabulary and kind with the same number of pieces."""
    return [error for kinds in by_truth.values() for some in kinds.values() for error in some]


# ---- whole conversations


def conversations(texts: dict[str, str], characters: int) -> dict[str, list[list[str]]]:
    """By kind, ten runs of consecutive pieces of each text: each is one conversation."""
    found: dict[str, list[list[str]]] = {}
    length = characters * TURNS
    for name, text in texts.items():
        starts = range(0, len(text) - length, max(length, len(text) // 10))
        for start in starts:
            part = text[start : start + length]
            pieces = [part[at : at + characters] for at in range(0, length, characters)]
            found.setdefault(KIND_OF_TEXT.get(name) or kind_of(part), []).append(pieces)
    return found


def sums(
    runs: dict[str, list[list[str]]], counts: dict[str, Count]
) -> dict[str, dict[str, list[float]]]:
    """Estimator -> kind -> errors of the sum over a conversation, for each other vocabulary."""
    truths = [name for name in counts if name in CURRENT or name not in BUNDLED]
    errors: dict[str, dict[str, list[float]]] = {}
    for kind, some in runs.items():
        for pieces in some:
            totals = {name: sum(map(count, pieces)) for name, count in counts.items()}
            for truth in truths:
                estimates = {name: totals[name] for name in CURRENT if name != truth}
                for name, divisor in CHARACTERS.items():
                    estimates[name] = sum(-(-len(piece) // divisor) for piece in pieces)
                fresh = Calibrated("gpt-4o", counter=Watched(counts[truth]))
                estimates["Calibrated"] = sum(map(fresh.count, pieces))
                for name, estimate in estimates.items():
                    by_kind = errors.setdefault(name, {})
                    by_kind.setdefault(kind, []).append(relative(estimate, totals[truth]))
    return errors


# ---- what is written


def markdown(errors: Errors, pieces: dict[str, list[str]], notes: list[str]) -> str:
    lines = ["# How far estimates are off", "", *notes, ""]
    kinds = list(pieces)
    heads = ["tokens of", *kinds, "all", "lowest", "highest"]
    for estimator, by_truth in errors.items():
        lines += [f"## {estimator}", "", "| " + " | ".join(heads) + " |"]
        lines.append("| --- |" + " ---: |" * (len(heads) - 1))
        for truth, by_kind in by_truth.items():
            every = overall({truth: by_kind})
            cells = [truth, *(f"{percentile(by_kind[kind]):.1%}" for kind in kinds)]
            cells += [f"{percentile(every):.1%}", f"{min(every):+.0%}", f"{max(every):+.0%}"]
            lines.append("| " + " | ".join(cells) + " |")
        if len(by_truth) > 1:
            mixed = {kind: [e for some in by_truth.values() for e in some[kind]] for kind in kinds}
            cells = ["**any**", *(f"{percentile(mixed[kind]):.1%}" for kind in kinds)]
            every = overall(by_truth)
            cells += [f"{percentile(every):.1%}", f"{min(every):+.0%}", f"{max(every):+.0%}"]
            lines.append("| " + " | ".join(cells) + " |")
        lines.append("")
    return "\n".join(lines)


def conversation_table(
    errors: dict[str, dict[str, list[float]]], kinds: list[str], characters: int
) -> str:
    lines = [
        f"## Sums over a conversation of {TURNS} pieces ({TURNS * characters:,} characters)",
        "",
        "Of one text each, over all vocabularies; with a Calibrated for each, what it encoded too.",
        "",
        "| estimator | " + " | ".join([*kinds, "all", "lowest", "highest"]) + " |",
        "| --- |" + " ---: |" * (len(kinds) + 3),
    ]
    for name in [*CHARACTERS, *CURRENT, "Calibrated"]:
        every = [error for some in errors[name].values() for error in some]
        cells = [name, *(f"{percentile(errors[name].get(kind, [])):.1%}" for kind in kinds)]
        cells += [f"{percentile(every):.1%}", f"{min(every):+.0%}", f"{max(every):+.0%}"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, ""])


def rows(errors: Errors, kinds: list[str]) -> str:
    """The table of bpe/context/accuracy.py: 95th percentiles over all vocabularies, by kind."""
    lines = []
    for estimator in [*CHARACTERS, *BUNDLED, "Calibrated"]:
        by_truth = errors[estimator]
        cells = []
        for kind in KINDS:
            some = [error for by_kind in by_truth.values() for error in by_kind.get(kind, [])]
            cells.append(f"{percentile(some):.3f}" if kind in kinds else "None")
        cells.append(f"{percentile(overall(by_truth)):.3f}")
        lines.append(f'    "{estimator}": ({", ".join(cells)}),')
    return "\n".join(lines) + "\n"


def write_table(path: Path, text: str, date: str) -> None:
    begin, end = "# fmt: off\n", "# fmt: on\n"
    source = path.read_text(encoding="utf-8")
    head, _, rest = source.partition(begin)
    _, _, tail = rest.partition(end)
    if not tail:
        raise SystemExit(f"{path} holds no table between fmt: off and fmt: on")
    table = f'MEASURED = "{date}"\nPERCENTILES: dict[str, tuple[float, ...]] = {{\n{text}}}\n'
    path.write_text(head + begin + table + end + tail, encoding="utf-8")


def main(argv: list[str] | None = None) -> None:
    options = arguments(argv)
    texts = workloads.corpus(options.corpus, 40_000_000)
    pieces = cut(texts, options.characters, options.pieces)
    counts = vocabularies(options.also)
    reference = compare_with_reference(pieces)
    errors = measure(pieces, counts)
    date = datetime.datetime.now(datetime.UTC).date().isoformat()
    numbers = ", ".join(f"{len(parts)} of {kind}" for kind, parts in pieces.items())
    described: dict[str, Any] = machine.describe(BENCH.parent, ["bpe"])
    command = "python bench/accuracy.py --corpus DIR" + "".join(
        f" --also {word.partition('=')[0]}=..." for word in options.also
    )
    python = sys.version.split()[0]
    notes = [
        f"`{command}`, {date}, bpe {bpe.__version__}, {described['processor']}, Python {python}.",
        "",
        f"Pieces of {options.characters:,} characters: {numbers}, from {', '.join(texts)}.",
        f"Ids compared: {reference}.",
        "",
        *sources(options.also),
        CELLS,
    ]
    runs = conversations(texts, options.characters)
    text = markdown(errors, pieces, notes)
    if runs:
        totals = sums(runs, counts)
        text += "\n" + conversation_table(totals, list(pieces), options.characters)
    options.out.write_text(text, encoding="utf-8")
    if options.write:
        write_table(TABLE, rows(errors, list(pieces)), date)
    print(options.out.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()

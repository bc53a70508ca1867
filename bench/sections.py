"""The sections: which cells there are, as jobs that the driver runs round by round."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import workloads
from peers import PEERS

ONE_MEGABYTE = 1_000_000
CALLERS = 5


@dataclass
class Job:
    """One process of one round.  `spec` is what it is told; its items are the cells it measures.

    Where the first sight of a text is measured, a process has one item.  Where only later passes
    count, one process measures many, which spares it loading the tokenizer again and again.
    """

    section: str
    encoding: str
    peer: str
    spec: dict[str, Any]
    items: list[dict[str, Any]]
    kind: str = "worker"

    @property
    def group(self) -> tuple[str, ...]:
        """Jobs of one group stand side by side: the same work for different tokenizers."""
        first = self.items[0]
        alone = len(self.items) == 1
        return (self.section, self.encoding, *((first["work"], first["output"]) if alone else ()))


@dataclass
class Plan:
    """What this run measures, and where things are."""

    encodings: list[str]
    peers: list[str]
    published: str
    store: workloads.Store
    texts: dict[str, str]
    warm_up: Path
    references: Path
    budget: float
    clock: str
    # (peer, encoding, work) that differ or fail: they are not timed.
    excluded: dict[tuple[str, str, str], str] = field(default_factory=dict)
    # (peer, encoding) -> outputs that it offers.
    outputs: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def reference(self, encoding: str, text: Path) -> str:
        return str(self.references / f"{encoding}-{text.stem}.u32")

    def offers(self, peer: str, encoding: str, output: str, work: str) -> bool:
        return (
            output in self.outputs.get((peer, encoding), [])
            and (peer, encoding, work) not in self.excluded
            and (peer, encoding, "") not in self.excluded
        )

    def item(
        self, encoding: str, work: str, output: str, path: Path, **more: Any
    ) -> dict[str, Any]:
        return {
            "work": work,
            "output": output,
            "text": str(path),
            "size": path.stat().st_size,
            "reference": self.reference(encoding, path),
            **more,
        }

    def job(
        self, section: str, encoding: str, peer: str, items: list[dict[str, Any]], **more: Any
    ) -> Job:
        spec = {
            "peer": peer,
            "encoding": encoding,
            "published": self.published,
            "warm_up": str(self.warm_up),
            "budget": self.budget,
            "clock": self.clock,
            "items": items,
            **more,
        }
        return Job(section, encoding, peer, spec, items)


def works(plan: Plan, section: str) -> dict[str, str]:
    """The texts of a section by name: what has to be compared before it is timed."""
    if section == "pathological":
        return workloads.pathological()
    if section == "words":
        return workloads.random_words()
    if section in ("load", "memory", "short", "batch", "threads"):
        name = workloads.main_text(plan.texts)
        return {name: plan.texts[name]}
    return plan.texts


def _encode(section: str, plan: Plan, outputs: tuple[str, ...]) -> Iterator[Job]:
    paths = {work: plan.store.put(text) for work, text in works(plan, section).items()}
    for encoding, (work, path), output, peer in product(
        plan.encodings, paths.items(), outputs, plan.peers
    ):
        if plan.offers(peer, encoding, output, work):
            item = plan.item(encoding, work, output, path)
            yield plan.job(section, encoding, peer, [item], task="encode")


def _default(plan: Plan) -> Iterator[Job]:
    paths = {work: plan.store.put(text) for work, text in plan.texts.items()}
    for encoding, peer in product(plan.encodings, plan.peers):
        items = [
            plan.item(encoding, work, output, path, **more)
            for work, path in paths.items()
            if plan.offers(peer, encoding, "ordinary", work)
            for output, more in {"list": {}, workloads.SNIPPETS: {"size": 100_000}}.items()
        ]
        if items:
            yield plan.job("encode_default", encoding, peer, items, task="default_policy")


def _short(plan: Plan) -> Iterator[Job]:
    ((work, text),) = works(plan, "short").items()
    path = plan.store.put(text)
    for encoding, peer in product(plan.encodings, plan.peers):
        items = [
            plan.item(encoding, f"{length} characters", output, path, length=length)
            for output, length in product(("list", "count"), (10, 100))
            if plan.offers(peer, encoding, output, work)
        ]
        if plan.offers(peer, encoding, "count", work):
            items.append(plan.item(encoding, "10,000 tokens", "count", path, tokens=10_000))
        if items:
            yield plan.job("short", encoding, peer, items, task="short")


def _decode(plan: Plan) -> Iterator[Job]:
    paths = {work: plan.store.put(text) for work, text in plan.texts.items()}
    for encoding, peer in product(plan.encodings, plan.peers):
        items = [
            plan.item(encoding, work, output, path)
            for (work, path), output in product(paths.items(), ("str", "bytes"))
            if plan.offers(peer, encoding, output, work)
        ]
        if items:
            yield plan.job("decode", encoding, peer, items, task="decode")


def _batch(plan: Plan) -> Iterator[Job]:
    ((work, text),) = works(plan, "batch").items()
    path = plan.store.put(text)
    for encoding, output, peer in product(plan.encodings, ("batch", "counts", "flat"), plan.peers):
        if plan.offers(peer, encoding, output, work):
            item = plan.item(encoding, f"10,000 documents of {work}", output, path)
            yield plan.job("batch", encoding, peer, [item], task="batch", threads=2, number=10_000)


def _threads(plan: Plan) -> Iterator[Job]:
    ((work, text),) = works(plan, "threads").items()
    path = plan.store.put(text)
    shapes = {"one batch": ("batch", "counts", "flat"), "two callers": ("list", "array", "count")}
    for encoding in plan.encodings:
        ceiling = plan.item(encoding, "two callers", workloads.CEILING, path)
        yield plan.job("threads", encoding, workloads.HASHING, [ceiling], task="scaling", threads=2)
    for encoding, peer in product(plan.encodings, plan.peers):
        items = [
            plan.item(encoding, shape, output, path)
            for shape, outputs in shapes.items()
            for output in outputs
            if plan.offers(peer, encoding, output, work)
        ]
        if items:
            yield plan.job("threads", encoding, peer, items, task="scaling", threads=2)


def _outside(plan: Plan, section: str) -> Iterator[Job]:
    ((work, text),) = works(plan, section).items()
    # Each of a megabyte, if the text has one: where it has no five, they overlap.
    step = max(0, len(text) - ONE_MEGABYTE) // (CALLERS - 1)
    pieces = [text[i * step :][:ONE_MEGABYTE] for i in range(CALLERS)]
    paths = [str(plan.store.put(piece)) for piece in pieces]

    def job(encoding: str, peer: str, name: str, snippet: str | None, kind: str) -> Job:
        item = {"work": name, "output": "", "size": 0}
        return Job(section, encoding, peer, {"snippet": snippet, "texts": paths}, [item], kind)

    yield job("", "python", "bare", None, section)
    for encoding, peer in product(plan.encodings, plan.peers):
        if peer == "gigatoken-tolist" or not plan.offers(peer, encoding, "list", work):
            continue
        snippet = PEERS[peer].snippet(encoding, plan.published)
        yield job(encoding, peer, "process", snippet, section)
        if section == "memory":
            for number in (1, CALLERS):
                yield job(encoding, peer, f"{number} callers", snippet, "callers")


SECTIONS: dict[str, Callable[[Plan], Iterator[Job]]] = {
    "array": lambda plan: _encode("array", plan, ("array",)),
    "list": lambda plan: _encode("list", plan, ("list",)),
    "count": lambda plan: _encode("count", plan, ("count",)),
    "encode_default": _default,
    "short": _short,
    "decode": _decode,
    "batch": _batch,
    "load": lambda plan: _outside(plan, "load"),
    "memory": lambda plan: _outside(plan, "memory"),
    "pathological": lambda plan: _encode("pathological", plan, ("list", "array", "count")),
    "words": lambda plan: _encode("words", plan, ("list", "array", "count")),
    "threads": _threads,
}
# What each section uses of a peer, to be compared before it is timed.
USES: dict[str, tuple[str, ...]] = {
    "array": ("array",),
    "list": ("list",),
    "count": ("count",),
    "encode_default": ("list", "ordinary"),
    "short": ("list", "count"),
    "decode": ("str", "bytes"),
    "batch": ("list",),
    "load": ("list",),
    "memory": ("list",),
    "pathological": ("list", "array", "count"),
    "words": ("list", "array", "count"),
    "threads": ("list", "array", "count"),
}

"""The sections: which cells there are, as jobs that the driver runs round by round."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import workloads
from peers import PEERS

ONE_MEGABYTE = 1_000_000
CALLERS = 5


@dataclass(frozen=True)
class Job:
    """One process of one round; `spec` is the worker's, or the outside measurement's."""

    section: str
    encoding: str
    work: str
    output: str
    peer: str
    spec: dict[str, Any]
    kind: str = "worker"
    size: int = 0


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

    def job(
        self, section: str, encoding: str, work: str, output: str, peer: str, **spec: Any
    ) -> Job:
        path: Path = spec.pop("path")
        spec = {
            "peer": peer,
            "encoding": encoding,
            "published": self.published,
            "output": output,
            "text": str(path),
            "warm_up": str(self.warm_up),
            "reference": self.reference(encoding, path),
            "budget": self.budget,
            **spec,
        }
        return Job(section, encoding, work, output, peer, spec, size=path.stat().st_size)


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
    for work, text in works(plan, section).items():
        path = plan.store.put(text)
        for encoding in plan.encodings:
            for output in outputs:
                for peer in plan.peers:
                    if plan.offers(peer, encoding, output, work):
                        yield plan.job(
                            section, encoding, work, output, peer, path=path, task="encode"
                        )


def _default(plan: Plan) -> Iterator[Job]:
    for work, text in works(plan, "encode_default").items():
        path = plan.store.put(text)
        for encoding in plan.encodings:
            for peer in plan.peers:
                if plan.offers(peer, encoding, "ordinary", work):
                    yield plan.job(
                        "encode_default",
                        encoding,
                        work,
                        "list",
                        peer,
                        path=path,
                        task="default_policy",
                    )


def _short(plan: Plan) -> Iterator[Job]:
    ((work, text),) = works(plan, "short").items()
    path = plan.store.put(text)
    for encoding in plan.encodings:
        for output in ("list", "count"):
            for length in (10, 100):
                for peer in plan.peers:
                    if plan.offers(peer, encoding, output, work):
                        yield plan.job(
                            "short",
                            encoding,
                            f"{length} characters",
                            output,
                            peer,
                            path=path,
                            task="short",
                            length=length,
                        )
        for peer in plan.peers:
            if plan.offers(peer, encoding, "count", work):
                yield plan.job(
                    "short",
                    encoding,
                    "10,000 tokens",
                    "count",
                    peer,
                    path=path,
                    task="prose",
                    tokens=10_000,
                )


def _decode(plan: Plan) -> Iterator[Job]:
    for work, text in works(plan, "decode").items():
        path = plan.store.put(text)
        for encoding in plan.encodings:
            for output in ("str", "bytes"):
                for peer in plan.peers:
                    if plan.offers(peer, encoding, output, work):
                        yield plan.job(
                            "decode", encoding, work, output, peer, path=path, task="decode"
                        )


def _batch(plan: Plan) -> Iterator[Job]:
    ((work, text),) = works(plan, "batch").items()
    path = plan.store.put(text)
    for encoding in plan.encodings:
        for output in ("batch", "counts", "flat"):
            for peer in plan.peers:
                if plan.offers(peer, encoding, output, work):
                    yield plan.job(
                        "batch",
                        encoding,
                        f"10,000 documents of {work}",
                        output,
                        peer,
                        path=path,
                        task="batch",
                        threads=2,
                        number=10_000,
                    )


def _threads(plan: Plan) -> Iterator[Job]:
    ((work, text),) = works(plan, "threads").items()
    path = plan.store.put(text)
    shapes = {
        "one batch": ("batch", "counts", "flat"),
        "two callers": ("list", "array", "count"),
    }
    for encoding in plan.encodings:
        for shape, outputs in shapes.items():
            for output in outputs:
                for peer in plan.peers:
                    if plan.offers(peer, encoding, output, work):
                        yield plan.job(
                            "threads",
                            encoding,
                            shape,
                            output,
                            peer,
                            path=path,
                            task="scaling",
                            threads=2,
                            number=40_000,
                            passes=3 if plan.budget < 0.5 else 7,
                            repeat=1 if peer in ("tokenizers", "kitoken") else 5,
                        )


def _outside(plan: Plan, section: str) -> Iterator[Job]:
    ((work, text),) = works(plan, section).items()
    pieces = [text[i * ONE_MEGABYTE :][:ONE_MEGABYTE] or text for i in range(CALLERS)]
    paths = [str(plan.store.put(piece)) for piece in pieces]
    bare = {"snippet": None, "texts": paths}
    yield Job(section, "", "bare", "", "python", bare, section)
    for encoding in plan.encodings:
        for peer in plan.peers:
            if peer == "gigatoken-tolist" or not plan.offers(peer, encoding, "list", work):
                continue
            snippet = PEERS[peer].snippet(encoding, plan.published)
            spec = {"snippet": snippet, "texts": paths}
            yield Job(section, encoding, "process", "", peer, spec, section)
            if section == "memory":
                for number in (1, CALLERS):
                    yield Job(
                        section,
                        encoding,
                        f"{number} callers",
                        "",
                        peer,
                        {**spec, "number": number},
                        "callers",
                    )


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

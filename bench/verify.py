"""Before anything is timed: do the peers give the same ids?"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import workloads
from peers import PEERS, REFERENCES
from processes import Failure, Runner
from sections import USES, Plan, works

# Loads a peer in a process of its own and tells what it can do.
PROBE = (
    "import sys, json; sys.path.insert(0, {bench!r}); from peers import PEERS; "
    "print(json.dumps(list(PEERS[{peer!r}]({encoding!r}, {published!r}).entries)))"
)


class Verifier:
    """Fills in a plan's `outputs` and `excluded`."""

    def __init__(self, plan: Plan, runner: Runner, remember: Path | None) -> None:
        self.plan = plan
        self.runner = runner
        # With `remember`, a comparison of the same version on the same text is not repeated.
        self.remember = remember
        self.known: dict[str, str | None] = {}
        if remember and remember.exists():
            self.known = json.loads(remember.read_text())

    def run(self, sections: list[str], versions: dict[str, str]) -> None:
        for encoding in self.plan.encodings:
            reference = REFERENCES[encoding]
            self._references(encoding, reference, sections)
            for peer in self.plan.peers:
                if encoding not in PEERS[peer].files or not self._probe(peer, encoding):
                    continue
                self._compare(peer, encoding, sections, versions.get(peer, ""))
        if self.remember:
            self.remember.write_text(json.dumps(self.known, indent=1))

    def _probe(self, peer: str, encoding: str) -> bool:
        from processes import BENCH

        code = PROBE.format(
            bench=str(BENCH), peer=peer, encoding=encoding, published=self.plan.published
        )
        try:
            output = self.runner.source(code, 120)
        except Failure as failure:
            self._exclude(peer, encoding, "", f"does not load: {failure.args[0]}")
            return False
        self.plan.outputs[peer, encoding] = json.loads(output.splitlines()[-1])
        return True

    def _exclude(self, peer: str, encoding: str, work: str, reason: str) -> None:
        self.plan.excluded[peer, encoding, work] = reason
        print(f"  excluded: {peer}, {encoding}, {work or 'all'}: {reason}", file=sys.stderr)

    def _items(self, encoding: str, sections: list[str]) -> dict[str, dict[str, Any]]:
        """Work -> what a worker needs to compare it, for all sections together."""
        items: dict[str, dict[str, Any]] = {}
        for section in sections:
            for work, text in works(self.plan, section).items():
                path = self.plan.store.put(text)
                item = items.setdefault(
                    work,
                    {
                        "name": work,
                        "text": str(path),
                        "reference": self.plan.reference(encoding, path),
                        "outputs": set(),
                    },
                )
                item["outputs"].update(USES[section])
        return items

    def _references(self, encoding: str, peer: str, sections: list[str]) -> None:
        missing = [
            item
            for item in self._items(encoding, sections).values()
            if not Path(item["reference"]).exists()
        ]
        for item in missing:
            print(f"  reference ids: {encoding}, {item['name']}", file=sys.stderr)
            self.runner.worker(self._spec(peer, encoding, [item], []), 600)

    def _spec(
        self, peer: str, encoding: str, items: list[dict[str, Any]], outputs: list[str]
    ) -> dict[str, Any]:
        return {
            "task": "verify",
            "peer": peer,
            "encoding": encoding,
            "published": self.plan.published,
            "outputs": outputs,
            "texts": [{key: item[key] for key in ("name", "text", "reference")} for item in items],
        }

    def _compare(self, peer: str, encoding: str, sections: list[str], version: str) -> None:
        groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        traps = workloads.pathological().keys()
        for item in self._items(encoding, sections).values():
            key = self._key(peer, encoding, item, version)
            if key in self.known:
                if self.known[key] is not None:
                    self._exclude(peer, encoding, item["name"], self.known[key] or "")
                continue
            group = tuple(sorted(item["outputs"]))
            # A trap may end the process: one process each.
            groups.setdefault(
                (*group, item["name"]) if item["name"] in traps else group, []
            ).append(item)
        for items in groups.values():
            self._group(peer, encoding, items, version)
        if "batch" in sections or "threads" in sections:
            self._batch(peer, encoding)

    def _key(self, peer: str, encoding: str, item: dict[str, Any], version: str) -> str:
        if peer == "bpe":
            return ""  # the code at hand changes without its version
        return "|".join(
            (peer, version, encoding, Path(item["text"]).stem, ",".join(sorted(item["outputs"])))
        )

    def _group(self, peer: str, encoding: str, items: list[dict[str, Any]], version: str) -> None:
        left = list(items)
        while left:
            spec = self._spec(peer, encoding, left, sorted(left[0]["outputs"]))
            reason = ""
            try:
                results = self.runner.worker(spec, 60 + 30 * len(left))
            except Failure as failure:
                reason, results = failure.args
            for item, result in zip(left, results, strict=False):
                self._record(peer, encoding, item, result["difference"], version)
            left = left[len(results) :]
            if left and reason:  # it died at this text
                self._record(peer, encoding, left.pop(0), reason, version)

    def _record(
        self, peer: str, encoding: str, item: dict[str, Any], reason: str | None, version: str
    ) -> None:
        key = self._key(peer, encoding, item, version)
        if key:
            self.known[key] = reason
        if reason is not None:
            self._exclude(peer, encoding, item["name"], reason)

    def _batch(self, peer: str, encoding: str) -> None:
        ((work, text),) = works(self.plan, "batch").items()
        path = self.plan.store.put(text)
        reference = Path(self.plan.reference(encoding, path)).with_suffix(".batch.u32")
        spec = {
            "task": "verify_batch",
            "encoding": encoding,
            "published": self.plan.published,
            "text": str(path),
            "reference": str(reference),
            "number": 2000,
            "name": work,
        }
        try:
            if not reference.exists():
                self.runner.worker({**spec, "peer": REFERENCES[encoding]}, 600)
            found = self.runner.worker({**spec, "peer": peer}, 300)[0]["difference"]
        except Failure as failure:
            found = failure.args[0]
        if found:
            self._exclude(peer, encoding, "batch", found)
            offered = self.plan.outputs[peer, encoding]
            self.plan.outputs[peer, encoding] = [
                output for output in offered if output not in ("batch", "counts", "flat")
            ]

"""Measure the compression of session logs: python bench/transcripts.py --help.

Each case runs in a process of its own, pinned to one core.  Beside it stand what a program does at
least (every line through json and back) and what else makes logs smaller (gzip).
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import machine
from compression import resident
from compression_report import megabytes, percent, unit
from session_logs import session_log

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parent
MEGABYTE = 1_000_000
SIZES = (1, 4, 16)
# Of the log whose memory is measured: megabytes, and the bytes of its longest text.
MEMORY = {"lines as usual": (16, 0), "a line of 1 MiB": (16, 1 << 20), "of 8 MiB": (16, 8 << 20)}
LIMIT = 64 * 1024 * 1024

# (bytes written, what else is told)
Job = Callable[[bytes], tuple[int, dict[str, Any]]]


def _mode(name: str, model: str | None = None) -> Callable[[], Job]:
    def make() -> Job:
        from bpe.context import counter_for
        from bpe.transcripts import Mode, Options, compress

        options = Options(mode=Mode[name], counter=counter_for(model) if model else None)

        def call(data: bytes) -> tuple[int, dict[str, Any]]:
            made = io.BytesIO()
            stats = compress(io.BytesIO(data), made, options)
            told: dict[str, Any] = {"entries": stats.entries_in}
            if model:
                told["tokens"] = stats.token_reduction()
            return made.tell(), told

        return call

    return make


def _json() -> Job:
    def call(data: bytes) -> tuple[int, dict[str, Any]]:
        made = io.BytesIO()
        for line in io.BytesIO(data):
            made.write(json.dumps(json.loads(line), ensure_ascii=False).encode())
            made.write(b"\n")
        return made.tell(), {}

    return call


def _gzip() -> Job:
    return lambda data: (len(gzip.compress(data, 6)), {})


CASES: dict[str, Callable[[], Job]] = {
    "conversation only": _mode("CONVERSATION_ONLY"),
    "lossless": _mode("LOSSLESS"),
    "conversation only, tokens counted": _mode("CONVERSATION_ONLY", "gpt-4o"),
    "lossless, tokens counted": _mode("LOSSLESS", "gpt-4o"),
    "json and back": _json,
    "gzip -6": _gzip,
}


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the compression of session logs.")
    add = parser.add_argument
    add("--rounds", type=int, default=5, help="default 5")
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
        help="folder for TRANSCRIPTS.md and transcripts.json; default bench/ and bench/results/",
    )
    add("--worker", help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def work(spec: dict[str, Any]) -> dict[str, Any]:
    if spec["core"] is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {spec["core"]})
    if spec["phase"] == "memory":
        return _memory(spec)
    clock = time.process_time if spec["clock"] == "cpu" else time.perf_counter
    call = CASES[spec["case"]]()
    call(session_log(0, 100_000))
    found: dict[str, Any] = {}
    for size in SIZES:
        data = session_log(size, size * MEGABYTE)
        start = clock()
        written, told = call(data)
        cold = clock() - start
        start = clock()
        call(data)
        seconds = {"cold": cold, "warm": clock() - start}
        found[str(size)] = {**seconds, "read": len(data), "written": written, **told}
    return found


class _Nowhere(io.RawIOBase):
    """Takes what is written and keeps nothing."""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return len(data)


def _memory(spec: dict[str, Any]) -> dict[str, Any]:
    """Bytes at the peak of a call that reads a file, over what the process had before it."""
    from bpe.transcripts import Mode, Options, compress

    options = Options(mode=Mode[spec["case"].upper().replace(" ", "_")])
    compress(io.BytesIO(session_log(0, 100_000)), io.BytesIO(), options)
    start, _ = resident(reset=True)
    with open(spec["file"], "rb") as source:
        compress(source, _Nowhere(), options)
    _, peak = resident()
    return {"call": max(0, peak - start), "process": peak}


def check() -> None:
    """SystemExit where what must be kept of a log is not."""
    from bpe.transcripts import Mode, Options, compress

    data = session_log(7, 2 * MEGABYTE)
    for mode in Mode:
        made = io.BytesIO()
        stats = compress(io.BytesIO(data), made, Options(mode=mode))
        read, written = data.splitlines(), made.getvalue().splitlines()
        asked = [line for line in read if line.startswith(b'{"type": "user"')]
        if asked != [line for line in written if line.startswith(b'{"type": "user"')]:
            raise SystemExit(f"{mode}: entries of the user were changed")
        if len(written) != stats.entries_out or len(read) != stats.entries_in:
            raise SystemExit(f"{mode}: {stats} is not {len(read)} entries to {len(written)}")
        if mode is Mode.LOSSLESS and len(read) != len(written):
            raise SystemExit(f"{mode}: {len(read)} entries became {len(written)}")
        for line in written:
            json.loads(line)


def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    available = machine.cores()
    core = options.core if options.core is not None else (available[-1] if available else None)
    files = {}
    for number, (name, (megabytes_of, longest)) in enumerate(MEMORY.items()):
        files[name] = folder / f"memory{number}.jsonl"
        files[name].write_bytes(session_log(90 + number, megabytes_of * MEGABYTE, longest))
    cells: dict[str, Any] = {}
    memory: dict[str, Any] = {}
    for number in range(options.rounds):
        names = [*CASES]
        turn = number % len(names)
        for case in [*names[turn:], *names[:turn]]:
            spec = {"case": case, "phase": "timed", "core": core, "clock": options.clock}
            for size, found in _worker(spec).items():
                cell = cells.setdefault(case, {}).setdefault(size, {})
                for name, value in found.items():
                    cell.setdefault(name, []).append(value)
        for case in names[:2]:
            for log, file in files.items():
                spec = {"case": case, "phase": "memory", "core": core, "file": str(file)}
                cell = memory.setdefault(case, {}).setdefault(log, {})
                for name, value in _worker(spec).items():
                    cell.setdefault(name, []).append(value)
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
    return {"cells": cells, "memory": memory}


def _worker(spec: dict[str, Any]) -> dict[str, Any]:
    run = subprocess.run(
        [sys.executable, __file__, "--worker", json.dumps(spec)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return found


def report(results: dict[str, Any]) -> str:
    found = results["machine"]
    lines = ["# Compression of session logs", ""]
    lines.append(
        f"`{results['command']}`, {found['date']}, {found['processor']}, {found['python']}, "
        f"bpe {found['commit']}, {results['rounds']} rounds, {results['clock']} clock."
    )
    lines += ["", "Medians over the rounds. Cold: the first sight of this log, after another one."]
    lines += ["", "## Speed", ""]
    lines.append("| | log | entries | cold | warm | MB/s cold | bytes saved | tokens saved |")
    lines.append("| --- |" + " ---: |" * 7)
    for case, sizes in results["cells"].items():
        for cell in sizes.values():
            cold, warm = (statistics.median(cell[phase]) for phase in ("cold", "warm"))
            read, written = cell["read"][0], cell["written"][0]
            entries = f"{cell['entries'][0]:,}" if "entries" in cell else ""
            tokens = percent(cell["tokens"][0]) if "tokens" in cell else ""
            lines.append(
                f"| {case} | {megabytes(read)} | {entries} | {unit(cold)} | {unit(warm)} | "
                f"{read / cold / 1e6:.1f} | {percent(1 - written / read)} | {tokens} |"
            )
    lines += ["", "## Peak memory", ""]
    lines.append(
        "A log of 16 MB, read from a file and written to nowhere: what the process had more than "
        "before, and all that it had, Python and the vocabulary included."
    )
    lines += ["", "| | log | call | process |", "| --- | --- | ---: | ---: |"]
    for case, logs in results["memory"].items():
        for name, cell in logs.items():
            call, process = (statistics.median(cell[key]) for key in ("call", "process"))
            over = " **over 64 MiB**" if call > LIMIT and "8" not in name else ""
            lines.append(f"| {case} | {name} | {megabytes(call)}{over} | {megabytes(process)} |")
    return "\n".join([*lines, ""])


def main(argv: list[str] | None = None) -> None:
    options = arguments(argv)
    if options.worker:
        print(json.dumps(work(json.loads(options.worker))))
        return
    os.environ["PYTHONDONTWRITEBYTECODE"] = ""
    old = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(ROOT) + (os.pathsep + old if old else "")
    sys.path.insert(0, str(ROOT))
    check()
    folder = BENCH / ".cache" / "transcripts"
    folder.mkdir(parents=True, exist_ok=True)
    results = measure(options, folder)
    results["machine"] = machine.describe(ROOT, ["bpe"])
    shown = [arg for arg in (sys.argv[1:] if argv is None else argv) if arg != str(options.out)]
    results["command"] = " ".join(["python bench/transcripts.py", *shown]).replace(" --out", "")
    results["clock"], results["rounds"] = options.clock, options.rounds
    text = report(results)
    markdown, data = BENCH / "TRANSCRIPTS.md", BENCH / "results" / "transcripts.json"
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        markdown, data = options.out / "TRANSCRIPTS.md", options.out / "transcripts.json"
    markdown.write_text(text, encoding="utf-8")
    data.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()

"""Compare real text with the reference engines, token for token.

    python tests/exact_corpus.py DIR [--encodings NAME ...] [--core compiled|python]

Reads every *.txt and *.txt.xz of DIR, as a whole and cut in lines, in every bundled encoding;
prints what was compared and exits with 1 at any difference.  Needs tiktoken and tokenizers.
"""

from __future__ import annotations

import argparse
import importlib
import lzma
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# What is installed, before the checkout comes onto the path.
import bpe
from bpe.encodings import encoding_vocabulary

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.exactness import oracles


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--encodings", nargs="+", default=oracles.ENCODINGS, metavar="NAME")
    parser.add_argument("--core", choices=("compiled", "python"), default=None)
    arguments = parser.parse_args()
    files = sorted([*arguments.folder.glob("*.txt"), *arguments.folder.glob("*.txt.xz")])
    if not files:
        parser.error(f"no *.txt or *.txt.xz in {arguments.folder}")
    core = arguments.core or bpe.core_name()
    print(f"bpe {bpe.__version__}, {core} core, {len(files)} files of {arguments.folder.name}")
    print(f"{'encoding':15} {'file':20} {'characters':>11} {'lines':>9} {'ids':>11}  differences")
    differences = ids = 0
    for name in arguments.encodings:
        tokenizer = bpe.Tokenizer(encoding_vocabulary(name), core=_core(core))
        reference = oracles.oracle(tokenizer)
        for path in files:
            text = _read(path)
            lines = text.splitlines(keepends=True)
            found = list(_compare(tokenizer, reference, text, lines))
            count = sum(number for number, _ in found)
            wrong = [message for _, message in found if message]
            print(
                f"{name:15} {path.name.partition('.')[0]:20} {len(text):11,} {len(lines):9,}"
                f" {count:11,}  {len(wrong) or 'none'}",
                flush=True,
            )
            for message in wrong:
                print(message)
            differences += len(wrong)
            ids += count
    print(f"{ids:,} ids compared, {differences} differences")
    return 1 if differences else 0


def _core(name: str) -> type[Any]:
    # By name, as a type checker cannot see the compiled module.
    module = importlib.import_module(f"bpe._core.{name}")
    found: type[Any] = getattr(module, f"{name.title()}Core")
    return found


def _read(path: Path) -> str:
    data = path.read_bytes()
    # Newlines as they are: \r\n is a matter of its own for the patterns.
    return (lzma.decompress(data) if path.suffix == ".xz" else data).decode()


def _compare(
    tokenizer: bpe.Tokenizer, reference: oracles.Oracle, text: str, lines: list[str]
) -> Iterator[tuple[int, str]]:
    """For each way to compare: how many ids, and what differs if anything does."""
    found, expected = tokenizer.encode_ordinary(text), reference.ordinary(text)
    same = found == expected
    yield len(expected), "" if same else oracles.describe(text, found, expected)
    found, expected = tokenizer.encode(text, allowed_special="all"), reference.special(text)
    same = found == expected
    yield len(expected), "" if same else oracles.describe(text, found, expected)
    same = tokenizer.count(text, allowed_special="all") == len(expected)
    yield 0, "" if same else "count differs from the number of ids"
    same = tokenizer.decode(found) == oracles.decoded(tokenizer.name, text)
    yield 0, "" if same else "decoding does not give the text back"
    batch, expected_batch = tokenizer.encode_ordinary_batch(lines), reference.ordinary_batch(lines)
    total = sum(map(len, expected_batch))
    yield total, oracles.first_difference(lines, batch, expected_batch)


if __name__ == "__main__":
    sys.exit(main())

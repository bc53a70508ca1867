"""Layers point downward only: read from the imports themselves, those inside functions included."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import bpe

ROOT = Path(bpe.__file__).parent

# From the ground up.  A module may import from its own row and from those above it in this list.
LAYERS: list[set[str]] = [
    {"errors", "data", "_data"},
    {"vocabulary"},
    {"_core"},
    {"arguments", "formats"},
    {"encodings", "specials", "batches", "_model_names", "_model_rows"},
    {"models", "_model_checks"},
    # text below the tokenizer, whose methods call it: it takes the functions of a core
    {"text"},
    {"measuring"},
    {"tokenizer", "loading"},
    {"compat"},
    {"context"},
    {"transcripts", "corpus"},
    # the package itself names what is public; the command line stands on that
    {"bpe"},
    {"cli"},
    {"__main__"},
]
RANK = {module: rank for rank, layer in enumerate(LAYERS) for module in layer}


def room(path: Path) -> str:
    first = path.relative_to(ROOT).parts[0].removesuffix(".py")
    return "bpe" if first == "__init__" else first


def imports(path: Path) -> set[str]:
    """The rooms of the package that a file imports from, for typing only or not."""
    package = ["bpe", *path.relative_to(ROOT).parts[:-1]]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                assert alias.name.partition(".")[0] != "bpe", f"{path}: not relative"
        elif isinstance(node, ast.ImportFrom):
            if not node.level:
                assert (node.module or "").partition(".")[0] != "bpe", f"{path}: not relative"
                continue
            base = package[: len(package) - node.level + 1]
            target = [*base, *(node.module or "").split(".")] if node.module else base
            if len(target) > 1:
                found.add(target[1])
            else:
                # `from .. import x`: a room of that name, else a name of the package itself.
                found |= {alias.name if alias.name in RANK else "bpe" for alias in node.names}
    return found


FILES = sorted(path for path in ROOT.rglob("*.py") if path.relative_to(ROOT).parts[0] != "data")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_downward(path: Path) -> None:
    own = room(path)
    assert own in RANK, f"{own} has no place in the layers yet"
    for other in imports(path):
        assert RANK[other] <= RANK[own], f"{own} imports {other}, which stands above it"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_is_not_too_large(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 450

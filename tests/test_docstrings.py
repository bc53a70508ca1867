"""The examples in docstrings run."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import bpe

MODULES = sorted(
    found.name
    for found in pkgutil.walk_packages(bpe.__path__, "bpe.")
    if not found.name.endswith(("__main__", ".compiled"))
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    failed, _ = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert failed == 0


def test_there_are_examples() -> None:
    finder = doctest.DocTestFinder()
    assert sum(
        len(t.examples) for name in MODULES for t in finder.find(importlib.import_module(name))
    )

"""Both cores under one suite: a test that asks for `core` or `load` runs over each of them."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from bpe import Tokenizer, core_name
from bpe.encodings import encoding_vocabulary
from bpe.vocabulary import Vocabulary

# A program that a test starts must import what is installed, as the test does, and not the
# sources in the working directory, which have no compiled core.
os.environ["PYTHONSAFEPATH"] = "1"

CORES = {"compiled": "CompiledCore", "python": "PythonCore"}


def pytest_report_header() -> str:
    return f"bpe core: {core_name()}"


def python_is_asked_for() -> bool:
    """Whether the environment says that no compiled core is to be expected."""
    disabled = os.environ.get("BPE_DISABLE_NATIVE", "").strip().lower()
    asked = os.environ.get("BPE_CORE", "").strip().lower()
    return asked == "python" or (not asked and disabled in ("1", "true", "yes", "on"))


def core_of(name: str) -> type[Any]:
    module = importlib.import_module(f"bpe._core.{name}")
    found: type[Any] = getattr(module, CORES[name])
    return found


@cache
def vocabulary_of(name: str) -> Vocabulary:
    return encoding_vocabulary(name)


@pytest.fixture(scope="session", params=list(CORES))
def core(request: pytest.FixtureRequest) -> type[Any]:
    """Each core's class.  A missing compiled core is a failure, unless python is asked for."""
    name: str = request.param
    if name == "compiled" and python_is_asked_for():
        pytest.skip("the environment asks for the Python core")
    try:
        return core_of(name)
    except ModuleNotFoundError as error:
        pytest.fail(
            f"the {name} core is missing ({error}); BPE_CORE=python runs the tests without it"
        )


@pytest.fixture(scope="session")
def load(core: type[Any]) -> Callable[[str], Tokenizer]:
    """`load(name)`: a bundled encoding on this core; made once a session."""
    made: dict[str, Tokenizer] = {}

    def load_once(name: str) -> Tokenizer:
        if name not in made:
            made[name] = Tokenizer(vocabulary_of(name), core=core)
        return made[name]

    return load_once

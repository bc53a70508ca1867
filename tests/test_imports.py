"""What importing and the first encoding bring in: no heavy modules, and one core only."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import bpe

HEAVY = {
    "argparse",
    "base64",
    "concurrent.futures",
    "ctypes",
    "dataclasses",
    "difflib",
    "enum",
    "functools",
    "hashlib",
    "importlib.metadata",
    "importlib.resources",
    "inspect",
    "json",
    "logging",
    "numpy",
    "pathlib",
    "re",
    "struct",
    "tempfile",
    "threading",
    "tomllib",
    "types",
    "typing",
    "unicodedata",
    "urllib",
    "weakref",
    "zipfile",
}
# Parts of the package that are imported when something of theirs is used.
LATER = ("bpe.formats", "bpe.cli", "bpe.context", "bpe.models", "bpe._model_checks")
# Python's own re brings these along, and the Python core splits text with it and unpacks its table.
OF_PYTHON_CORE = {"enum", "functools", "re", "struct", "types"}


def modules(code: str, **environment: str) -> set[str]:
    """The modules that `code` adds to those of a bare interpreter."""
    program = f"""
import sys
before = set(sys.modules)
{code}
print(*(set(sys.modules) - before))
"""
    run = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
    )
    return set(run.stdout.split())


def test_import_alone_is_light() -> None:
    found = modules("import bpe")
    assert not found & HEAVY
    assert not any(name.startswith(LATER) for name in found)


@pytest.mark.parametrize("encoding", ["gpt2", "cl100k_base", "o200k_harmony", "deepseek_v3"])
def test_first_encoding_is_light(encoding: str) -> None:
    code = f"import bpe; bpe.load({encoding!r}).encode('hello')"
    found = modules(code)
    allowed = OF_PYTHON_CORE if bpe.core_name() == "python" else set()
    assert not found & (HEAVY - allowed)
    assert not any(name.startswith(LATER) for name in found)


def test_counting_for_a_model_brings_in_the_context_layer_and_no_third_party() -> None:
    found = modules("import bpe; bpe.count_messages([], 'gpt-4o'); bpe.count_tokens('a', 'gpt-4')")
    assert "bpe.context.counting" in found
    later = ("monitor", "estimate", "calibrated", "accuracy", "budget", "json_tokens", "deepseek")
    assert not found & {f"bpe.context.{name}" for name in later}
    roots = {name.partition(".")[0] for name in found} - {"bpe", "cython_runtime"}
    assert {name for name in roots if not name.startswith("_cython")} <= sys.stdlib_module_names


def test_the_python_core_is_not_imported_beside_the_compiled_one() -> None:
    if bpe.core_name() != "compiled":
        pytest.skip("the environment asks for the Python core")
    found = modules("import bpe; bpe.load('cl100k_base').encode('hello')")
    assert "bpe._core.compiled" in found
    assert "bpe._core.python" not in found


def test_the_python_core_does_not_need_the_compiled_one() -> None:
    found = modules("import bpe; bpe.load('cl100k_base').encode('hello')", BPE_CORE="python")
    assert "bpe._core.python" in found
    assert "bpe._core.compiled" not in found


def test_the_layers_are_there_after_a_plain_import() -> None:
    program = "import bpe; print(bpe.context.__name__, bpe.transcripts.__name__)"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == ["bpe.context", "bpe.transcripts"]

"""bpe/ and data/ copied side by side into another tree work there, with nothing installed."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PROGRAM = """
import importlib, os, sys, warnings
warnings.simplefilter("error")
bpe = importlib.import_module(sys.argv[1])
assert os.path.realpath(bpe.__file__).startswith(os.path.realpath(sys.path[0])), bpe.__file__
assert bpe.core_name() == sys.argv[2], bpe.core_name()
for name in bpe.list_encodings():
    tokenizer = bpe.load(name)
    text = "hello world, d\\u00e9j\\u00e0 vu \\u6f22\\u5b57 123456\\n"
    assert tokenizer.decode(tokenizer.encode(text)) == text, name
assert bpe.load("cl100k_base").encode("hello world") == [15339, 1917]
try:
    bpe.load("no such encoding")
except bpe.errors.UnknownEncodingError:
    pass
foreign = [name for name in sys.modules if name.split(".")[0] in ("bpe", "numpy", "tiktoken")]
if sys.argv[1] != "bpe":
    assert not foreign, foreign
"""


def extension() -> Path:
    """The built extension of the bpe that is installed for this test run."""
    spec = importlib.util.find_spec("bpe._core.compiled")
    if spec is None or spec.origin is None:
        pytest.fail("the compiled core was not built")
    return Path(spec.origin)


@pytest.mark.parametrize("core", ["compiled", "python"])
@pytest.mark.parametrize("name", ["bpe", "app._vendor.bpe"])
def test_vendored_copy(name: str, core: str, tmp_path: Path) -> None:
    parent = tmp_path.joinpath(*name.split(".")[:-1])
    built = shutil.ignore_patterns("*.so", "*.pyd", "__pycache__")
    shutil.copytree(ROOT / "bpe", parent / "bpe", ignore=built)
    shutil.copytree(ROOT / "data", parent / "data", ignore=shutil.ignore_patterns("tools"))
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("BPE_", "PYTHON"))}
    if core == "compiled":
        if os.environ.get("BPE_CORE") == "python":
            pytest.skip("the environment asks for the Python core")
        shutil.copy(extension(), parent / "bpe/_core")
    else:
        environment["BPE_CORE"] = "python"
    # -I -S: no environment, no site-packages, no current directory; only the vendored tree.
    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{PROGRAM}"
    # BPE_CORE reaches the program because -I ignores only Python's own variables.
    result = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, name, core],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr


def test_vendored_beside_an_installed_one(tmp_path: Path) -> None:
    """Neither takes the other's compiled core, whichever comes first."""
    if os.environ.get("BPE_CORE") == "python":
        pytest.skip("the environment asks for the Python core")
    vendored = tmp_path / "app/bpe"
    shutil.copytree(ROOT / "bpe", vendored, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "data", tmp_path / "app/data", ignore=shutil.ignore_patterns("tools"))
    shutil.copy(extension(), vendored / "_core")
    program = """
import importlib, sys
sys.path.insert(0, sys.argv[1])
for name in sys.argv[2:]:
    bpe = importlib.import_module(name)
    tokenizer = bpe.load("gpt2")
    assert bpe.core_name() == "compiled"
    try:
        tokenizer.decode_bytes([70000])
    except bpe.errors.UnknownTokenError:
        pass
modules = [sys.modules[f"{name}._core.compiled"] for name in sys.argv[2:]]
assert modules[0].__file__ != modules[1].__file__
"""
    for order in (("bpe", "app.bpe"), ("app.bpe", "bpe")):
        command = [sys.executable, "-I", "-c", program, str(tmp_path), *order]
        result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert result.returncode == 0, result.stderr


def test_vendored_without_the_extension_warns_once(tmp_path: Path) -> None:
    built = shutil.ignore_patterns("*.so", "*.pyd", "__pycache__")
    shutil.copytree(ROOT / "bpe", tmp_path / "bpe", ignore=built)
    shutil.copytree(ROOT / "data", tmp_path / "data", ignore=shutil.ignore_patterns("tools"))
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import bpe\n"
        "print(bpe.load('cl100k_base').encode('hello world'), bpe.core_name(), bpe.core_name())"
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("BPE_", "PYTHON"))}
    result = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert result.stdout == "[15339, 1917] python python\n", result.stderr
    assert result.stderr.count("SlowCoreWarning") == 1
    assert "pip install" in result.stderr

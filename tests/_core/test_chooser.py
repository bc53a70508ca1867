"""Which core runs, and what is said about it."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from types import ModuleType

import pytest

from bpe import _core
from bpe.errors import CoreUnavailableError, SlowCoreWarning


class Absent:
    """An importer that says of one module that it does not exist."""

    def __init__(self, name: str, reported: str | None = None) -> None:
        self.name = name
        self.reported = reported or name

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name == self.name:
            raise ModuleNotFoundError(f"No module named {self.reported!r}", name=self.reported)


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_core, "_chosen", None)
    monkeypatch.delenv("BPE_CORE", raising=False)
    monkeypatch.delenv("BPE_DISABLE_NATIVE", raising=False)


@pytest.fixture
def no_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    hide(monkeypatch, Absent("bpe._core.compiled"))


def hide(monkeypatch: pytest.MonkeyPatch, importer: Absent) -> None:
    monkeypatch.delitem(sys.modules, "bpe._core.compiled", raising=False)
    monkeypatch.delattr(_core, "compiled", raising=False)
    monkeypatch.setattr(sys, "meta_path", [importer, *sys.meta_path])


def pretend_compiled(monkeypatch: pytest.MonkeyPatch) -> type:
    module = ModuleType("bpe._core.compiled")
    core = type("CompiledCore", (), {})
    module.CompiledCore = core  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "bpe._core.compiled", module)
    return core


@pytest.mark.parametrize("value", ["python", "Python", " PYTHON "])
def test_python_is_asked_for(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    pretend_compiled(monkeypatch)
    monkeypatch.setenv("BPE_CORE", value)
    assert _core.core_name() == "python"
    assert _core.core_class().__name__ == "PythonCore"


@pytest.mark.parametrize("value", ["1", "true", "True", "YES", "on"])
def test_native_is_disabled(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    pretend_compiled(monkeypatch)
    monkeypatch.setenv("BPE_DISABLE_NATIVE", value)
    assert _core.core_name() == "python"


@pytest.mark.parametrize("value", ["", "0", "false", "no"])
def test_native_is_not_disabled(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    core = pretend_compiled(monkeypatch)
    monkeypatch.setenv("BPE_DISABLE_NATIVE", value)
    assert _core.core_name() == "compiled"
    assert _core.core_class() is core


def test_compiled_is_strict(monkeypatch: pytest.MonkeyPatch, no_compiled: None) -> None:
    monkeypatch.setenv("BPE_CORE", "compiled")
    monkeypatch.setenv("BPE_DISABLE_NATIVE", "1")
    with pytest.raises(CoreUnavailableError, match="pip install"):
        _core.core_name()


def test_unknown_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BPE_CORE", "rust")
    with pytest.raises(ImportError, match="'rust'"):
        _core.core_name()


def test_the_slow_core_says_so_once(no_compiled: None) -> None:
    with pytest.warns(SlowCoreWarning, match="pip install") as caught:
        _core.core_name()
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert _core.core_name() == "python"
        assert _core.core_class().__name__ == "PythonCore"


def test_a_broken_build_is_not_slept_over(monkeypatch: pytest.MonkeyPatch) -> None:
    hide(monkeypatch, Absent("bpe._core.compiled", reported="something_it_needs"))
    with pytest.raises(ModuleNotFoundError, match="something_it_needs"):
        _core.core_name()


def test_the_choice_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BPE_CORE", "python")
    assert _core.core_name() == "python"
    monkeypatch.setenv("BPE_CORE", "rust")
    assert _core.core_name() == "python"


def test_import_never_chooses() -> None:
    environment = {**os.environ, "BPE_CORE": "rust"}
    subprocess.run([sys.executable, "-c", "import bpe"], check=True, env=environment)

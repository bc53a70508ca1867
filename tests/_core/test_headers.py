"""The C headers alone: vectors against plain C, and memory; here, on emulated ARM, for Windows."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
HEADER = HERE.parent.parent / "bpe" / "_core"

# Compiler, what runs its programs, flags.
MACHINES = {
    "here": (("cc", "gcc", "clang"), (), ()),
    "here, plain C": (("cc", "gcc", "clang"), (), ("-DBPE_PLAIN_C",)),
    "aarch64": (("aarch64-linux-gnu-gcc",), ("qemu-aarch64", "qemu-aarch64-static"), ("-static",)),
    "windows": (("x86_64-w64-mingw32-gcc",), ("wine64", "/usr/lib/wine/wine64"), ()),
}


@pytest.mark.parametrize("name", ["simd_test", "pages_test"])
@pytest.mark.parametrize("machine", MACHINES)
def test_headers(machine: str, name: str, tmp_path: Path) -> None:
    compilers, runners, flags = MACHINES[machine]
    compiler = next(filter(None, map(shutil.which, compilers)), None)
    runner = next(filter(None, map(shutil.which, runners)), None)
    if compiler is None or (runners and runner is None) or not HEADER.is_dir():
        pytest.skip("no compiler or emulator for it here")
    program = tmp_path / f"{name}.exe"  # Windows insists, the others do not mind
    source = str(HERE / f"{name}.c")
    subprocess.run([compiler, "-O2", f"-I{HEADER}", *flags, source, "-o", str(program)], check=True)
    command = [str(program)] if runner is None else [runner, str(program)]
    environment = {**os.environ, "WINEPREFIX": str(tmp_path / "wine"), "WINEDEBUG": "-all"}
    result = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert result.returncode == 0, result.stdout + result.stderr

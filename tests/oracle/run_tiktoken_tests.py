"""Run tiktoken's own tests against bpe.

    python tests/oracle/run_tiktoken_tests.py [SDIST] [--core compiled|python] [-- PYTEST OPTIONS]

SDIST is tiktoken's source archive, or the folder it was unpacked to; without it pip downloads the
release named below.  Its tests are copied to a temporary folder, alone, and run there with
tests/oracle/tiktoken_shim first on the path: `import tiktoken` is then bpe.  Needs pytest and
hypothesis; not tiktoken.  Exits with 0 if all of them pass.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

RELEASE = "tiktoken==0.14.0"
TESTS = 33
SHIM = Path(__file__).resolve().with_name("tiktoken_shim")
ROOT = SHIM.parents[2]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("sdist", type=Path, nargs="?")
    parser.add_argument("--core", choices=("compiled", "python"))
    parser.add_argument("options", nargs="*", help="for pytest, after --")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        source = arguments.sdist or _download(place)
        if source.is_file():
            source = _unpacked(source, place / "source")
        # Alone: beside the package `tiktoken` of the archive, that one would be imported.
        shutil.copytree(source / "tests", place / "run" / "tests")
        (place / "run" / "conftest.py").write_text(CONFTEST)
        return _run(place / "run", arguments.core, arguments.options)


CONFTEST = f"""
import tiktoken

assert tiktoken.__file__.startswith({str(SHIM)!r}), tiktoken.__file__

def pytest_report_header():
    import bpe

    return f"tiktoken is bpe {{bpe.__version__}}, {{bpe.core_name()}} core, from {{bpe.__file__}}"

def pytest_terminal_summary(terminalreporter):
    passed = len(terminalreporter.stats.get("passed", ()))
    terminalreporter.write_line(f"tiktoken's own tests: {{passed}} of {TESTS} passed")

def pytest_sessionfinish(session, exitstatus):
    # A test that was not collected has not passed.
    if exitstatus == 0 and session.testscollected < {TESTS} and not session.config.option.keyword:
        session.exitstatus = 1
"""


def _download(place: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest"]
    subprocess.run([*command, str(place), "--no-binary", ":all:", RELEASE], check=True)
    (archive,) = place.glob("tiktoken-*.tar.gz")
    return archive


def _unpacked(archive: Path, place: Path) -> Path:
    with tarfile.open(archive) as content:
        content.extractall(place, filter="data")
    (source,) = (entry for entry in place.iterdir() if entry.is_dir())
    return source


def _run(place: Path, core: str | None, options: list[str]) -> int:
    # The shim first; the checkout last, for a bpe that is not installed.
    path = [str(SHIM), *filter(None, [os.environ.get("PYTHONPATH")])]
    if not _is_installed():
        path.append(str(ROOT))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path)}
    if core:
        environment["BPE_CORE"] = core
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, "tests"]
    return subprocess.run(command, cwd=place, env=environment, check=False).returncode


def _is_installed() -> bool:
    command = [sys.executable, "-c", "import bpe"]
    return subprocess.run(command, cwd=SHIM, capture_output=True, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())

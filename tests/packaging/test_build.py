"""What is in the sdist and the wheels, and which tags they get."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = (
    *("setup.py", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE"),
    *("bpe", "data", "tests"),
)
SWITCHES = ("BPE_PURE", "BPE_DEBUG", "BPE_SANITIZE", "BPE_REQUIRE_COMPILED", "CC")

pytestmark = [pytest.mark.packaging, pytest.mark.slow]


def build(kind: str, source: Path, out: Path, **switches: str) -> Path:
    """Build in this environment, without the network; the result's path."""
    environment = {k: v for k, v in os.environ.items() if k not in SWITCHES} | switches
    command = [sys.executable, "-I", "-m", "build", "--no-isolation", f"--{kind}"]
    result = subprocess.run(
        [*command, "--outdir", str(out), str(source)],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    (built,) = out.iterdir()
    return built


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources, littered as a used checkout is."""
    target = tmp_path_factory.mktemp("checkout")
    for name in SOURCES:
        path = ROOT / name
        if path.is_dir():
            ignore = shutil.ignore_patterns("__pycache__", "*.so", "*.pyd", "compiled.c")
            shutil.copytree(path, target / name, ignore=ignore)
        elif path.exists():
            shutil.copy(path, target / name)
    (target / "bpe/_core/compiled.c").write_text("#error stale\n")
    (target / "bpe/_core/compiled.cpython-311-x86_64-linux-gnu.so").write_bytes(b"stale")
    (target / "data/stray.tiktoken").write_text("IQ== 0\n")
    return target


@pytest.fixture(scope="module")
def sdist(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("sdist", checkout, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def unpacked(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(target, filter="data")
    (root,) = target.iterdir()
    return root


@pytest.fixture(scope="module")
def wheel(unpacked: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", unpacked, tmp_path_factory.mktemp("wheel"), BPE_REQUIRE_COMPILED="1")


def pure_wheel(unpacked: Path, out: Path, **switches: str) -> Path:
    # A copy: a build leaves its intermediate files beside the sources.
    copy = out / "source"
    shutil.copytree(unpacked, copy, ignore=shutil.ignore_patterns("build", "*.egg-info"))
    return build("wheel", copy, out / "wheel", **switches)


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_sdist_holds_every_source_and_nothing_generated(unpacked: Path) -> None:
    for pattern in ("bpe/**/*.py", "bpe/_core/*.p[xy]?", "bpe/_core/*.h"):
        for path in ROOT.glob(pattern):
            assert (unpacked / path.relative_to(ROOT)).exists(), path
    for path in ROOT.glob("data/*.*"):
        if path.suffix != ".tiktoken":
            assert (unpacked / path.relative_to(ROOT)).exists(), path
    assert (unpacked / "bpe/py.typed").exists()
    generated = {".c", ".so", ".pyd", ".pyc", ".html"}
    found = {path.relative_to(unpacked) for path in unpacked.rglob("*") if path.suffix in generated}
    written_by_hand = {path.relative_to(ROOT) for path in ROOT.glob("tests/_core/*.c")}
    assert written_by_hand
    assert found == written_by_hand


def test_sdist_holds_the_tests(unpacked: Path) -> None:
    assert (unpacked / "tests/conftest.py").exists()
    assert (unpacked / "tests/packaging/test_build.py").exists()


def test_compiled_wheel(wheel: Path) -> None:
    tag = wheel.name.removesuffix(".whl").split("-")[2:]
    version = f"cp{sys.version_info.major}{sys.version_info.minor}"
    assert tag[0] == version
    assert tag[1].startswith(version)
    assert tag[2] != "any"
    extensions = {name for name in names(wheel) if name.endswith((".so", ".pyd"))}
    assert len(extensions) == 1
    assert next(iter(extensions)).startswith("bpe/_core/compiled.")


def test_wheel_holds_what_runs_and_nothing_else(wheel: Path) -> None:
    shipped = names(wheel)
    files = [Path(name) for name in shipped if ".dist-info/" not in name]
    suffixes = {path.suffix for path in files if path.stem != "LICENSE"}
    assert suffixes <= {".py", ".typed", ".so", ".pyd", ".pairs", ".added", ".bin", ".toml"}
    tops = {name.split("/")[0] for name in shipped if ".dist-info/" not in name}
    assert tops == {"bpe"}
    assert not [name for name in shipped if "tools" in name.split("/")]
    assert {"bpe/data/cl100k_base.pairs", "bpe/data/unicode16.bin", "bpe/py.typed"} <= shipped
    expected = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("bpe/**/*.py")}
    assert expected <= shipped, "a package is missing from pyproject.toml"


def test_nothing_large_is_shipped(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        sizes = {item.filename: item.file_size for item in archive.infolist()}
    large = {k: v for k, v in sizes.items() if v > 2_000_000 and not k.endswith((".so", ".pyd"))}
    assert not large


def test_metadata(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        metadata = archive.read(name).decode()
    source = (ROOT / "bpe/__init__.py").read_text(encoding="utf-8")
    version = re.search(r'^__version__ = "(.+)"$', source, re.MULTILINE)
    assert version is not None
    assert f"\nVersion: {version[1]}\n" in metadata
    assert "\nLicense-Expression: MIT\n" in metadata
    assert "\nRequires-Python: >=3.11\n" in metadata
    required = [line for line in metadata.splitlines() if line.startswith("Requires-Dist:")]
    assert all("extra ==" in line for line in required), "bpe itself needs no other package"


# "No compiler" has two faces: one that fails, and none at all.
@pytest.mark.parametrize("compiler", ["false", "no-such-compiler"])
def test_without_a_compiler_the_wheel_is_pure(
    compiler: str, unpacked: Path, tmp_path: Path
) -> None:
    path = shutil.which(compiler) or compiler
    wheel = pure_wheel(unpacked, tmp_path, CC=path, CXX=path)
    assert wheel.name.endswith("-py3-none-any.whl")
    assert not [name for name in names(wheel) if name.endswith((".so", ".pyd"))]
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/WHEEL"))
        assert "Root-Is-Purelib: true" in archive.read(name).decode()


def test_a_pure_wheel_on_purpose(unpacked: Path, tmp_path: Path) -> None:
    wheel = pure_wheel(unpacked, tmp_path, BPE_PURE="1")
    assert wheel.name.endswith("-py3-none-any.whl")
    assert not [name for name in names(wheel) if name.endswith((".so", ".pyd"))]


def test_required_but_impossible_is_an_error(unpacked: Path, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="false"):
        pure_wheel(unpacked, tmp_path, CC=shutil.which("false") or "", BPE_REQUIRE_COMPILED="1")


def test_the_sources_hold_no_second_copy_of_the_published_files() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    tracked = [ROOT / name for name in listed.stdout.split("\0") if name]
    assert not [path for path in tracked if path.suffix in (".tiktoken", ".so", ".pyd")]
    large = [path for path in tracked if path.exists() and path.stat().st_size > 3_000_000]
    assert not large

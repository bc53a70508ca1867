"""The workflows and pyproject.toml are valid by their published schemas, and agree."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))

pytestmark = pytest.mark.packaging


def read(path: Path) -> dict[str, Any]:
    yaml = pytest.importorskip("yaml")
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_there_are_both_workflows() -> None:
    assert [path.name for path in WORKFLOWS] == ["ci.yml", "wheels.yml"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_schema(path: Path) -> None:
    pytest.importorskip("check_jsonschema")
    # The schema comes with the package: no network.
    result = subprocess.run(
        [
            *(sys.executable, "-I", "-m", "check_jsonschema"),
            *("--builtin-schema", "vendor.github-workflows", str(path)),
        ],
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_job_has_a_limit_and_no_job_has_more_rights_than_it_needs(path: Path) -> None:
    workflow = read(path)
    assert workflow["permissions"] == {"contents": "read"}
    for name, job in workflow["jobs"].items():
        assert "timeout-minutes" in job, name


def test_packages_are_those_of_the_tree() -> None:
    found = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in (ROOT / "bpe").rglob("__init__.py")
    }
    assert set(project()["tool"]["setuptools"]["packages"]) == found | {"bpe.data"}


def test_wheels_must_be_compiled_and_are_tested() -> None:
    settings = project()["tool"]["cibuildwheel"]
    assert settings["environment"]["BPE_REQUIRE_COMPILED"] == "1"
    assert any("pytest" in command for command in settings["test-command"])
    assert "test-skip" not in settings


def test_every_platform_and_processor_has_a_runner() -> None:
    jobs = read(ROOT / ".github/workflows/wheels.yml")["jobs"]
    runners = jobs["wheels"]["strategy"]["matrix"]["runner"]
    assert {runner.split("-")[0] for runner in runners} == {"ubuntu", "macos", "windows"}
    for system in ("ubuntu", "windows"):
        assert {runner.endswith("-arm") for runner in runners if system in runner} == {True, False}
    assert {"intel" in runner for runner in runners if "macos" in runner} == {True, False}

"""The README's examples run, and its commands are those that CI runs."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"


def blocks(language: str) -> list[str]:
    text = README.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the top: a later one uses the names of those before it, and a log that people have."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "session.jsonl").write_text(
        '{"type":"user","content":"hello"}\n{"type":"system","content":"x"}\n', encoding="utf-8"
    )
    names: dict[str, object] = {"__name__": "readme"}
    for block in blocks("python"):
        exec(compile(block, str(README), "exec"), names)


@pytest.mark.parametrize("block", blocks("pycon"))
def test_session(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    test = doctest.DocTestParser().get_doctest(block, {}, "README", str(README), 0)
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    runner.run(test, out=report.append)
    assert runner.failures == 0, "".join(report)


def test_there_is_an_example() -> None:
    assert blocks("python")


def test_opens_with_one_sentence() -> None:
    title, _, opening = README.read_text(encoding="utf-8").partition("\n")
    first = opening.strip().split("\n\n")[0]
    assert title == "# bpe"
    assert first.endswith(".")
    assert not re.search(r"[.!?] [A-Z]", first), "more than one sentence"


@pytest.mark.packaging
def test_ci_runs_the_test_command() -> None:
    """CI takes the first line with this text; it must be the command, whole."""
    text = README.read_text(encoding="utf-8")
    first = next(line for line in text.splitlines() if ".venv/bin/pytest" in line)
    assert first in "".join(blocks("sh")).splitlines()
    assert ".venv/bin/pytest" in (ROOT / ".ci/run").read_text(encoding="utf-8")

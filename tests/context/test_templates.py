"""Templates: files before built-in texts, at once; unusable ones never in the middle of things."""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpe.context.templates import SUFFIX, Templates
from bpe.errors import TemplateError, TokenTypeError

SUMMARY = {"text": "[the conversation]", "max_tokens": 200}
VALUES: dict[str, dict[str, object]] = {
    "conciseness": {},
    "summary": SUMMARY,
    "summary_message": {"summary": "[the notes]"},
}


def write(directory: Path, name: str, text: str | bytes) -> Path:
    path = directory / f"{name}.prompt.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


# ---- built in


def test_built_in() -> None:
    templates = Templates()
    assert templates.names == tuple(VALUES)
    assert repr(templates) == "Templates(None)"
    for name, values in VALUES.items():
        text = templates.render(name, **values)
        assert text == text.strip()
        assert "{" not in text
        for value in values.values():
            assert str(value) in text


@given(st.text(), st.integers(0, 10**9))
def test_values_are_taken_as_they_are(text: str, limit: int) -> None:
    templates = Templates()
    found = templates.render("summary", text=text, max_tokens=limit)
    before, after = templates.render("summary", text="\0", max_tokens=limit).split("\0")
    assert found == before + text + after


def test_a_value_that_looks_like_a_placeholder_is_text() -> None:
    found = Templates().render("summary_message", summary="{summary} {{x}} {0}")
    assert found.endswith("{summary} {{x}} {0}")


# ---- wrong names and values


@pytest.mark.parametrize("name", ["sumary", "", "../summary", "summary.prompt.txt", "Conciseness"])
def test_unknown_names(name: str, tmp_path: Path) -> None:
    write(tmp_path, "sumary", "text")
    with pytest.raises(TemplateError, match=re.escape(f"no template is named {name!r}")) as info:
        Templates(tmp_path).render(name)
    assert info.value.name == name


def test_unknown_names_say_what_there_is() -> None:
    with pytest.raises(TemplateError, match="did you mean 'summary'"):
        Templates().render("sumary")
    with pytest.raises(TemplateError, match="conciseness, summary, summary_message"):
        Templates().render("zzz")


def test_wrong_values() -> None:
    templates = Templates()
    with pytest.raises(TemplateError, match="needs a value for 'max_tokens'") as info:
        templates.render("summary", text="a")
    assert (info.value.name, info.value.placeholder) == ("summary", "max_tokens")
    with pytest.raises(TemplateError, match=re.escape("no placeholder 'txt'; it has {text}")):
        templates.render("summary", txt="a", max_tokens=1)
    with pytest.raises(TemplateError, match="no placeholder 'text'; it has none"):
        templates.render("conciseness", text="a")
    for wrong in (None, 1.5, b"bytes", True):
        with pytest.raises(TokenTypeError, match=f"not {type(wrong).__name__}"):
            templates.render("summary_message", summary=wrong)


def test_values_are_asked_for_though_a_file_does_without(tmp_path: Path) -> None:
    # Or a file's next version could make code fail that worked with this one.
    write(tmp_path, "summary", "Short: {text}")
    templates = Templates(tmp_path)
    assert templates.render("summary", **SUMMARY) == "Short: [the conversation]"
    with pytest.raises(TemplateError, match="max_tokens"):
        templates.render("summary", text="a")


# ---- files


def test_files_come_first_and_at_once(tmp_path: Path) -> None:
    templates = Templates(str(tmp_path))
    built_in = templates.render("conciseness")
    path = write(tmp_path, "conciseness", "Be brief.")
    assert templates.render("conciseness") == "Be brief."
    assert templates.render("summary", **SUMMARY) == Templates().render("summary", **SUMMARY)
    # Of the same size, within one tick of the clock, and many times.
    for n in range(50):
        write(tmp_path, "conciseness", f"Brief {n:03}.")
        assert templates.render("conciseness") == f"Brief {n:03}."
    path.unlink()
    assert templates.render("conciseness") == built_in
    write(tmp_path, "conciseness", "Back.")
    assert templates.render("conciseness") == "Back."


def test_an_old_file_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bpe.context import templates as module

    path = write(tmp_path, "conciseness", "Old.")
    monkeypatch.setattr(module, "_TICK_NS", 0)
    templates = Templates(tmp_path)
    reads = []
    read = module._read

    def counted(name: str, path: str) -> object:
        reads.append(name)
        return read(name, path)

    monkeypatch.setattr(module, "_read", counted)
    assert [templates.render("conciseness") for _ in range(5)] == ["Old."] * 5
    assert reads == []
    os.utime(path, (1, 1))
    assert templates.render("conciseness") == "Old."
    assert len(reads) == 1
    # An older file in its place, of the same size and time.
    other = tmp_path / "other"
    other.write_text("New.")
    os.utime(other, (1, 1))
    other.replace(path)
    assert templates.render("conciseness") == "New."


def test_the_text_of_a_file(tmp_path: Path) -> None:
    text = '\ufeff\n Notes, {max_tokens}:\r\n{text}\r\n{text} {{text}} { } {"a": 1} {} {1} }{ é\n\n'
    write(tmp_path, "summary", text)
    found = Templates(tmp_path).render("summary", text="T", max_tokens=7)
    assert found == 'Notes, 7:\nT\nT {text} { } {"a": 1} {} {1} }{ é'


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    write(tmp_path, "persona", b"\xff{nothing}")
    (tmp_path / "conciseness.txt").write_text("not this one")
    assert Templates(tmp_path).render("conciseness") == Templates().render("conciseness")


# What a file may hold that cannot be used, and what is said of it.
UNFIT: list[tuple[str, bytes, str, str | None]] = [
    ("conciseness", b"", "is blank", None),
    ("conciseness", b"\xef\xbb\xbf \r\n\t", "is blank", None),
    ("conciseness", b"Be brief, {name}.", "unknown placeholder {name}; it may have none", "name"),
    ("conciseness", b"caf\xe9", "is not UTF-8: byte 0xe9 at offset 3", None),
    ("conciseness", "Brief".encode("utf-16"), "is not UTF-8", None),
    ("conciseness", b"x" * ((1 << 20) + 1), "has more than 1048576 bytes", None),
    ("summary", b"Sum up {txt}", "unknown placeholder {txt}", "txt"),
    ("summary", b"Sum up in {max_tokens} {{text}}", "lacks the placeholder {text}", "text"),
    ("summary_message", b"Notes: { summary }", "lacks the placeholder {summary}", "summary"),
]


@pytest.mark.parametrize(("name", "data", "message", "placeholder"), UNFIT)
def test_unfit_files_are_refused_at_the_start(
    tmp_path: Path, name: str, data: bytes, message: str, placeholder: str | None
) -> None:
    path = write(tmp_path, name, data)
    with pytest.raises(TemplateError, match=re.escape(message)) as info:
        Templates(tmp_path)
    assert (info.value.name, info.value.path) == (name, str(path))
    assert info.value.placeholder == placeholder
    assert str(path) in str(info.value)


@pytest.mark.parametrize(("name", "data", "message", "placeholder"), UNFIT)
def test_later_they_change_nothing_and_are_logged_once(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    name: str,
    data: bytes,
    message: str,
    placeholder: str | None,
) -> None:
    values = VALUES[name]
    good = "Mine:" + "".join(f" {{{each}}}" for each in values)
    write(tmp_path, name, good)
    templates = Templates(tmp_path)
    expected = templates.render(name, **values)
    assert expected.startswith("Mine:")
    write(tmp_path, name, data)
    with caplog.at_level(logging.WARNING, "bpe.context.templates"):
        for _ in range(3):
            assert templates.render(name, **values) == expected
    assert len(caplog.records) == 1
    assert message in caplog.text
    assert "the text used last stays in use" in caplog.text
    with pytest.raises(TemplateError, match=re.escape(message)):
        templates.check()
    write(tmp_path, name, good + " again")
    assert templates.render(name, **values) == expected + " again"
    # Wrong once more: it is said once more.
    write(tmp_path, name, data)
    assert templates.render(name, **values) == expected + " again"
    assert len(caplog.records) == 2


def test_what_is_no_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    templates = Templates(tmp_path)
    place = tmp_path / f"conciseness{SUFFIX}"
    place.mkdir()
    with pytest.raises(TemplateError, match="conciseness"):
        Templates(tmp_path)
    assert templates.render("conciseness") == Templates().render("conciseness")
    assert len(caplog.records) == 1
    place.rmdir()
    if hasattr(os, "mkfifo"):
        os.mkfifo(place)
        with pytest.raises(TemplateError, match="is no file"):
            Templates(tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads all")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    write(tmp_path, "conciseness", "secret").chmod(0)
    with pytest.raises(TemplateError, match="cannot be read: Permission denied"):
        Templates(tmp_path)


def test_errors_of_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "conciseness", "text")
    templates = Templates(tmp_path)

    def refuse(*args: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("bpe.context.templates._read", refuse)
    with pytest.raises(TemplateError, match="cannot be read: Permission denied"):
        templates.check()
    assert templates.render("conciseness") == "text"


def test_the_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TemplateError, match="no directory of templates") as info:
        Templates(tmp_path / "missing")
    assert info.value.path == str(tmp_path / "missing")
    with pytest.raises(TemplateError, match="no directory of templates"):
        Templates(write(tmp_path, "conciseness", "Mine."))
    with pytest.raises(TokenTypeError, match="must be a path, not int"):
        Templates(3)  # type: ignore[arg-type]
    # A relative one stays what it was when it was given.
    monkeypatch.chdir(tmp_path)
    templates = Templates(".")
    monkeypatch.chdir(tmp_path.parent)
    assert templates.render("conciseness") == "Mine."


def test_a_directory_that_goes_away(tmp_path: Path) -> None:
    place = tmp_path / "prompts"
    place.mkdir()
    path = write(place, "conciseness", "Mine.")
    templates = Templates(place)
    assert templates.render("conciseness") == "Mine."
    path.unlink()
    place.rmdir()
    assert templates.render("conciseness") == Templates().render("conciseness")


def test_threads(tmp_path: Path) -> None:
    texts = [f"Text {n}." for n in range(20)]
    path = write(tmp_path, "conciseness", texts[0])
    templates = Templates(tmp_path)
    seen: set[str] = set()
    going = True

    def use() -> None:
        while going:
            seen.add(templates.render("conciseness"))

    threads = [Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for text in texts:
        scratch = tmp_path / "scratch"
        scratch.write_text(text)
        scratch.replace(path)
    going = False
    for thread in threads:
        thread.join()
    assert seen <= set(texts)
    assert templates.render("conciseness") == texts[-1]

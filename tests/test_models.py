"""The table of models: how a name is found in it, what it says, and what users add to it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import bpe
from bpe import models
from bpe._model_rows import ROWS
from bpe.context.deepseek import FORMATS
from bpe.errors import ArgumentError, TokenTypeError, UnknownEncodingError
from bpe.models import (
    FRAMINGS,
    find_model,
    get_model_limits,
    match_model,
    model_names,
    register_model,
    register_models,
)

NAMES = [name.rstrip("*") for names, *_ in ROWS for name in names.split()]


@pytest.fixture(autouse=True)
def fresh_table(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a test registers is gone after it, and the environment's models stay outside."""
    monkeypatch.delenv("BPE_MODELS", raising=False)
    before = models._table
    models._table = None
    yield
    models._table = before


# ---- encodings


def test_all_of_tiktokens_table() -> None:
    model = pytest.importorskip("tiktoken.model")
    for name, encoding in model.MODEL_TO_ENCODING.items():
        assert bpe.encoding_name_for_model(name) == encoding
        assert name in model_names()
    for prefix, encoding in model.MODEL_PREFIX_TO_ENCODING.items():
        assert bpe.encoding_name_for_model(prefix.rstrip("-") + "-x") == encoding


@pytest.mark.parametrize(
    ("model", "encoding"),
    [
        ("gpt-4", "cl100k_base"),
        ("gpt-4-0613", "cl100k_base"),
        ("gpt-4-32k", "cl100k_base"),
        ("gpt-4-turbo", "cl100k_base"),
        ("gpt-4o", "o200k_base"),
        ("gpt-4o-2024-08-06", "o200k_base"),
        ("chatgpt-4o-latest", "o200k_base"),
        ("gpt-4.1-mini", "o200k_base"),
        ("gpt-5", "o200k_base"),
        ("gpt-5.1-codex", "o200k_base"),
        ("gpt-5.9", "o200k_base"),
        ("gpt-5-mini", "o200k_base"),
        ("gpt-oss", "o200k_harmony"),
        ("gpt-oss-120b", "o200k_harmony"),
        ("gpt-oss:20b", "o200k_harmony"),
        ("o1", "o200k_base"),
        ("o3-pro", "o200k_base"),
        ("o4", "o200k_base"),
        ("o4-mini-2025-04-16", "o200k_base"),
        ("gpt-realtime", "o200k_base"),
        ("gpt-realtime-mini", "o200k_base"),
        ("codex-mini", "o200k_base"),
        ("codex-mini-latest", "o200k_base"),
        ("ft:gpt-4o:org::id", "o200k_base"),
        ("ft:gpt-4.1-mini-2025-04-14:org::id", "o200k_base"),
        ("ft:gpt-4:org::id", "cl100k_base"),
        ("gpt-35-turbo-16k", "cl100k_base"),
        ("deepseek-chat", "deepseek_v3"),
        ("deepseek-reasoner", "deepseek_v3"),
        ("deepseek-v3", "deepseek_v3"),
        ("deepseek-v3.1", "deepseek_v3"),
        ("deepseek-v3.1-terminus", "deepseek_v3"),
        ("deepseek-v3.2-exp", "deepseek_v3"),
        ("deepseek-r1", "deepseek_v3"),
        ("deepseek-r1-0528", "deepseek_v3"),
        ("deepseek-r1:671b", "deepseek_v3"),
        ("deepseek-v4", "deepseek_v3"),
        ("deepseek-v4-pro", "deepseek_v3"),
        ("deepseek-v4.1-flash", "deepseek_v3"),
        ("text-embedding-3-small", "cl100k_base"),
    ],
)
def test_encodings(model: str, encoding: str) -> None:
    assert bpe.encoding_name_for_model(model) == encoding
    assert bpe.encoding_name_for_model(f"provider/{model}") == encoding
    assert bpe.encoding_name_for_model(f"gateway/provider/{model.upper()}") == encoding


@pytest.mark.parametrize(
    "model",
    [
        "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B",
        "DeepSeek-R1-0528-Qwen3-8B",
        "deepseek-r1:7b",
        "claude-3-5-sonnet",
        "gemini-1.5-pro",
        "meta-llama/Llama-3.1-8B-Instruct",
        "gpt-6-astra",
    ],
)
def test_models_with_another_vocabulary_are_refused(model: str) -> None:
    assert find_model(model) is not None
    with pytest.raises(UnknownEncodingError, match="not bundled"):
        bpe.encoding_name_for_model(model)
    with pytest.raises(UnknownEncodingError, match="not bundled"):
        bpe.load(model)


@pytest.mark.parametrize(
    "model", ["", "gpt", "gpt-4p", "gpt-4.2", "o11", "cl100k_base", "o200k_base", "/", "ft:", "-"]
)
def test_unknown(model: str) -> None:
    assert match_model(model) is None
    with pytest.raises(KeyError, match=r"no known model|no model but an encoding"):
        bpe.encoding_name_for_model(model)
    with pytest.raises(ValueError, match=r"no known model|no model but an encoding"):
        bpe.encoding_name_for_model(model)


def test_near_matches_are_named() -> None:
    with pytest.raises(UnknownEncodingError, match="gpt-4o") as caught:
        bpe.encoding_name_for_model("gpt4o")
    assert "gpt-4o" in caught.value.near
    assert caught.value.name == "gpt4o"


def test_not_a_str() -> None:
    for unfit in (None, 4, b"gpt-4"):
        for function in (bpe.encoding_name_for_model, match_model, get_model_limits):
            with pytest.raises(TokenTypeError, match="model name"):
                function(unfit)  # type: ignore[arg-type]


# ---- names


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("gpt-4", "gpt-4"),
        ("gpt-4:latest", "gpt-4"),
        ("gpt-4-0613", "gpt-4"),
        ("gpt-4.1", "gpt-4.1"),
        ("gpt-4.1-mini-2025-04-14", "gpt-4.1-mini"),
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("gpt-4o-2024-05-13", "gpt-4o-2024-05-13"),
        ("gpt-4o-20240806", "gpt-4o"),
        ("gpt-4o-240806", "gpt-4o"),
        ("gpt-4-1106-preview", "gpt-4-1106"),
        ("gpt-3.5-turbo-0301", "gpt-3.5-turbo-0301"),
        ("gpt-35-turbo-0301", "gpt-35-turbo-0301"),
        ("GPT-4o", "gpt-4o"),
        ("openai/gpt-4o", "gpt-4o"),
        ("openrouter/openai/gpt-4o-mini", "gpt-4o-mini"),
        ("azure/eu/gpt-4o", "gpt-4o"),
        ("openai:gpt-4o", "gpt-4o"),
        ("mistral:mistral-large-2407", "mistral-large-2407"),
        ("mistral:latest", "mistral"),
        ("ft:gpt-4o-2024-08-06:org:name:id", "gpt-4o"),
        ("ft:gpt-3.5-turbo-0125:org::id", "gpt-3.5-turbo"),
        ("o4-mini-2025-04-16", "o4-mini"),
        ("deepseek-ai/DeepSeek-V3-0324", "deepseek-v3"),
        ("claude-3-5-sonnet@20240620", "claude-3-5-sonnet"),
        ("claude-3-5-sonnet-latest", "claude-3-5-sonnet"),
        ("anthropic/claude-3.5-sonnet", "claude-3.5-sonnet"),
        ("claude-sonnet-4-20250514", "claude-sonnet-4"),
        ("claude-opus-4-1-20250805", "claude-opus-4-1"),
        ("us.anthropic.claude-haiku-4-5-20251001", "claude-haiku-4-5"),
        ("gemini-2.5-pro-preview-03-25", "gemini-2.5-pro"),
        ("gemini-2.5-flash-preview-09-2025", "gemini-2.5-flash"),
        ("mistral-large-2407", "mistral-large-2407"),
        ("grok-4-0709", "grok-4"),
    ],
)
def test_certain(name: str, row: str) -> None:
    match = match_model(name)
    assert match is not None
    assert (match.name, match.certain) == (row, True)


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("gpt-4o-my-variant", "gpt-4o"),
        ("gpt-4o-2024-13-06", "gpt-4o"),
        ("gpt-4o-2024-08-06-x", "gpt-4o"),
        ("gpt-4o-9999", "gpt-4o"),
        ("gpt-4o-٠٦١٣", "gpt-4o"),
        ("gpt-4o-", "gpt-4o"),
        ("gpt-4o:free", "gpt-4o"),
        ("gpt-5.9-mini", "gpt-5"),
        ("ft:gpt-4o-my-variant:org::id", "gpt-4o"),
        ("anthropic.claude-3-5-sonnet-20241022-v2:0", "claude-3-5-sonnet"),
        ("eu.anthropic.claude-3-5-sonnet-20241022-v2:0", "claude-3-5-sonnet"),
        ("meta.llama3-1-70b-instruct-v1:0", "llama3-1"),
        ("meta-llama/Meta-Llama-3.1-8B-Instruct", "meta-llama-3.1"),
        ("llama3.1:8b", "llama3.1"),
        ("qwen2.5:7b", "qwen2.5"),
        ("Qwen/Qwen3-235B-A22B", "qwen3"),
        ("deepseek-v3.1-other", "deepseek-v3.1"),
        ("deepseek-v4.1", "deepseek-v4.1"),
        ("deepseek-flash", "deepseek-flash"),
        ("deepseek-r1-0528", "deepseek-r1-0528"),
        ("DeepSeek-R1-0528-Qwen3-8B", "deepseek-r1-0528-qwen"),
        ("claude-opus-9", "claude"),
    ],
)
def test_uncertain(name: str, row: str) -> None:
    match = match_model(name)
    assert match is not None
    assert (match.name, match.certain) == (row, False)


@given(st.text(max_size=40))
def test_any_text_is_a_name_or_none(text: str) -> None:
    for name in (text, f"gpt-4o-{text}", f"a/{text}", f"ft:{text}", f"{text}:gpt-4"):
        match = match_model(name)
        if match is not None:
            assert name.lower().find(match.name) >= 0
        limits = get_model_limits(name)
        assert list(limits) == ["context_window", "max_completion"]
        assert 0 <= limits["max_completion"] <= limits["context_window"]


@given(
    st.sampled_from(NAMES),
    st.sampled_from(["-", ":", "@"]),
    st.text(st.characters(exclude_characters="/"), max_size=12),
)
def test_a_name_ends_where_another_word_begins(name: str, end: str, rest: str) -> None:
    match = match_model(f"{name}{end}{rest}")
    assert match is not None
    assert len(match.name) >= len(name)
    longer = match_model(f"{name}x")
    assert (
        longer is None
        or len(longer.name) < len(name)
        or name + "*" in {word for names, *_ in ROWS for word in names.split()}
    )


def test_a_name_of_any_length_costs_little() -> None:
    assert match_model("gpt-4o-" * 1_000_000) is None
    for number in range(5_000):
        match_model(f"gpt-4o-{number}")
    assert models._table is not None
    assert len(models._table.cache) <= 1024


# ---- what the rows say


def test_rows() -> None:
    encodings = set(bpe.list_encodings())
    seen: set[str] = set()
    for names, encoding, nearest, window, completion, framing, images in ROWS:
        for name in names.split():
            assert name not in seen, name
            seen.add(name)
            assert name == name.lower()
            assert "/" not in name
            assert "*" not in name[:-1]
        assert (encoding is None) != (nearest is None), names
        assert encoding is None or encoding in encodings
        assert nearest is None or nearest in encodings
        assert window is None or window > 0
        assert completion is None or (window is not None and 0 <= completion <= window), names
        assert framing in FRAMINGS
        assert framing.startswith("deepseek") == (encoding == "deepseek_v3"), names
        assert images is None or images[0] in ("tiles", "patches", "claude", "gemini", "fixed")
    assert seen >= {name for name in model_names() if name in seen}


@pytest.mark.parametrize(
    ("model", "window", "completion"),
    [
        ("gpt-4o", 128_000, 16_384),
        ("gpt-4o-mini", 128_000, 16_384),
        ("gpt-4", 8_192, 8_192),
        ("gpt-4-32k", 32_768, 8_192),
        ("gpt-4-turbo-2024-04-09", 128_000, 4_096),
        ("gpt-4.1", 1_047_576, 32_768),
        ("gpt-5", 400_000, 128_000),
        ("o1", 200_000, 100_000),
        ("gpt-3.5-turbo", 16_385, 4_096),
        ("claude-3-5-sonnet", 200_000, 8_192),
        ("claude-3-5-sonnet-20241022", 200_000, 8_192),
        ("anthropic.claude-3-5-sonnet-20241022-v2:0", 200_000, 8_192),
        ("claude-opus-4-20250514", 200_000, 32_000),
        ("gemini-1.5-pro", 2_000_000, 8_192),
        ("gemini-2.5-pro", 1_048_576, 65_536),
        ("text-embedding-3-small", 8_192, 0),
        ("mistral-large-4", 1_048_576, 2_000),
        ("claude", 8_000, 2_000),
        ("nobody-knows-it", 8_000, 2_000),
        ("", 8_000, 2_000),
    ],
)
def test_limits(model: str, window: int, completion: int) -> None:
    limits = get_model_limits(model)
    assert limits == {"context_window": window, "max_completion": completion}
    assert list(limits) == ["context_window", "max_completion"]


def test_limits_are_the_callers_own() -> None:
    get_model_limits("gpt-4o")["context_window"] = 1
    assert get_model_limits("gpt-4o")["context_window"] == 128_000


@pytest.mark.parametrize(
    ("model", "images"),
    [
        ("gpt-4o", ("tiles", 85, 170)),
        ("gpt-4.1", ("tiles", 85, 170)),
        ("gpt-4o-mini", ("tiles", 2833, 5667)),
        ("gpt-5", ("tiles", 70, 140)),
        ("o1", ("tiles", 75, 150)),
        ("o3", ("tiles", 75, 150)),
        ("gpt-4.1-mini", ("patches", 1.62, 1536)),
        ("gpt-4.1-nano", ("patches", 2.46, 1536)),
        ("gpt-5-mini", ("patches", 1.62, 1536)),
        ("gpt-5-nano", ("patches", 2.46, 1536)),
        ("o4-mini", ("patches", 1.72, 1536)),
        ("claude-3-5-sonnet", ("claude", 750, 1568, 1600)),
        ("gpt-4", None),
        ("gpt-3.5-turbo", None),
    ],
)
def test_images(model: str, images: tuple[object, ...] | None) -> None:
    found = find_model(model)
    assert found is not None
    assert found.images == images


@pytest.mark.parametrize(
    ("model", "framing"),
    [
        ("gpt-4o", "openai"),
        ("gpt-3.5-turbo-0301", "openai-0301"),
        ("gpt-3.5-turbo-0613", "openai"),
        ("deepseek-v3", "deepseek-v3"),
        ("deepseek-v3-0324", "deepseek-v3"),
        ("deepseek-v3-2412", "deepseek-v3-2412"),
        ("deepseek-ai/DeepSeek-V3-1226", "deepseek-v3-2412"),
        ("deepseek-v3-241226", "deepseek-v3-2412"),
        ("deepseek-v3.1-terminus", "deepseek-v3.1-terminus"),
        ("deepseek-v3.2-exp", "deepseek-v3.1-terminus"),
        ("deepseek-r1-0528", "deepseek-r1-0528"),
        ("deepseek-r1", "deepseek-r1"),
        ("text-davinci-003", "generic"),
        ("davinci", "generic"),
        ("text-embedding-3-small", "generic"),
        ("gpt-3.5-turbo-instruct", "generic"),
        ("deepseek-v3.1", "deepseek-v3.1"),
        ("deepseek-v3.2", "deepseek-v3.2"),
        ("deepseek-chat", "deepseek-v3.2"),
        ("deepseek-v4-pro", "deepseek-v4"),
        ("deepseek-r1-distill-qwen-7b", "generic"),
        ("claude-3-opus", "generic"),
    ],
)
def test_framings(model: str, framing: str) -> None:
    found = find_model(model)
    assert found is not None
    assert found.framing == framing


# ---- registering


def test_a_registered_model_is_found_by_its_name_and_versions() -> None:
    assert match_model("my-gpt") is None
    register_model(
        "My-GPT",
        encoding="o200k_base",
        context_window=32_000,
        max_completion=4_000,
        framing="openai",
        images=("tiles", 85, 170),
    )
    match = match_model("provider/my-gpt-2026-11-01")
    assert match is not None
    assert match.certain
    assert get_model_limits("my-gpt") == {"context_window": 32_000, "max_completion": 4_000}
    assert bpe.encoding_name_for_model("my-gpt") == "o200k_base"
    assert bpe.load("my-gpt") is bpe.load("o200k_base")
    assert "my-gpt" in model_names()
    assert match_model("my-gpt2") is None
    assert match.model.images == ("tiles", 85, 170)


def test_it_goes_before_the_table_and_keeps_what_is_left_out() -> None:
    register_model("gpt-4o", context_window=64_000)
    assert get_model_limits("gpt-4o-2024-08-06") == {
        "context_window": 64_000,
        "max_completion": 16_384,
    }
    assert bpe.encoding_name_for_model("gpt-4o") == "o200k_base"
    found = find_model("gpt-4o")
    assert found is not None
    assert (found.framing, found.images) == ("openai", ("tiles", 85, 170))
    # a longer name of the table stays what it was
    assert get_model_limits("gpt-4o-mini")["context_window"] == 128_000
    register_model("gpt-4o", context_window=1_000)
    assert get_model_limits("gpt-4o") == {"context_window": 1_000, "max_completion": 1_000}
    register_model("gpt-4o", max_completion=2_000)
    assert get_model_limits("gpt-4o") == {"context_window": 2_000, "max_completion": 2_000}


def test_encoding_and_nearest_replace_each_other() -> None:
    register_model("gpt-4o", nearest="cl100k_base")
    found = find_model("gpt-4o")
    assert found is not None
    assert (found.encoding, found.nearest) == (None, "cl100k_base")
    register_model("gpt-4o", encoding="deepseek_v3")
    found = find_model("gpt-4o")
    assert found is not None
    assert (found.encoding, found.nearest) == ("deepseek_v3", None)


def test_a_provider_can_have_its_own() -> None:
    register_model("azure/gpt-4o", context_window=50_000)
    register_model("gpt-4o", context_window=60_000)
    assert get_model_limits("azure/gpt-4o-2024-08-06")["context_window"] == 50_000
    assert get_model_limits("gateway/azure/gpt-4o")["context_window"] == 50_000
    assert get_model_limits("openai/gpt-4o")["context_window"] == 60_000
    assert get_model_limits("azure/gpt-4")["context_window"] == 8_192


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"encoding": "o200k"}, "encoding='o200k' is no bundled encoding"),
        ({"nearest": "gpt-4o"}, "nearest='gpt-4o' is no bundled encoding"),
        ({"encoding": 5}, "encoding must be a str"),
        ({"encoding": "o200k_base", "nearest": "o200k_base"}, "give one of them"),
        ({"context_window": 0}, "context_window=0 is below 1"),
        ({"context_window": "8k"}, "context_window must be an int"),
        ({"context_window": True}, "context_window must be an int"),
        ({"max_completion": -1}, "max_completion=-1 is below 0"),
        ({"context_window": 5, "max_completion": 6}, "max_completion=6 is more than"),
        ({"framing": "openai2"}, "framing='openai2' is none of openai"),
        ({"images": ("tiles", 85)}, "is no rule"),
        ({"images": ("squares", 85, 170)}, "is no rule"),
        ({"images": ("tiles", 85, "170")}, "is no rule"),
        ({"images": ("tiles", 85, float("nan"))}, "is no rule"),
        ({"images": ([], 85)}, "is no rule"),
        ({"images": 85}, "is no rule"),
    ],
)
def test_unfit_values(values: dict[str, object], message: str) -> None:
    with pytest.raises((ArgumentError, TokenTypeError, UnknownEncodingError)) as caught:
        register_model("my-gpt", **values)  # type: ignore[arg-type]
    assert message in str(caught.value)
    assert "'my-gpt'" in str(caught.value)
    assert match_model("my-gpt") is None


@pytest.mark.parametrize("name", ["", "/", "a/", "ft:gpt-4o", "openai:gpt-4o", "us.x", "a" * 513])
def test_unfit_names(name: str) -> None:
    with pytest.raises(ArgumentError, match="cannot be a model's name"):
        register_model(name, encoding="o200k_base")


def test_a_name_of_another_type() -> None:
    with pytest.raises(TokenTypeError, match="must be a str"):
        register_model(5, encoding="o200k_base")  # type: ignore[arg-type]


def test_from_many_threads() -> None:
    def work(number: int) -> None:
        for turn in range(50):
            register_model(f"mine-{number}-{turn}", nearest="o200k_base", context_window=turn + 1)
            assert get_model_limits(f"mine-{number}-{turn}")["context_window"] == turn + 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(8):
        for turn in range(50):
            assert get_model_limits(f"mine-{number}-{turn}")["context_window"] == turn + 1


# ---- files

FILE = """
[models."my-gpt"]
encoding = "o200k_base"
context_window = 32_000
max_completion = 4_000
framing = "openai"
images = ["patches", 1.62, 1536]

[models."gpt-4o"]
context_window = 64_000
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "models.toml"
    path.write_text(FILE)
    return path


def test_a_file(file: Path) -> None:
    register_models(file)
    assert get_model_limits("my-gpt-latest") == {"context_window": 32_000, "max_completion": 4_000}
    assert get_model_limits("gpt-4o") == {"context_window": 64_000, "max_completion": 16_384}
    found = find_model("my-gpt")
    assert found is not None
    assert found.images == ("patches", 1.62, 1536)


def test_the_environments_file_is_read_at_the_first_look_up(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BPE_MODELS", str(file))
    assert get_model_limits("gpt-4o")["context_window"] == 64_000
    register_model("gpt-4o", context_window=65_000)
    assert get_model_limits("gpt-4o")["context_window"] == 65_000


def test_what_is_registered_comes_after_the_environment(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BPE_MODELS", str(file))
    register_model("gpt-4o", context_window=65_000)
    assert get_model_limits("gpt-4o")["context_window"] == 65_000
    assert get_model_limits("my-gpt")["context_window"] == 32_000


def test_an_unfit_file_of_the_environment_is_named_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "none.toml"
    monkeypatch.setenv("BPE_MODELS", str(path))
    for _ in range(2):
        with pytest.raises(ArgumentError, match=r"none\.toml \(BPE_MODELS\)"):
            get_model_limits("gpt-4o")
    # encodings are no models
    assert bpe.load("cl100k_base").name == "cl100k_base"
    path.write_text(FILE)
    assert get_model_limits("gpt-4o")["context_window"] == 64_000


def test_the_environment_is_not_read_at_import(tmp_path: Path) -> None:
    program = (
        "import sys, bpe; assert not {'tomllib', 'bpe._model_rows', 'bpe._model_checks'} & "
        "set(sys.modules); bpe.load('gpt2')"
    )
    environment = {**os.environ, "BPE_MODELS": str(tmp_path / "none.toml")}
    subprocess.run([sys.executable, "-c", program], check=True, env=environment)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[models."my-gpt"]\nencodings = "o200k_base"', "has no value 'encodings'"),
        ('[models."my-gpt"]\ncontext_window = 1.5', "context_window must be an int"),
        ('[models."my-gpt"]\nencoding = "o200k"', "'o200k' is no bundled encoding"),
        ("[models]\nmy-gpt = 5", "'my-gpt' must be a table"),
        ('[model."my-gpt"]', "has no table 'model'"),
        ("models = 5", "models must be a table of tables"),
        ("[models", "cannot be read"),
        ('[models.""]', "cannot be a model's name"),
        (
            '[models.fine]\nnearest = "o200k_base"\n[models.unfit]\nframing = 5',
            "'unfit': framing=5",
        ),
    ],
)
def test_unfit_files(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "models.toml"
    path.write_text(text)
    with pytest.raises((ArgumentError, TokenTypeError, UnknownEncodingError)) as caught:
        register_models(path)
    assert message in str(caught.value)
    assert "models.toml" in str(caught.value)
    assert match_model("fine") is None, "all or none"


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe")
    for path in (tmp_path, tmp_path / "none.toml", binary, "no\0path"):
        with pytest.raises(ArgumentError, match="cannot be read"):
            register_models(path)


def test_deepseek_framings_are_formats() -> None:
    names = {name.removeprefix("deepseek-") for name in FRAMINGS if name.startswith("deepseek-")}
    assert names <= set(FORMATS)

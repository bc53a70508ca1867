"""TokenOptimizationConfig: its defaults, its sources, and what it refuses."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpe.context import TokenOptimizationConfig
from bpe.errors import ArgumentError, TokenTypeError

DEFAULTS: dict[str, Any] = {
    "enabled": True,
    "context_window_tokens": 8192,
    "response_headroom_ratio": 0.25,
    "compaction_trigger_ratio": 0.70,
    "max_summary_tokens": 256,
    "system_prompt_budget_ratio": 0.15,
    "rag_budget_ratio": 0.15,
    "repetition_detection_enabled": True,
    "repetition_ngram_size": 3,
    "repetition_threshold": 0.3,
    "max_tools_per_request": 8,
    "output_max_tokens": 512,
    "frequency_penalty": 1.1,
    "presence_penalty": 0.6,
    "progressive_tool_compression": True,
    "conciseness_pressure_threshold": 0.7,
    "tool_result_max_tokens": 100,
    "max_history_tokens": 4096,
    "max_profile_prompt_tokens": 300,
    "prompt_template_dir": None,
    "tokenizer_model": None,
}
RATIOS = [name for name in DEFAULTS if name.endswith(("_ratio", "_threshold"))]
COUNTS = [name for name, value in DEFAULTS.items() if type(value) is int]
SWITCHES = [name for name, value in DEFAULTS.items() if type(value) is bool]


def config_with(name: str, value: Any) -> TokenOptimizationConfig:
    given: dict[str, Any] = {name: value}
    return TokenOptimizationConfig(**given)


def test_defaults() -> None:
    assert dataclasses.asdict(TokenOptimizationConfig()) == DEFAULTS


def test_frozen() -> None:
    config = TokenOptimizationConfig()
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.enabled = False  # type: ignore[misc]
    assert hash(config) == hash(TokenOptimizationConfig())


def test_budgets() -> None:
    config = TokenOptimizationConfig()
    assert config.prompt_budget == 6144
    assert (config.system_cap, config.rag_cap) == (1228, 1228)
    assert config.history_cap() == 6144 - 1228 - 1228
    assert config.history_cap(1000) == 2688
    assert config.history_cap(10**6) == 0
    assert config.for_model("gpt-4o").history_cap() == 4096
    # Not one less because 1 - 0.9 is a little below 0.1.
    odd = TokenOptimizationConfig(context_window_tokens=1000, response_headroom_ratio=0.9)
    assert odd.prompt_budget == 100


def test_for_model() -> None:
    assert TokenOptimizationConfig.for_model("gpt-4o").context_window_tokens == 128_000
    config = TokenOptimizationConfig(max_tools_per_request=3).for_model("gpt-4o")
    assert (config.context_window_tokens, config.max_tools_per_request) == (128_000, 3)


def test_request_params() -> None:
    assert TokenOptimizationConfig(output_max_tokens=9).request_params == {
        "max_tokens": 9,
        "frequency_penalty": 1.1,
        "presence_penalty": 0.6,
    }


@pytest.mark.parametrize("name", RATIOS)
def test_ratios(name: str) -> None:
    for value in (0.0, 1.0, 0.5):
        assert getattr(config_with(name, value), name) == value
    wrong: tuple[Any, ...] = (-0.01, 1.01, float("nan"), float("inf"), True, "0.5", None)
    for value in wrong:
        with pytest.raises(ArgumentError, match=name):
            config_with(name, value)


@pytest.mark.parametrize("name", COUNTS)
def test_counts(name: str) -> None:
    assert getattr(config_with(name, 1), name) == 1
    wrong: tuple[Any, ...] = (0, -1, 1.0, True, "1", None)
    for value in wrong:
        with pytest.raises(ArgumentError, match=name):
            config_with(name, value)


@pytest.mark.parametrize("name", SWITCHES)
def test_switches(name: str) -> None:
    wrong: tuple[Any, ...] = (0, 1, "true", None)
    for value in wrong:
        with pytest.raises(ArgumentError, match=name):
            config_with(name, value)


def test_penalties_and_names() -> None:
    assert TokenOptimizationConfig(frequency_penalty=-2).frequency_penalty == -2
    wrong: tuple[tuple[str, Any], ...] = (
        ("presence_penalty", 2.1),
        ("frequency_penalty", None),
        ("tokenizer_model", ""),
        ("tokenizer_model", Path("x")),
        ("prompt_template_dir", 3),
    )
    for name, value in wrong:
        with pytest.raises(ArgumentError, match=name):
            config_with(name, value)


def test_mapping() -> None:
    made = TokenOptimizationConfig.from_mapping({"max_tools_per_request": 2})
    assert made == TokenOptimizationConfig(max_tools_per_request=2)
    with pytest.raises(
        ArgumentError, match=r"max_tool_per_request.*max_tools_per_request is meant"
    ):
        TokenOptimizationConfig.from_mapping({"max_tool_per_request": 2})


def test_toml(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(
        "[other]\nx = 1\n[token_optimization]\nenabled = false\nrag_budget_ratio = 0\n"
        'tokenizer_model = "gpt-4"\n'
    )
    assert TokenOptimizationConfig.from_toml(path) == TokenOptimizationConfig(
        enabled=False, rag_budget_ratio=0, tokenizer_model="gpt-4"
    )
    path.write_text("[other]\n")
    assert TokenOptimizationConfig.from_toml(path) == TokenOptimizationConfig()
    for text, told in (
        ("[token_optimization]\nspeed = 1\n", "speed"),
        ("token_optimization = 3\n", "must be a table"),
        ("[token_optimization\n", "no TOML"),
        ("[token_optimization]\nmax_history_tokens = 0\n", "max_history_tokens"),
    ):
        path.write_text(text)
        with pytest.raises(ArgumentError, match=told):
            TokenOptimizationConfig.from_toml(path)
    path.write_bytes(b"\xff")
    with pytest.raises(ArgumentError, match="no TOML"):
        TokenOptimizationConfig.from_toml(path)
    with pytest.raises(FileNotFoundError):
        TokenOptimizationConfig.from_toml(tmp_path / "missing.toml")


def test_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environ = {
        "TOKEN_OPTIMIZATION__CONTEXT_WINDOW_TOKENS": " 32000 ",
        "TOKEN_OPTIMIZATION__ENABLED": "Off",
        "TOKEN_OPTIMIZATION__RAG_BUDGET_RATIO": "0.2",
        "TOKEN_OPTIMIZATION__TOKENIZER_MODEL": "none",
        "OTHER": "1",
    }
    made = TokenOptimizationConfig.from_env(environ)
    assert made == TokenOptimizationConfig(
        context_window_tokens=32000, enabled=False, rag_budget_ratio=0.2
    )
    for name, text in (
        ("MAX_TOOLS_PER_REQUEST", "many"),
        ("MAX_TOOLS_PER_REQUEST", "2.5"),
        ("RAG_BUDGET_RATIO", "x"),
        ("ENABLED", "perhaps"),
        ("RAG_BUDGET", "1"),
    ):
        with pytest.raises(ArgumentError, match=f"(?i){name}"):
            TokenOptimizationConfig.from_env({f"TOKEN_OPTIMIZATION__{name}": text})
    # Variables go over the file.
    path = tmp_path / "settings.toml"
    path.write_text("[token_optimization]\nmax_summary_tokens = 5\ncontext_window_tokens = 9\n")
    both = TokenOptimizationConfig.load(path, environ)
    assert (both.max_summary_tokens, both.context_window_tokens) == (5, 32000)
    monkeypatch.setenv("TOKEN_OPTIMIZATION__MAX_SUMMARY_TOKENS", "6")
    assert TokenOptimizationConfig.load(path).max_summary_tokens == 6
    assert TokenOptimizationConfig.from_env().max_summary_tokens == 6


@given(
    window=st.integers(1, 10**7),
    ratios=st.tuples(*[st.floats(0, 1) for _ in range(3)]),
    tools=st.integers(0, 10**5),
)
def test_budgets_are_within_the_window(
    window: int, ratios: tuple[float, float, float], tools: int
) -> None:
    headroom, system, rag = ratios
    config = TokenOptimizationConfig(
        context_window_tokens=window,
        response_headroom_ratio=headroom,
        system_prompt_budget_ratio=system,
        rag_budget_ratio=rag,
    )
    assert 0 <= config.prompt_budget <= window
    assert 0 <= config.history_cap(tools) <= min(config.max_history_tokens, config.prompt_budget)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    "name",
    [
        "context_window_tokens",
        "max_history_tokens",
        "rag_budget_ratio",
        "presence_penalty",
        "enabled",
        "tokenizer_model",
    ],
)
def test_huge_numbers(name: str, sign: int) -> None:
    for number in (10**400, 10**5000):
        arguments: dict[str, Any] = {name: sign * number}
        with pytest.raises(ArgumentError, match=name):
            TokenOptimizationConfig(**arguments)


def test_counts_have_a_largest() -> None:
    assert TokenOptimizationConfig(context_window_tokens=2**62).prompt_budget > 0
    with pytest.raises(ArgumentError, match="at most"):
        TokenOptimizationConfig(context_window_tokens=2**62 + 1)


def test_a_huge_number_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(f"[token_optimization]\nmax_history_tokens = {'9' * 5000}\n")
    with pytest.raises(ArgumentError):
        TokenOptimizationConfig.from_toml(path)


@pytest.mark.parametrize("values", [None, 3, "enabled", [("enabled", True)]])
def test_from_what_is_no_mapping(values: Any) -> None:
    with pytest.raises(TokenTypeError, match="mapping"):
        TokenOptimizationConfig.from_mapping(values)

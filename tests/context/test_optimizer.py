"""TokenOptimizer: thresholds, plan, summarisers, threads, and what it refuses."""

from __future__ import annotations

import asyncio
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from bpe import count_messages
from bpe.context import TokenOptimizationConfig, TokenOptimizer
from bpe.context.steps import STEPS
from bpe.context.steps.conciseness import CONCISENESS_MARK
from bpe.context.steps.state import SUMMARY_MARK
from bpe.errors import ArgumentError, BudgetError, TokenCountError, TokenTypeError

Message = dict[str, Any]
WORDS = "word " * 20


def chat(turns: int, text: str = WORDS) -> list[Message]:
    messages: list[Message] = [{"role": "system", "content": "You are helpful."}]
    for turn in range(turns):
        messages.append({"role": "user", "content": f"Question {turn}: {text}"})
        messages.append({"role": "assistant", "content": f"Answer {turn}: {text}"})
    return [*messages, {"role": "user", "content": "What now?"}]


def optimizer(window: int = 1000, **more: Any) -> TokenOptimizer:
    config = TokenOptimizationConfig(context_window_tokens=window)
    return TokenOptimizer(config, **more)


def test_the_steps_in_their_order() -> None:
    assert [step.name for step in STEPS] == [
        "rag",
        "conciseness",
        "tools",
        "tool_results",
        "system_prompt",
        "history",
        "summary",
    ]


def test_below_both_thresholds_nothing_changes() -> None:
    messages = chat(3)
    tools = [{"type": "function", "function": {"name": "now", "description": "A. B."}}] * 9
    result = optimizer(4000).optimize_with_tools(messages, tools)
    assert result.conversation is messages
    assert result.tools is tools
    assert result.plan.steps == ()
    assert result.request_params == {
        "max_tokens": 512,
        "frequency_penalty": 1.1,
        "presence_penalty": 0.6,
    }
    assert result.metrics["saved_tokens"] == 0
    assert optimizer(4000).optimize(tuple(messages)).conversation == messages


def test_the_pressure_threshold_is_the_first_that_acts() -> None:
    messages = chat(3)
    tokens = count_messages(messages, "gpt-4o")
    for threshold, acts in ((tokens / 6144, True), ((tokens + 1) / 6144, False)):
        config = TokenOptimizationConfig(conciseness_pressure_threshold=threshold)
        result = TokenOptimizer(config).optimize(messages)
        assert result.plan.fired == (("conciseness",) if acts else ())


def test_the_history_may_reach_its_trigger() -> None:
    messages = chat(12)
    history = count_messages(messages[1:], "gpt-4o") - 3
    # The history's cap is max_history_tokens here, and the trigger the whole of it.
    for cap, acts in ((history, False), (history - 1, True)):
        config = TokenOptimizationConfig(max_history_tokens=cap, compaction_trigger_ratio=1)
        result = TokenOptimizer(config).optimize(messages)
        assert result.plan.fired == (("history",) if acts else ())
        assert result.plan.history_tokens <= cap


def test_caps_and_tools_in_use_are_taken_from_the_history() -> None:
    tools = [{"type": "function", "function": {"name": "now", "description": "time " * 100}}]
    bare = optimizer(1000).optimize(chat(1)).plan
    assert (bare.prompt_budget, bare.system_cap, bare.rag_cap) == (750, 150, 150)
    assert bare.history_cap == 450
    with_tools = optimizer(1000).optimize_with_tools(chat(1), tools).plan
    messages = chat(1)
    in_use = count_messages(messages, "gpt-4o", tools) - count_messages(messages, "gpt-4o")
    assert with_tools.history_cap == 450 - in_use


def test_plan_and_figures() -> None:
    messages = chat(20)
    result = optimizer().optimize(messages)
    plan = result.plan
    assert plan.fired == ("conciseness", "history")
    assert plan.steps[0].saved < 0 < plan.steps[1].saved
    assert plan.saved == sum(step.saved for step in plan.steps)
    assert plan.optimized_tokens == count_messages(result.conversation, "gpt-4o") <= 750
    assert result.metrics == {
        "original_tokens": plan.original_tokens,
        "optimized_tokens": plan.optimized_tokens,
        "saved_tokens": plan.saved,
        "saved_ratio": plan.saved / plan.original_tokens,
        "compacted": True,
        "messages_before": len(messages),
        "messages_after": len(result.conversation),
        "tools_before": 0,
        "tools_after": 0,
    }
    assert result.conversation[0] is messages[0]
    assert result.conversation[-2:] == messages[-2:]


def test_disabled() -> None:
    messages: list[Any] = [{"no": "message"}, 3]
    config = TokenOptimizationConfig(enabled=False)
    result = TokenOptimizer(config).optimize(messages)
    assert result.conversation is messages
    assert (result.plan.steps, result.request_params, result.metrics) == ((), {}, {})


def test_what_must_stay_and_does_not_fit() -> None:
    messages = [{"role": "user", "content": "word " * 900}]
    with pytest.raises(BudgetError, match="what must stay") as caught:
        optimizer().optimize(messages)
    assert caught.value.available == 750
    assert caught.value.needed == count_messages(messages, "gpt-4o")


def test_the_directive_is_taken_back_where_it_does_not_fit() -> None:
    messages = [{"role": "user", "content": "word " * 735}]
    result = optimizer().optimize(messages)
    assert result.conversation is messages
    assert result.plan.steps == ()
    assert result.plan.saved == 0


def test_malformed() -> None:
    with pytest.raises(TokenCountError) as caught:
        optimizer().optimize([{"role": "user", "content": "a"}, {"role": "user", "content": 3}])
    assert (caught.value.index, caught.value.path) == (1, "messages[1].content")
    with pytest.raises(TokenCountError):
        optimizer().optimize({"role": "user", "content": "a"})
    with pytest.raises(TokenCountError):
        optimizer().optimize_with_tools([], {"name": "tool"})


def test_arguments() -> None:
    with pytest.raises(ArgumentError):
        TokenOptimizer(preserve_last_n=-1)
    with pytest.raises(TokenTypeError):
        TokenOptimizer(preserve_last_n=1.0)  # type: ignore[arg-type]
    with pytest.raises(TokenTypeError):
        TokenOptimizer({"enabled": True})  # type: ignore[arg-type]
    with pytest.raises(TokenTypeError, match="summarizer"):
        TokenOptimizer(summarizer=3)  # type: ignore[arg-type]
    for markers in ("memory", [""], [("a",)], [("a", "")], [3]):
        with pytest.raises(ArgumentError, match="rag_markers"):
            TokenOptimizer(rag_markers=markers)  # type: ignore[arg-type]


def test_empty() -> None:
    assert optimizer().optimize([]).conversation == []
    assert optimizer(1000).optimize_with_tools([], []).tools == []


def test_an_estimate_leaves_room_for_its_error() -> None:
    class Guess:
        exact, error = False, 0.25

        def count(self, text: str) -> int:
            return len(text) // 4

    made = optimizer(counter=Guess())
    plan = made.optimize(chat(60)).plan
    assert plan.prompt_limit == 600
    assert plan.optimized_tokens * 1.25 <= 750


@pytest.mark.parametrize("model", ["deepseek-chat", "claude-sonnet-4-5", "llama-3"])
def test_other_framings(model: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = optimizer(model=model)
        messages = chat(25)
        result = made.optimize(messages)
        assert result.plan.optimized_tokens == count_messages(result.conversation, model)
        assert result.plan.original_tokens == count_messages(messages, model)
    assert result.plan.optimized_tokens <= result.plan.prompt_limit
    assert "history" in result.plan.fired


def test_the_tokenizer_model_goes_first() -> None:
    config = TokenOptimizationConfig(tokenizer_model="gpt-4")
    made = TokenOptimizer(config, model="gpt-4o")
    assert made.model == "gpt-4"
    messages = [{"role": "user", "content": "数据库已经迁移完毕。" * 9}]
    assert made.optimize(messages).plan.original_tokens == count_messages(messages, "gpt-4")


def test_templates_are_used(tmp_path: Path) -> None:
    (tmp_path / "conciseness.prompt.txt").write_text("Kurz, bitte!")
    config = TokenOptimizationConfig(context_window_tokens=1000, prompt_template_dir=tmp_path)
    made = TokenOptimizer(config).optimize(chat(20)).conversation
    assert made[1] == {"role": "system", "content": f"{CONCISENESS_MARK} Kurz, bitte!"}


# ---- metrics


class Told:
    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []

    def optimization(self, *, original: int, optimized: int, compacted: bool) -> None:
        self.calls.append({"original": original, "optimized": optimized, "compacted": compacted})


def test_metrics() -> None:
    told = Told()
    plan = optimizer(metrics=told).optimize(chat(20)).plan
    optimizer(9000, metrics=told).optimize(chat(1))
    first, second = told.calls
    assert first == {
        "original": plan.original_tokens,
        "optimized": plan.optimized_tokens,
        "compacted": True,
    }
    assert second["original"] == second["optimized"]
    assert not second["compacted"]


def test_metrics_that_fail_lose_nothing(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def optimization(self, **figures: Any) -> None:
            raise OSError("no metrics today")

    assert optimizer(metrics=Broken()).optimize(chat(20)).plan.saved > 0
    assert "no metrics today" in caplog.text


# ---- summarisers


class Model:
    """A summariser that tells what it was asked."""

    def __init__(self, answer: Any = "Port 8443 was chosen.") -> None:
        self.answer = answer
        self.asked: list[tuple[str, int]] = []

    def summarize(self, text: str, max_tokens: int) -> Any:
        self.asked.append((text, max_tokens))
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


class AsyncModel:
    """A summariser that is only async."""

    def __init__(self) -> None:
        self.threads: list[int] = []

    async def asummarize(self, text: str, max_tokens: int) -> str:
        self.threads.append(threading.get_ident())
        await asyncio.sleep(0)
        return "Port 8443 was chosen."


def test_a_summary_stands_after_the_system_messages() -> None:
    messages, model = chat(40), Model()
    result = optimizer(2000, summarizer=model).optimize(messages)
    assert result.plan.fired == ("conciseness", "summary")
    system, _, summary, *rest = result.conversation
    assert system is messages[0]
    assert summary["role"] == "user"
    assert summary["content"].startswith(SUMMARY_MARK)
    assert "Port 8443 was chosen." in summary["content"]
    # The newest stay as they are.
    assert len(rest) > 2
    assert all(new is old for new, old in zip(rest, messages[-len(rest) :], strict=True))
    text = "\n".join(asked for asked, _ in model.asked)
    for message in messages[1 : -len(rest)]:
        assert message["content"].strip() in text
    assert all(asked[1] <= 256 for asked in model.asked)
    for asked, most in model.asked:
        assert count_messages([{"role": "user", "content": asked}], "gpt-4o") + most <= 1500


def test_summaries_are_rolling() -> None:
    model = Model()
    made = optimizer(summarizer=model)
    first = made.optimize(chat(20)).conversation
    model.answer = "Port 8443, and then blue."
    before = len(model.asked)
    second = made.optimize([*first, *chat(12)[1:]]).conversation
    assert "Port 8443 was chosen." in model.asked[before][0]
    found = [each["content"] for each in second if SUMMARY_MARK in each["content"]]
    assert len(found) == 1
    assert "Port 8443, and then blue." in found[0]


@pytest.mark.parametrize(
    "answer",
    [RuntimeError("no model"), "", " \n", None, 3, "long " * 3000, StopIteration(), TimeoutError()],
    ids=repr,
)
@pytest.mark.parametrize("asynchronous", [False, True])
def test_what_fails_falls_back(answer: Any, asynchronous: bool) -> None:
    messages = chat(20)
    made = optimizer(summarizer=Model(answer))
    if asynchronous:
        result = asyncio.run(made.aoptimize(messages))
    else:
        result = made.optimize(messages)
    if answer and isinstance(answer, str) and answer.strip():
        # Too long a summary is cut, and fits.
        assert result.plan.fired[-1] == "summary"
        assert result.plan.optimized_tokens <= 750
        return
    assert result.plan.fired == ("conciseness", "history")
    assert "summariser failed" in result.plan.steps[-1].note
    assert result.conversation == optimizer().optimize(messages).conversation


def test_what_is_meant_to_stop_the_program_does() -> None:
    with pytest.raises(KeyboardInterrupt):
        optimizer(summarizer=Model(KeyboardInterrupt())).optimize(chat(20))


def test_every_form_of_summariser() -> None:
    async def afunction(text: str, max_tokens: int) -> str:
        return "Port 8443 was chosen."

    def function(text: str, max_tokens: int) -> str:
        return "Port 8443 was chosen."

    def returning(text: str, max_tokens: int) -> Any:
        return afunction(text, max_tokens)

    messages = chat(20)
    expected = optimizer(summarizer=Model()).optimize(messages)
    assert "summary" in expected.plan.fired
    for each in (AsyncModel(), afunction, function, returning, Model()):
        made = optimizer(summarizer=each)
        assert made.optimize(messages) == expected
        assert asyncio.run(made.aoptimize(messages)) == expected

        async def within_a_loop(made: TokenOptimizer = made) -> Any:
            return made.optimize(messages)

        assert asyncio.run(within_a_loop()) == expected


def test_a_summariser_that_is_async_runs_in_the_callers_loop() -> None:
    model = AsyncModel()
    asyncio.run(optimizer(summarizer=model).aoptimize(chat(20)))
    assert {*model.threads} == {threading.get_ident()}


def test_a_summariser_that_blocks_does_not_block_the_loop() -> None:
    ticks = 0
    answered = threading.Event()

    def slow(text: str, max_tokens: int) -> str:
        answered.wait(10)
        return "Port 8443 was chosen."

    async def tick() -> None:
        nonlocal ticks
        while ticks < 5:
            ticks += 1
            await asyncio.sleep(0.001)
        answered.set()

    async def both() -> Any:
        made = optimizer(summarizer=slow)
        return (await asyncio.gather(made.aoptimize(chat(20)), tick()))[0]

    assert "summary" in asyncio.run(both()).plan.fired
    assert ticks == 5


def test_cancelling_cancels() -> None:
    async def never(text: str, max_tokens: int) -> str:
        await asyncio.sleep(60)
        return ""

    async def main() -> None:
        await asyncio.wait_for(optimizer(summarizer=never).aoptimize(chat(20)), 0.05)

    with pytest.raises(TimeoutError):
        asyncio.run(main())


# ---- threads, time


def test_one_optimizer_serves_many_threads() -> None:
    made = optimizer()
    conversations = [chat(turns) for turns in range(5, 25)]
    alone = [made.optimize(each) for each in conversations]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(3):
            assert [*pool.map(made.optimize, conversations)] == alone


def test_linear() -> None:
    """Ten times as many messages take about ten times as long, and far less than a hundred."""
    made = optimizer(8192)

    def messages(turns: int) -> list[Message]:
        call = {"type": "function", "function": {"name": "read", "arguments": "{}"}}
        made: list[Message] = []
        for turn in range(turns):
            made += (
                {"role": "user", "content": f"<memory>Fact {turn} is {turn}.</memory> And {turn}?"},
                {"role": "assistant", "content": None, "tool_calls": [{**call, "id": f"a{turn}"}]},
                {"role": "tool", "tool_call_id": f"a{turn}", "content": f"line {turn}\n" * 60},
                {"role": "assistant", "content": f"It is done, number {turn}. All is well."},
            )
        return made

    def seconds(turns: int) -> float:
        given = messages(turns)
        begin = time.process_time()
        made.optimize(given)
        return time.process_time() - begin

    small = min(seconds(100) for _ in range(3))
    assert seconds(1000) < 30 * small


def test_numbers_too_long_to_be_written() -> None:
    with pytest.raises(ArgumentError, match="an integer of 166"):
        TokenOptimizer(preserve_last_n=-(10**5000))
    talk = [{"role": "user", "content": "one two " * 9000}]
    with pytest.raises(BudgetError, match="an integer of 166"):
        TokenOptimizer(preserve_last_n=10**5000).optimize(talk)

"""Each step on its own: what it takes, in which order, and what it leaves alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpe.context import TokenOptimizationConfig, TokenOptimizer
from bpe.context.steps.conciseness import Conciseness, directive_at
from bpe.context.steps.history import History
from bpe.context.steps.marks import RAG, blocks_of, compile_markers
from bpe.context.steps.rag import (
    REPEATED,
    REPEATED_ABOVE,
    RagDeduplication,
    resemblance,
    shingles,
)
from bpe.context.steps.sentences import Worth, first_sentence, sentences, words_of
from bpe.context.steps.slots import call_names, slots_of, with_texts
from bpe.context.steps.state import State
from bpe.context.steps.system_prompt import SystemPrompt
from bpe.context.steps.tool_results import ToolResults
from bpe.context.steps.tool_schemas import ToolSchemas, compressed, selected

Message = dict[str, Any]


def state(
    messages: list[Message], tools: list[Any] | None = None, last: int = 1, **config: Any
) -> State:
    """Under pressure, whatever the messages: every step has reason to act."""
    config.setdefault("conciseness_pressure_threshold", 0.0)
    made = TokenOptimizationConfig(**config)
    return TokenOptimizer(made, preserve_last_n=last)._state(messages, tools)


def user(text: str) -> Message:
    return {"role": "user", "content": text}


def calls(number: int, content: str, name: str = "read") -> list[Message]:
    call = {"id": f"c{number}", "type": "function", "function": {"name": name, "arguments": "{}"}}
    return [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": f"c{number}", "content": content},
    ]


# ---- 1

FACT = "The customer has lived in Lyon since May and prefers green tea to coffee in the mornings."


def test_rag_keeps_the_newest_of_equal_blocks() -> None:
    block = f"<memory>{FACT}</memory>"
    other = "<knowledge>The warehouse in Porto closes at six on all working days.</knowledge>"
    made = state(
        [user(f"{block} One?"), user(f"{other} Two?"), user(f"A {block} three?"), user(block)]
    )
    RagDeduplication()(made)
    assert [each["content"] for each in made.messages] == [
        f"{REPEATED} One?",
        f"{other} Two?",
        f"A {REPEATED} three?",
        block,
    ]


def test_rag_near_duplicates() -> None:
    # Long enough that one word is no more than a fifth of its shingles.
    long = " ".join(f"Sentence {number} tells {number * 7}." for number in range(20))
    near, far = long.replace("tells 0", "says 0"), long.replace("tells", "names")
    made = state([user(f"<memory>{text}</memory>") for text in (near, far, long)])
    RagDeduplication()(made)
    assert made.messages[0]["content"] == REPEATED
    assert made.messages[1]["content"] == f"<memory>{far}</memory>"
    assert (
        resemblance(shingles(near), shingles(long))
        >= 0.8
        > resemblance(shingles(far), shingles(long))
    )


def test_rag_stops_when_it_is_not_needed() -> None:
    block = f"<memory>{FACT * 3}</memory>"
    messages = [user(block) for _ in range(4)]
    config: dict[str, Any] = {
        "context_window_tokens": 320,
        "conciseness_pressure_threshold": 0.8,
    }
    made = state(messages, compaction_trigger_ratio=1, rag_budget_ratio=0, **config)
    assert made.needed
    RagDeduplication()(made)
    contents = [each["content"] for each in made.messages]
    assert contents[0] == REPEATED
    assert contents[-1] == contents[-2] == block


def test_rag_leaves_json_and_protected_messages() -> None:
    block = f"<memory>{FACT}</memory>"
    made = state([*calls(1, json.dumps({"a": block})), user(block), user(block)], last=2)
    before = [*made.messages]
    RagDeduplication()(made)
    assert made.messages == before


def test_rag_does_not_rely_on_a_result_that_is_cut_later() -> None:
    facts = " ".join(f"Fact {n}: item{n * 7} costs {n * 13} euro." for n in range(100))
    block = f"<memory>{facts}</memory>"
    talk = [
        user(f"{block} hi"),
        *calls(1, f"{block}\n" + "log line\n" * 300),
        user("next"),
        {"role": "assistant", "content": "fine"},
        user("go"),
    ]
    made = state(talk, last=2)
    RagDeduplication()(made)
    assert made.messages[0] == talk[0]
    assert made.messages[2]["content"].startswith(f"{REPEATED_ABOVE}\nlog line")
    config = TokenOptimizationConfig(context_window_tokens=4000)
    left = str(TokenOptimizer(config).optimize(talk).conversation)
    assert sum(f"item{n * 7} costs" in left for n in range(100)) > 50


def test_rag_keeps_a_newer_version_in_a_result() -> None:
    long = " ".join(f"Sentence {number} tells {number * 7}." for number in range(20))
    near = long.replace("tells 0", "says 0")
    talk = [user(f"<memory>{near}</memory>"), *calls(1, f"<memory>{long}</memory>"), user("Go")]
    made = state(talk)
    RagDeduplication()(made)
    assert made.messages == talk


@pytest.mark.parametrize(("ratio", "left"), [(0.5, REPEATED_ABOVE), (0.0, None)])
def test_rag_relies_on_the_system_prompt_within_its_cap(ratio: float, left: str | None) -> None:
    block = f"<memory>{FACT}</memory>"
    talk = [{"role": "system", "content": block}, user(block), user("Go")]
    made = state(talk, rag_budget_ratio=ratio)
    RagDeduplication()(made)
    assert made.messages[1]["content"] == (left or block)


def test_markers() -> None:
    markers = compile_markers(("memory", ("{{", "}}"), "## Facts"), "rag_markers")
    text = 'a <Memory id="1">b</memory> {{c}} [MEMORY]d[/memory]\n## Facts\ne\n\nf <memory> g'
    found = [text[block.begin : block.end] for block in blocks_of(text, markers)]
    assert found == [
        '<Memory id="1">b</memory>',
        "{{c}}",
        "[MEMORY]d[/memory]",
        "## Facts\ne\n\n",
    ]


@given(st.text(alphabet="<>/[]memory \n", max_size=200))
def test_blocks_do_not_overlap(text: str) -> None:
    end = 0
    for block in blocks_of(text, compile_markers(RAG, "rag_markers")):
        assert end <= block.begin < block.inner <= block.outer < block.end <= len(text)
        end = block.end


# ---- 2


def test_the_directive_is_added_once() -> None:
    made = state([{"role": "developer", "content": "Be kind."}, user("Hello!")])
    Conciseness()(made)
    Conciseness()(made)
    assert [each["role"] for each in made.messages] == ["developer", "developer", "user"]
    assert directive_at(made.messages) == 1
    # Below the threshold it is not.
    calm = state([user("Hello!")], conciseness_pressure_threshold=1.0)
    Conciseness()(calm)
    assert not calm.changed


# ---- 3


def tool(name: str, description: str = "First. Second.") -> dict[str, Any]:
    return {
        "type": "function",
        "function": {
            "name": name,
            "description": description,
            "strict": True,
            "parameters": {
                "type": "object",
                "required": ["path"],
                "properties": {
                    "path": {"type": "string", "description": "Where, e.g. here. Or there."},
                    # A parameter of this name is no description.
                    "description": {"type": "array", "items": {"enum": ["a"], "description": "x"}},
                },
            },
        },
    }


def without_descriptions(value: Any) -> Any:
    if isinstance(value, list):
        return [without_descriptions(each) for each in value]
    if isinstance(value, dict):
        return {
            key: without_descriptions(each)
            for key, each in value.items()
            if key != "description" or not isinstance(each, str)
        }
    return value


def test_compressed() -> None:
    full = tool("read")
    short, bare = compressed(full, True), compressed(full, False)
    assert short["function"]["description"] == "First."
    properties = short["function"]["parameters"]["properties"]
    assert properties["path"]["description"] == "Where, e.g. here."
    assert without_descriptions(short) == without_descriptions(full) == bare
    assert full == tool("read")
    for other in ({"name": "n", "input_schema": {"description": "One. Two.", "type": "object"}},):
        assert compressed(other, True)["input_schema"]["description"] == "One."
    google = {"function_declarations": [{"name": "n", "description": "One. Two."}]}
    assert compressed(google, True) == {
        "function_declarations": [{"name": "n", "description": "One."}]
    }
    vendor = {"type": "web_search"}
    assert compressed(vendor, True) is vendor


def test_only_tools_that_were_called_are_compressed() -> None:
    tools = [tool("read"), tool("write")]
    made = state([user("Hello!"), *calls(1, "x"), user("And now?")], tools)
    ToolSchemas()(made)
    assert made.tools[1] is tools[1]
    assert made.tools[0] == without_descriptions(tools[0])
    assert made.total < TokenOptimizer()._state(made.messages, tools).total
    unchanged = state([user("Hello!"), *calls(1, "x")], tools, progressive_tool_compression=False)
    ToolSchemas()(unchanged)
    assert unchanged.tools is tools


def test_descriptions_stay_where_one_sentence_is_enough() -> None:
    tools = [tool("read", "First. " + "More of this. " * 200)]
    made = state(
        [*calls(1, "x"), user("And now?")],
        tools,
        conciseness_pressure_threshold=0.5,
        context_window_tokens=1000,
    )
    assert made.needed
    ToolSchemas()(made)
    assert made.tools[0]["function"]["description"] == "First."


def test_selection() -> None:
    tools = [tool(f"tool_{number}", f"About {number}.") for number in range(20)]
    tools[17] = tool("weather_report", "Forecasts of rain.")
    kept = selected(tools, "Will there be rain? Ask tool_3 and Tool 4!", {"tool_9"}, 5)
    assert kept == [0, 3, 4, 9, 17]
    # Those that are named or called stay beyond the limit.
    assert selected(tools, "tool_3 tool_4", {"tool_9"}, 1) == [3, 4, 9]
    assert selected(tools, "tool_31", (), 1) == [0]
    assert selected([{"type": "web_search"}, *tools], "", (), 1) == [0]
    made = state([user("tool_12, please")], tools)
    ToolSchemas()(made)
    assert len(made.tools) == 8
    assert tools[12] in made.tools


# ---- 4


def test_results_before_the_latest_user_message_are_cut() -> None:
    long = "\n".join(f"line {number}" for number in range(300))
    rows = json.dumps({"status": "ok", "rows": [*range(500)]})
    messages = [*calls(1, long), *calls(2, rows), user("Now?"), *calls(3, long), user_results(long)]
    made = state(messages, last=0, tool_result_max_tokens=40)
    ToolResults()(made)
    first, second = made.messages[1]["content"], made.messages[3]["content"]
    assert made.count_text(first) <= 40
    assert first.startswith("line 0\n")
    assert first.endswith("line 299")
    assert json.loads(second)["status"] == "ok"
    assert made.count_text(second) <= 40
    assert made.messages[4:] == messages[4:]


def test_lines_with_facts_stay_of_long_results() -> None:
    lines = [f"compiling the next of all the many files, {word}" for word in ("so", "then") * 150]
    lines[140] = "error: port 8443 is in use (src/server/main.rs)"
    made = state([*calls(1, "\n".join(lines)), user("Now?")])
    ToolResults()(made)
    text = made.messages[1]["content"]
    assert made.count_text(text) <= 100
    assert lines[140] in text
    assert text.startswith(lines[0])
    assert text.endswith(lines[-1])


def user_results(text: str) -> Message:
    part = {"type": "text", "text": text}
    return {
        "role": "user",
        "content": [{"type": "tool_result", "tool_use_id": "t", "content": [part, part]}],
    }


def test_a_result_of_several_texts_has_one_limit() -> None:
    made = state([user_results("word " * 300), user("Now?")], tool_result_max_tokens=50)
    ToolResults()(made)
    texts = [slot.text for slot in slots_of(made.messages[0])]
    assert len(texts) == 2
    assert 30 < sum(map(made.count_text, texts)) <= 50


# ---- 5

PROMPT = """You are the assistant of a bank.

# Rules
Never tell a password.

# Examples
{examples}

# Style
{style}

# Notes
{notes}
"""


def prompt(words: int) -> Message:
    text = "word " * words
    return {"role": "system", "content": PROMPT.format(examples=text, style=text, notes=text)}


@pytest.mark.parametrize(
    ("cap", "left"),
    [
        (400, ["Examples", "Style", "Notes"]),
        (250, ["Examples", "Style"]),
        (150, ["Style"]),
        (60, []),
    ],
)
def test_filler_goes_first_and_the_last_of_it_before(cap: int, left: list[str]) -> None:
    made = state(
        [prompt(90), user("Hello!")],
        context_window_tokens=1000,
        system_prompt_budget_ratio=cap / 1000,
    )
    SystemPrompt()(made)
    text = made.messages[0]["content"]
    assert "You are the assistant" in text
    assert "Never tell" in text
    assert [name for name in ("Examples", "Style", "Notes") if f"# {name}" in text] == left
    assert made.system_tokens <= cap


def test_the_prompt_is_trimmed_only_while_it_is_needed() -> None:
    messages = [prompt(90), user("Hello!")]
    made = state(messages, conciseness_pressure_threshold=0.8, context_window_tokens=400)
    threshold = 0.8 * made.config.prompt_budget
    assert made.total >= threshold
    SystemPrompt()(made)
    assert made.total < threshold
    # One section was enough, though the cap is still exceeded.
    assert "# Examples" in made.messages[0]["content"]
    assert made.system_tokens > made.config.system_cap


def test_profiles_are_capped() -> None:
    profile = "<profile>" + "He likes tea. " * 90 + "</profile>"
    made = state(
        [{"role": "system", "content": f"You help.\n\n{profile}\n\nAlways be kind."}, user("Hi!")],
        max_profile_prompt_tokens=40,
    )
    before = made.system_tokens
    SystemPrompt()(made)
    assert made.system_tokens < before
    assert 30 < made.system_tokens < 70
    assert made.messages[0]["content"].startswith("You help.\n\n<profile>He likes tea.")
    assert made.messages[0]["content"].endswith("Always be kind.")


# ---- 6


def test_facts_are_kept_and_talk_is_not() -> None:
    facts = [
        "We decided to use port 8443 for the gateway.",
        "The build failed with ValueError: bad token in src/app/main.py.",
        "The invoice of Ms. Okafor is number 20391.",
    ]
    talk = "I think that it is all quite nice so far and that we may go on like this for a while. "
    messages = [
        each
        for number in range(30)
        for each in (
            user(talk + (facts[number // 10] + " " if number % 10 == 5 else "") + talk),
            {"role": "assistant", "content": f"{talk} {talk}"},
        )
    ]
    made = state([*messages, user("What now?")], max_history_tokens=300)
    History()(made)
    assert made.history_tokens <= 210
    text = " ".join(each["content"] for each in made.messages)
    for fact in facts:
        assert fact in text
    assert text.count("I think") < 6


def test_calls_stay_with_their_results() -> None:
    messages = [user("Read it."), *calls(1, "The port is 8443. " + "Nothing here. " * 300)]
    made = state([*messages, user("Thanks."), user("Bye.")], max_history_tokens=100)
    History()(made)
    assert made.messages[1] is messages[1]
    assert made.messages[2]["content"].startswith("The port is 8443.")
    assert made.messages[2]["tool_call_id"] == "c1"


def test_json_is_kept_whole_or_cleared() -> None:
    rows = json.dumps([{"error": number} for number in range(300)])
    answer = [{"type": "text", "text": "The port is 8443."}]
    uses = [{"type": "tool_use", "id": "t", "name": "read", "input": {}}]
    made = state(
        [
            {"role": "assistant", "content": [*answer, *uses]},
            {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": "t", "content": rows}],
            },
            user("Thanks."),
        ],
        max_history_tokens=100,
    )
    History()(made)
    assert made.messages[0]["content"] == [*answer, *uses]
    assert made.messages[1]["content"][0]["content"].startswith("[cleared: ")


@given(st.text(alphabet="Ab. !?…。\n\"')1/x", max_size=300) | st.text(max_size=100))
def test_sentences_are_the_text(text: str) -> None:
    assert "".join(sentences(text)) == text
    assert all(0 < len(each) <= 600 for each in sentences(text * 40))
    assert first_sentence(text) in text


def test_worth() -> None:
    plain = "it is all quite nice so far and we may go on like this"
    worth = Worth([words_of(plain), words_of(plain), words_of("other words here")])
    least = worth.of(plain, words_of(plain))
    for more in ("with 42", "in src/main.py", "as Ada said", "with an error", "as we decided"):
        text = f"{plain} {more}"
        assert worth.of(text, words_of(plain)) > least + 0.5
    assert worth.of("other words here", words_of("other words here")) > worth.of(
        "all quite nice", words_of("all quite nice")
    )


# ---- slots


def test_slots_and_new_texts() -> None:
    message = {
        "role": "user",
        "content": [
            {"type": "text", "text": "a"},
            {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "b"}]},
            {"type": "thinking", "thinking": "no"},
            "c",
        ],
    }
    found = slots_of(message)
    assert [(slot.text, slot.result) for slot in found] == [("a", False), ("b", True), ("c", False)]
    made = with_texts(message, {found[0].path: None, found[1].path: "B"})
    assert made["content"] == [
        {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "B"}]},
        {"type": "thinking", "thinking": "no"},
        "c",
    ]
    assert message["content"][0] == {"type": "text", "text": "a"}


def test_call_names() -> None:
    assert [*call_names(calls(1, "", "one")[0])] == ["one"]
    assert [*call_names({"role": "assistant", "function_call": {"name": "two"}})] == ["two"]
    assert [*call_names({"type": "function_call", "name": "three"})] == ["three"]
    block = {"type": "tool_use", "name": "four"}
    assert [*call_names({"role": "assistant", "content": [block, {"type": "text"}]})] == ["four"]

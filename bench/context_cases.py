"""What bench/context.py measures: requests, and each peer's way to count their tokens.

A peer is made from nothing (it imports its library) and is called with a request; what it returns
is a number of tokens.
"""

from __future__ import annotations

import json
import os
import random
import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any

MODEL = "gpt-4o"
ENCODING = "o200k_base"
MESSAGES = 200
TOKENS = 10_000
LIMIT = 1_000
# litellm slices longer texts and counts the slices, which gives more tokens.
LONGEST = 1_024

Request = dict[str, Any]
Call = Callable[[Request], int]


# ---- requests


def requests(text: str, seed: int) -> Request:
    """A request of each case, from a text; another seed shares no message with it."""
    rng = random.Random(seed)
    return {
        "text": text,
        "messages": conversation(text, rng),
        "tools": tools(),
        "value": value(text, rng),
        "limit": LIMIT,
    }


def conversation(text: str, rng: random.Random) -> list[dict[str, Any]]:
    """200 messages: a system prompt, questions, answers, calls of tools and their results."""

    def some(least: int, most: int) -> str:
        length = rng.randint(least, most)
        start = rng.randrange(max(1, len(text) - length))
        return text[start : start + length]

    messages: list[dict[str, Any]] = [{"role": "system", "content": some(900, LONGEST)}]
    number = 0
    while len(messages) < MESSAGES:
        messages.append({"role": "user", "content": some(30, 600)})
        for _ in range(rng.randint(0, 2)):
            number += 1
            name = rng.choice(tools())["function"]["name"]
            arguments = json.dumps({"query": some(10, 80), "limit": rng.randint(1, 50)})
            called = {"name": name, "arguments": arguments}
            call = {"id": f"call_{number}", "type": "function", "function": called}
            messages.append({"role": "assistant", "content": None, "tool_calls": [call]})
            result = {"rows": [{"id": rng.randint(1, 10**6), "text": some(20, 120)}] * 2}
            content = json.dumps(result, ensure_ascii=False)[:LONGEST]
            messages.append({"role": "tool", "tool_call_id": f"call_{number}", "content": content})
        messages.append({"role": "assistant", "content": some(200, LONGEST)})
    return messages[:MESSAGES]


def tools() -> list[dict[str, Any]]:
    """Eight definitions, as an agent has them."""

    def tool(name: str, about: str, **properties: Any) -> dict[str, Any]:
        parameters = {
            "type": "object",
            "properties": {"query": {"type": "string", "description": "What."}, **properties},
            "required": ["query"],
        }
        function = {"name": name, "description": about, "parameters": parameters}
        return {"type": "function", "function": function}

    limit = {"type": "integer", "description": "How many."}
    kind = {"type": "string", "enum": ["file", "folder", "link"]}
    tags = {"type": "array", "items": {"type": "string"}}
    return [
        tool("search_files", "Finds files by their content.", limit=limit),
        tool("list_folder", "Lists a folder.", kind=kind),
        tool("read_file", "Reads a file from a line on.", line=limit, limit=limit),
        tool("write_file", "Writes a file.", content={"type": "string"}),
        tool("run_tests", "Runs the tests of a path.", tags=tags),
        tool("search_web", "Finds pages.", limit=limit, tags=tags),
        tool("get_weather", "The weather of a place.", unit={"type": "string", "enum": ["C", "F"]}),
        tool("remember", "Keeps a note for later.", tags=tags, kind=kind),
    ]


def value(text: str, rng: random.Random) -> dict[str, Any]:
    """About 100 kB of JSON."""
    rows = []
    for number in range(400):
        start = rng.randrange(max(1, len(text) - 160))
        rows.append(
            {
                "id": number,
                "title": text[start : start + 40],
                "body": text[start : start + 160],
                "score": round(rng.random(), 4),
                "tags": ["a", "b", None, True],
            }
        )
    return {"rows": rows, "next": None}


def names_and_ids(messages: list[dict[str, Any]]) -> tuple[list[str], list[str]]:
    """Names of called functions, which bpe counts, and ids of results, which litellm counts."""
    calls = [call for message in messages for call in message.get("tool_calls") or ()]
    names = [call["function"]["name"] for call in calls]
    ids = [message["tool_call_id"] for message in messages if "tool_call_id" in message]
    return names, ids


# ---- peers


def _tiktoken() -> Any:
    return import_module("tiktoken").get_encoding(ENCODING)


def _litellm() -> Any:
    # Else it asks the network for prices.
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    # It puts its own folder in the place of tiktoken's cache.
    os.environ["CUSTOM_TIKTOKEN_CACHE_DIR"] = os.environ["TIKTOKEN_CACHE_DIR"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return import_module("litellm").token_counter


def _langchain() -> tuple[Any, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        chat = import_module("langchain_openai").ChatOpenAI(model=MODEL, api_key="none")
        convert = import_module("langchain_core.messages").convert_to_messages
    return chat.get_num_tokens_from_messages, convert


def _text_bpe() -> Call:
    import bpe

    return lambda request: bpe.count_tokens(request["text"], MODEL)


def _text_tiktoken() -> Call:
    encode = _tiktoken().encode
    return lambda request: len(encode(request["text"], disallowed_special=()))


def _chat_bpe() -> Call:
    import bpe

    return lambda request: bpe.count_messages(request["messages"], MODEL, request["tools"])


def _chat_litellm() -> Call:
    count = _litellm()
    return lambda request: int(
        count(model=MODEL, messages=request["messages"], tools=request["tools"])
    )


def _chat_langchain() -> Call:
    count, convert = _langchain()
    converted: dict[int, Any] = {}

    def call(request: Request) -> int:
        # An application holds LangChain's own messages: making them is not timed.  Definitions of
        # tools would only give a warning that they are ignored.
        return int(count(converted[id(request)]))

    def setup(request: Request) -> Request:
        if id(request) not in converted:
            converted[id(request)] = convert(request["messages"])
        return request

    call.setup = setup  # type: ignore[attr-defined]
    return call


def _monitor_bpe() -> Call:
    from bpe.context import ContextMonitor

    monitor = ContextMonitor(MODEL)
    number = 0

    def setup(request: Request) -> Request:
        """The conversation but for its last message is known; the last one is new each time."""
        nonlocal number
        number += 1
        messages = [*request["messages"][:-1]]
        monitor.check_usage(messages)
        last = {"role": "user", "content": f"{number} {request['messages'][1]['content']}"}
        messages.append(last)
        return {**request, "messages": messages}

    def call(request: Request) -> int:
        return monitor.check_usage(request["messages"]).prompt_tokens

    call.setup = setup  # type: ignore[attr-defined]
    return call


def _json_bpe() -> Call:
    import bpe

    return lambda request: bpe.estimate_json_tokens(request["value"], MODEL)


def _json_tiktoken() -> Call:
    encode = _tiktoken().encode

    def call(request: Request) -> int:
        text = json.dumps(request["value"], ensure_ascii=False, separators=(",", ":"))
        return len(encode(text, disallowed_special=()))

    return call


def _limit_bpe() -> Call:
    import bpe

    count_up_to = bpe.load(ENCODING).count_up_to
    return lambda request: count_up_to(request["text"], request["limit"])


def _limit_all() -> Call:
    import bpe

    count = bpe.load(ENCODING).count
    return lambda request: min(count(request["text"]), request["limit"] + 1)


def _limit_tiktoken() -> Call:
    encode = _tiktoken().encode
    return lambda request: min(
        len(encode(request["text"], disallowed_special=())), request["limit"] + 1
    )


# Case -> peer -> how it is made.  The first peer is the one that is measured against the others.
CASES: dict[str, dict[str, Callable[[], Call]]] = {
    "text": {"bpe": _text_bpe, "tiktoken": _text_tiktoken},
    "chat": {"bpe": _chat_bpe, "litellm": _chat_litellm, "langchain": _chat_langchain},
    "monitor": {"bpe": _monitor_bpe},
    "json": {"bpe": _json_bpe, "tiktoken": _json_tiktoken},
    "limit": {"bpe": _limit_bpe, "bpe count": _limit_all, "tiktoken": _limit_tiktoken},
}
PACKAGES = {
    "tiktoken": "tiktoken",
    "litellm": "litellm",
    "langchain": "langchain-openai",
}

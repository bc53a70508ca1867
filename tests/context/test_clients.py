"""optimized_client: what is sent is optimized, all else is as without it."""

from __future__ import annotations

import asyncio
import copy
import functools
import json
import logging
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpe.context.clients import optimized_client
from bpe.errors import ArgumentError, BudgetError, TokenTypeError

Message = dict[str, Any]
PARAMS = {"max_tokens": 512, "frequency_penalty": 1.1, "presence_penalty": 0.6}
MESSAGES: list[Message] = [
    {"role": "system", "content": "Be kind."},
    {"role": "user", "content": "one"},
    {"role": "assistant", "content": "two"},
    {"role": "user", "content": "three"},
]


def tool(name: str, description: str = "Does things.") -> Message:
    parameters = {"type": "object", "properties": {}}
    return {
        "type": "function",
        "function": {"name": name, "description": description, "parameters": parameters},
    }


TOOLS = [tool("read"), tool("write"), tool("list")]


# ---- stand-ins: an optimizer and clients


class Fake:
    """Keeps the first and last message and the first tool, and changes the lists it is given."""

    def __init__(self, error: Exception | None = None, params: dict[str, Any] = PARAMS) -> None:
        self.error = error
        self.params = params
        self.calls: list[str] = []

    def optimize_with_tools(self, conversation: Any, tools: Any) -> Any:
        self.calls.append("sync")
        return self.result(conversation, tools)

    async def aoptimize_with_tools(self, conversation: Any, tools: Any) -> Any:
        self.calls.append("async")
        await asyncio.sleep(0)
        return self.result(conversation, tools)

    def result(self, conversation: Any, tools: Any) -> Any:
        del conversation[1:-1]
        if tools:
            tools[:] = [{**tools[0], "compressed": True}]
        if self.error is not None:
            raise self.error
        return SimpleNamespace(
            conversation=conversation, tools=tools, request_params=dict(self.params)
        )


class Unchanged(Fake):
    def result(self, conversation: Any, tools: Any) -> Any:
        return SimpleNamespace(conversation=[*conversation], tools=tools, request_params={})


class Endpoint:
    """As OpenAI's: methods that only look sync from outside, and a variant for raw answers."""

    def __init__(self, asynchronous: bool) -> None:
        self.sent: list[dict[str, Any]] = []

        async def acreate(**kwargs: Any) -> Any:
            self.sent.append(kwargs)
            await asyncio.sleep(0)
            return self.aanswer() if kwargs.get("stream") else "answer"

        def create(**kwargs: Any) -> Any:
            self.sent.append(kwargs)
            return iter(["an", "swer"]) if kwargs.get("stream") else "answer"

        method: Callable[..., Any] = acreate if asynchronous else create

        @functools.wraps(method)
        def checked(**kwargs: Any) -> Any:
            return method(**kwargs)

        self.create = checked
        self.parse = checked
        self.stream = checked
        self.list = checked
        if not hasattr(self, "with_raw_response"):
            self.with_raw_response = SimpleNamespace(create=checked)
            self.with_streaming_response = SimpleNamespace(create=checked)

    async def aanswer(self) -> Any:
        for part in ("an", "swer"):
            yield part


class Client:
    """A client with all that wrappers stumble over."""

    def __init__(self, asynchronous: bool = False, endpoint: Endpoint | None = None) -> None:
        self.completions = Endpoint(asynchronous)
        self.chat = SimpleNamespace(completions=endpoint or Endpoint(asynchronous))
        self.beta = SimpleNamespace(chat=self.chat)
        self.models = SimpleNamespace(list=lambda: ["m"])
        self.timeout = 10
        self.entered = 0

    @property
    def sent(self) -> list[dict[str, Any]]:
        return list(self.chat.completions.sent)

    def with_options(self, **options: Any) -> Client:
        other = Client(endpoint=self.chat.completions)
        other.__dict__.update(options)
        return other

    copy = with_options

    def __enter__(self) -> Client:
        self.entered += 1
        return self

    def __exit__(self, *error: object) -> None:
        self.entered -= 1

    async def __aenter__(self) -> Client:
        self.entered += 1
        return self

    async def __aexit__(self, *error: object) -> None:
        self.entered -= 1


class Calls:
    """A client, and one way to call it that waits for what is to be waited for."""

    def __init__(self, asynchronous: bool) -> None:
        self.asynchronous = asynchronous
        self.client = Client(asynchronous)

    def __call__(
        self, optimizer: Any, *, options: dict[str, Any] | None = None, **kwargs: Any
    ) -> Any:
        method = optimized_client(self.client, optimizer, **(options or {})).chat.completions.create
        return self.wait(method(**kwargs))

    def wait(self, answer: Any) -> Any:
        if not self.asynchronous:
            return answer

        async def main() -> Any:
            found = await answer
            return [part async for part in found] if hasattr(found, "__aiter__") else found

        return asyncio.run(main())

    @property
    def sent(self) -> dict[str, Any]:
        """What the last call sent."""
        return self.client.sent[-1]


@pytest.fixture(params=["sync", "async"])
def calls(request: pytest.FixtureRequest) -> Calls:
    return Calls(request.param == "async")


# ---- what is sent


def test_a_call(calls: Calls) -> None:
    optimizer = Fake()
    messages, tools = copy.deepcopy(MESSAGES), copy.deepcopy(TOOLS)
    held = [*messages]
    answer = calls(
        optimizer, model="gpt-4o", messages=messages, tools=tools, temperature=0.5, user="me"
    )
    assert answer == "answer"
    assert calls.sent == {
        "model": "gpt-4o",
        "messages": [MESSAGES[0], MESSAGES[3]],
        "tools": [{**TOOLS[0], "compressed": True}],
        "temperature": 0.5,
        "user": "me",
        **PARAMS,
    }
    assert optimizer.calls == ["async" if calls.asynchronous else "sync"]
    # The caller's lists are as they were.
    assert (messages, tools) == (MESSAGES, TOOLS)
    assert all(a is b for a, b in zip(messages, held, strict=True))


def test_streaming(calls: Calls) -> None:
    answer = calls(Fake(), model="gpt-4o", messages=MESSAGES, stream=True)
    assert [*answer] == ["an", "swer"]
    assert calls.sent["messages"] == [MESSAGES[0], MESSAGES[3]]
    assert calls.sent["stream"] is True


def test_what_fits_is_passed_on_as_it_is(calls: Calls) -> None:
    calls(Unchanged(), model="gpt-4o", messages=MESSAGES, tools=TOOLS)
    assert calls.sent == {"model": "gpt-4o", "messages": MESSAGES, "tools": TOOLS}
    assert calls.sent["messages"] is MESSAGES
    assert calls.sent["tools"] is TOOLS


def test_iterators_are_read_once(calls: Calls) -> None:
    for optimizer in (Unchanged(), Fake(BudgetError("too much"))):
        calls(optimizer, messages=iter(MESSAGES), tools=(each for each in TOOLS))
        assert calls.sent == {"messages": MESSAGES, "tools": TOOLS}
    calls(Unchanged(), messages=tuple(MESSAGES))
    assert calls.sent == {"messages": MESSAGES}


class NotGiven:
    """OpenAI's value for what was not given."""

    def __bool__(self) -> bool:
        return False


@pytest.mark.parametrize("tools", [None, [], (), NotGiven()])
def test_without_tools(calls: Calls, tools: Any) -> None:
    calls(Fake(params={}), messages=MESSAGES, tools=tools)
    assert "tools" in calls.sent
    assert calls.sent["tools"] == tools or [*calls.sent["tools"]] == [*tools]
    calls(Fake(params={}), messages=MESSAGES)
    assert "tools" not in calls.sent


def test_an_optimizer_that_leaves_no_tools_is_not_followed(calls: Calls) -> None:
    class Without(Fake):
        def result(self, conversation: Any, tools: Any) -> Any:
            return SimpleNamespace(conversation=conversation, tools=[], request_params={})

    calls(Without(), messages=MESSAGES, tools=TOOLS, tool_choice="required")
    assert calls.sent["tools"] is TOOLS


@pytest.mark.parametrize("kwargs", [{}, {"messages": None}, {"messages": "text"}, {"messages": 3}])
def test_without_messages(calls: Calls, kwargs: dict[str, Any]) -> None:
    optimizer = Fake()
    calls(optimizer, model="m", tools=TOOLS, **kwargs)
    assert calls.sent == {"model": "m", "tools": TOOLS, **kwargs}
    assert optimizer.calls == []


@pytest.mark.parametrize(
    "choice",
    [
        {"type": "function", "function": {"name": "write"}},
        {"type": "function", "name": "write"},
        {
            "type": "allowed_tools",
            "allowed_tools": {
                "mode": "auto",
                "tools": [{"type": "function", "function": {"name": "write"}}],
            },
        },
    ],
)
def test_a_chosen_tool_stays(calls: Calls, choice: Any) -> None:
    calls(Fake(), messages=MESSAGES, tools=TOOLS, tool_choice=choice)
    assert calls.sent["tools"] == [{**TOOLS[0], "compressed": True}, TOOLS[1]]
    assert calls.sent["tool_choice"] is choice
    # In the caller's order, not behind the others.
    turned = TOOLS[::-1]

    class Last(Fake):
        def result(self, conversation: Any, tools: Any) -> Any:
            return SimpleNamespace(conversation=conversation, tools=tools[2:], request_params={})

    calls(Last(), messages=MESSAGES, tools=turned, tool_choice=choice)
    assert calls.sent["tools"] == [TOOLS[1], TOOLS[0]]


def test_a_chosen_tool_is_counted(calls: Calls) -> None:
    from bpe.context import TokenOptimizationConfig, TokenOptimizer
    from bpe.context.counting import count_messages

    words = " ".join(f"word{number}" for number in range(300))
    tools = [*[tool(f"tool_{n}") for n in range(12)], tool("chosen", words)]
    config = TokenOptimizationConfig(context_window_tokens=4096, max_history_tokens=3000)
    talk = [
        {"role": role, "content": f"Fact {n}: item {n * 7} costs {n * 13} euro. " * 8}
        for n in range(40)
        for role in ("user", "assistant")
    ]
    messages = [*talk, {"role": "user", "content": "Go."}]
    choice = {"type": "function", "function": {"name": "chosen"}}
    results: list[Any] = []
    calls(
        TokenOptimizer(config),
        options={"on_error": "raise", "on_result": results.append},
        model="gpt-4o",
        messages=messages,
        tools=tools,
        tool_choice=choice,
    )
    sent = calls.sent
    assert "chosen" in [each["function"]["name"] for each in sent["tools"]]
    assert sent["tools"] == results[0].tools
    assert len(sent["tools"]) == config.max_tools_per_request
    assert count_messages(sent["messages"], "gpt-4o", tools=sent["tools"]) <= config.prompt_budget


@pytest.mark.parametrize(
    "choice", ["auto", "required", None, {"type": "function", "function": {"name": "read"}}, 7]
)
def test_other_choices_change_nothing(calls: Calls, choice: Any) -> None:
    calls(Fake(), messages=MESSAGES, tools=TOOLS, tool_choice=choice)
    assert calls.sent["tools"] == [{**TOOLS[0], "compressed": True}]


# ---- parameters


@pytest.mark.parametrize(
    ("given", "added"),
    [
        ({"max_tokens": 9}, {"frequency_penalty": 1.1, "presence_penalty": 0.6}),
        ({"max_completion_tokens": 9}, {"frequency_penalty": 1.1, "presence_penalty": 0.6}),
        ({"max_tokens": None}, {"frequency_penalty": 1.1, "presence_penalty": 0.6}),
        ({"frequency_penalty": 0}, {"max_tokens": 512, "presence_penalty": 0.6}),
        ({"presence_penalty": 0.0}, {"max_tokens": 512, "frequency_penalty": 1.1}),
        ({"max_tokens": NotGiven(), "presence_penalty": NotGiven()}, PARAMS),
        (
            {"extra_body": {"max_completion_tokens": 9, "presence_penalty": 0}},
            {"frequency_penalty": 1.1},
        ),
        ({"extra_body": None}, PARAMS),
        ({"model": "o3-mini"}, {"max_completion_tokens": 512}),
        ({"model": "openai/gpt-5.1"}, {"max_completion_tokens": 512}),
        ({"model": "ft:o4-mini:us"}, {"max_completion_tokens": 512}),
        ({"model": "o1", "max_tokens": 9}, {}),
        ({"model": "gpt-4o-mini"}, PARAMS),
        ({"model": "llama3.2"}, PARAMS),
        ({"model": "phi-o3000"}, PARAMS),
        ({"model": None}, PARAMS),
    ],
)
def test_parameters(calls: Calls, given: dict[str, Any], added: dict[str, Any]) -> None:
    calls(Fake(), messages=MESSAGES, **given)
    expected = {**given, **added, "messages": [MESSAGES[0], MESSAGES[3]]}
    assert calls.sent == expected


NAMES = st.sampled_from([*PARAMS, "max_completion_tokens", "temperature", "seed", "stop"])


@given(st.dictionaries(NAMES, st.one_of(st.none(), st.integers(), st.text())), st.booleans())
def test_what_the_caller_sets_stays(given_: dict[str, Any], asynchronous: bool) -> None:
    calls = Calls(asynchronous)
    calls(Fake(), model="gpt-4o", messages=MESSAGES, **given_)
    sent = calls.sent
    assert {name: sent[name] for name in given_} == given_
    assert not {"max_tokens", "max_completion_tokens"} <= {*sent} - {*given_}
    assert {*sent} - {*given_} <= {"model", "messages", *PARAMS}


# ---- what goes wrong


def test_what_cannot_be_optimized_is_sent(calls: Calls, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "bpe.context.clients"):
        assert calls(Fake(BudgetError("too much")), messages=MESSAGES, tools=TOOLS) == "answer"
    assert calls.sent == {"messages": MESSAGES, "tools": TOOLS}
    (record,) = caplog.records
    assert "could not be optimized: too much" in record.getMessage()
    assert not record.exc_info
    with caplog.at_level(logging.WARNING, "bpe.context.clients"):
        calls(Fake(ZeroDivisionError("a bug")), messages=MESSAGES)
    assert caplog.records[1].exc_info


def test_or_it_is_an_error(calls: Calls) -> None:
    for error in (BudgetError("too much"), ZeroDivisionError("a bug")):
        with pytest.raises(type(error)) as info:
            calls(Fake(error), messages=MESSAGES, options={"on_error": "raise"})
        assert info.value is error
    assert calls.client.sent == []


def test_results_are_told(calls: Calls) -> None:
    results: list[Any] = []
    calls(Fake(), messages=MESSAGES, options={"on_result": results.append})
    assert [each.request_params for each in results] == [PARAMS]


def test_arguments() -> None:
    with pytest.raises(ArgumentError, match="on_error must be"):
        optimized_client(Client(), Fake(), on_error="ignore")  # type: ignore[arg-type]
    with pytest.raises(TokenTypeError, match="has optimize_with_tools, which object has not"):
        optimized_client(Client(), object())  # type: ignore[arg-type]


# ---- everything else


def test_other_ways_to_the_same_endpoint() -> None:
    client = Client()
    wrapped = optimized_client(client, Fake())
    for part in (
        wrapped.chat.completions,
        wrapped.beta.chat.completions,
        wrapped.with_options(timeout=3).chat.completions,
        wrapped.copy().with_options().chat.completions,
        wrapped.chat.completions.with_raw_response,
    ):
        assert part.create(messages=MESSAGES) == "answer"
    assert wrapped.chat.completions.parse(messages=MESSAGES) == "answer"
    assert len(client.sent) == 6
    assert all(len(each["messages"]) == 2 for each in client.sent)


def test_what_is_not_ours() -> None:
    client = Client()
    wrapped = optimized_client(client, Fake())
    wrapped.chat.completions.stream(messages=MESSAGES)
    wrapped.chat.completions.list(messages=MESSAGES)
    wrapped.chat.completions.with_streaming_response.create(messages=MESSAGES)
    assert client.sent == [{"messages": MESSAGES}] * 3
    wrapped.completions.create(messages=MESSAGES)
    assert client.completions.sent == [{"messages": MESSAGES}]
    assert wrapped.models is client.models
    with pytest.raises(AttributeError, match="nothing"):
        wrapped.nothing  # type: ignore[attr-defined]  # noqa: B018


def test_attributes_are_the_clients() -> None:
    client = Client()
    wrapped = optimized_client(client, Fake())
    assert wrapped.timeout == 10
    wrapped.timeout = 20
    assert client.timeout == 20
    del wrapped.timeout
    assert not hasattr(client, "timeout")
    assert dir(wrapped) == dir(client)
    assert repr(wrapped) == f"<optimized {client!r}>"
    assert wrapped.with_options(timeout=3).timeout == 3
    twin = copy.copy(wrapped)
    twin.chat.completions.create(messages=MESSAGES)
    assert len(client.sent[0]["messages"]) == 2


def test_as_context_managers() -> None:
    client = Client()
    with optimized_client(client, Fake()) as wrapped:
        assert client.entered == 1
        wrapped.chat.completions.create(messages=MESSAGES)
    assert client.entered == 0

    async def main() -> None:
        other = Client(asynchronous=True)
        async with optimized_client(other, Fake()) as wrapped:
            assert other.entered == 1
            await wrapped.chat.completions.create(messages=MESSAGES)
        assert other.entered == 0
        assert len(other.sent[0]["messages"]) == 2

    asyncio.run(main())
    assert len(client.sent[0]["messages"]) == 2


def test_an_async_method_that_nobody_can_tell() -> None:
    client = Client()

    async def later() -> str:
        return "answer"

    client.chat.completions.create = lambda **kwargs: later()
    optimizer = Fake()
    method: Any = optimized_client(client, optimizer).chat.completions.create

    async def main() -> Any:
        return await method(messages=MESSAGES)

    assert asyncio.run(main()) == "answer"
    assert optimizer.calls == ["sync"]


# ---- the optimizer itself, and OpenAI's own client


def long_conversation() -> list[Message]:
    messages: list[Message] = [{"role": "system", "content": "You are a helpful assistant."}]
    for n in range(60):
        messages.append({"role": "user", "content": f"Question {n}: what about part {n}? " * 10})
        messages.append({"role": "assistant", "content": f"Part {n} is number {n * 7}. " * 20})
    return [*messages, {"role": "user", "content": "And now?"}]


def test_with_the_optimizer(calls: Calls) -> None:
    from bpe.context import TokenOptimizationConfig, TokenOptimizer
    from bpe.context.counting import count_messages

    config = TokenOptimizationConfig(context_window_tokens=4096)
    optimizer = TokenOptimizer(config)
    messages = long_conversation()
    tools = [tool(f"tool_{n}", f"Tool number {n}. It does more. " * 5) for n in range(30)]
    before = copy.deepcopy((messages, tools))
    choice = {"type": "function", "function": {"name": "tool_29"}}
    results: list[Any] = []
    calls(
        optimizer,
        options={"on_error": "raise", "on_result": results.append},
        model="gpt-4o",
        messages=messages,
        tools=tools,
        tool_choice=choice,
    )
    assert (messages, tools) == before
    sent = calls.sent
    assert count_messages(messages, "gpt-4o", tools=tools) > 4096
    assert count_messages(results[0].conversation, "gpt-4o", tools=results[0].tools) <= 3072
    assert sent["messages"][0] == messages[0]
    assert sent["messages"][-2:] == messages[-2:]
    assert 1 <= len(sent["tools"]) <= config.max_tools_per_request
    assert "tool_29" in [each["function"]["name"] for each in sent["tools"]]
    assert {name: sent[name] for name in PARAMS} == config.request_params
    # What fits goes out as it is.
    calls(optimizer, model="gpt-4o", messages=MESSAGES, max_tokens=7)
    assert calls.sent["messages"] is MESSAGES
    assert calls.sent["max_tokens"] == 7


class API(BaseHTTPRequestHandler):
    """OpenAI's endpoint for chats, plain and as server-sent events."""

    asked: list[Any]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.asked.append(body)
        chunk = {"id": "1", "created": 1, "model": "gpt-4o", "choices": [{"index": 0}]}
        if body.get("stream"):
            events = []
            for text in ("an", "swer"):
                delta = {"index": 0, "delta": {"content": text}, "finish_reason": None}
                event = {**chunk, "object": "chat.completion.chunk", "choices": [delta]}
                events.append(f"data: {json.dumps(event)}\n\n")
            data, kind = "".join([*events, "data: [DONE]\n\n"]).encode(), "text/event-stream"
        else:
            message = {"role": "assistant", "content": "answer"}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            answer = {**chunk, "object": "chat.completion", "choices": [choice]}
            data, kind = json.dumps(answer).encode(), "application/json"
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, list[Any]]]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    asked: list[Any] = []
    handler = type("Handler", (API,), {"asked": asked})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1", asked
        server.shutdown()
        thread.join()


def test_openai_itself(api: tuple[str, list[Any]]) -> None:
    openai = pytest.importorskip("openai")
    url, asked = api
    with optimized_client(openai.OpenAI(api_key="none", base_url=url), Fake()) as client:
        answer = client.chat.completions.create(model="gpt-4o", messages=MESSAGES, tools=TOOLS)
        assert answer.choices[0].message.content == "answer"
        stream = client.with_options(max_retries=0).chat.completions.create(
            model="gpt-4o", messages=MESSAGES, stream=True, max_completion_tokens=7
        )
        assert "".join(each.choices[0].delta.content for each in stream) == "answer"
        raw = client.chat.completions.with_raw_response.create(model="gpt-4o", messages=MESSAGES)
        assert raw.parse().choices[0].message.content == "answer"
        with client.chat.completions.with_streaming_response.create(
            model="gpt-4o", messages=MESSAGES
        ) as response:
            assert response.parse().choices[0].message.content == "answer"
        with pytest.raises(TypeError, match="messages"):
            client.chat.completions.create(model="gpt-4o")
    assert [len(body["messages"]) for body in asked] == [2, 2, 2, 4]
    assert asked[0]["tools"] == [{**TOOLS[0], "compressed": True}]
    assert asked[0]["max_tokens"] == 512
    assert asked[1]["max_completion_tokens"] == 7
    assert "max_tokens" not in asked[1]


def test_openai_itself_async(api: tuple[str, list[Any]]) -> None:
    openai = pytest.importorskip("openai")
    url, asked = api
    optimizer = Fake()

    async def main() -> None:
        inner = openai.AsyncOpenAI(api_key="none", base_url=url)
        async with optimized_client(inner, optimizer) as client:
            answer = await client.chat.completions.create(model="gpt-4o", messages=MESSAGES)
            assert answer.choices[0].message.content == "answer"
            stream = await client.chat.completions.create(
                model="gpt-4o", messages=MESSAGES, stream=True
            )
            found = [each.choices[0].delta.content async for each in stream]
            assert found == ["an", "swer"]
            raw = await client.chat.completions.with_raw_response.create(
                model="gpt-4o", messages=MESSAGES
            )
            assert raw.parse().choices[0].message.content == "answer"

    asyncio.run(main())
    assert [len(body["messages"]) for body in asked] == [2, 2, 2]
    assert optimizer.calls == ["async"] * 3

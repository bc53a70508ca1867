"""Each library's way to make a conversation fit, by its public function."""

from __future__ import annotations

import json
import logging
import os
import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any

from conversations import Message
from invariants import MODEL, Kept, count, groups_of

ENCODING = "o200k_base"


class Trimmer:
    """`ready` turns messages into what the library takes, untimed; `read` the other way."""

    def ready(self, messages: list[Message]) -> Any:
        return messages

    def trim(self, ready: Any, max_tokens: int) -> Any:
        raise NotImplementedError

    def read(self, messages: list[Message], result: Any) -> Kept:
        raise NotImplementedError


class Bpe(Trimmer):
    def __init__(self, strategy: str = "window") -> None:
        import bpe

        self._compress: Any = bpe.compress_context
        self.strategy = strategy

    def trim(self, ready: Any, max_tokens: int) -> Any:
        return self._compress(ready, max_tokens, model=MODEL, strategy=self.strategy)

    def read(self, messages: list[Message], result: Any) -> Kept:
        return list(zip(result.selected_indices, result.messages, strict=True))


class LangChain(Trimmer):
    """Its trim_messages, with the options that its documentation recommends or without.

    The counter takes a list of messages and counts as this project does, calls included, so that
    what goes over the budget is the trimmer's doing.
    """

    def __init__(self, options: bool = True) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            messages = import_module("langchain_core.messages")
        self._trim = messages.trim_messages
        self._convert = messages.convert_to_messages
        self._back = messages.convert_to_openai_messages
        self._options = {"include_system": True, "start_on": "human"} if options else {}
        encode = import_module("tiktoken").get_encoding(ENCODING).encode_ordinary
        roles = {"human": "user", "ai": "assistant"}

        def counter(given: list[Any]) -> int:
            total = 3
            for message in given:
                total += 3 + len(encode(roles.get(message.type, message.type)))
                content = message.content
                for part in [content] if isinstance(content, str) else content:
                    total += len(encode(part if isinstance(part, str) else part.get("text", "")))
                for call in getattr(message, "tool_calls", ()):
                    total += len(encode(call["name"]))
                    total += len(encode(json.dumps(call["args"], ensure_ascii=False)))
            return total

        self.counter = counter

    def ready(self, messages: list[Message]) -> Any:
        made = self._convert(messages)
        for index, message in enumerate(made):
            message.id = str(index)
        return made

    def trim(self, ready: Any, max_tokens: int) -> Any:
        return self._trim(
            ready,
            max_tokens=max_tokens,
            token_counter=self.counter,
            strategy="last",
            **self._options,
        )

    def read(self, messages: list[Message], result: Any) -> Kept:
        kept: Kept = []
        original = self.ready(messages)
        for message in result:
            index = int(message.id)
            same = message == original[index]
            kept.append((index, messages[index] if same else self._back(message)))
        return kept


class _Tagged(dict[str, Any]):
    """A message that knows its place, which deepcopy copies too."""

    index: int


class Litellm(Trimmer):
    def __init__(self) -> None:
        # Else it asks the network for prices.
        os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
        if "TIKTOKEN_CACHE_DIR" in os.environ:
            # It puts its own folder in the place of tiktoken's cache.
            os.environ["CUSTOM_TIKTOKEN_CACHE_DIR"] = os.environ["TIKTOKEN_CACHE_DIR"]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._trim = import_module("litellm.utils").trim_messages
        # Where it fails it logs the error and returns what it was given.
        logging.getLogger("LiteLLM").setLevel(logging.CRITICAL)

    def ready(self, messages: list[Message]) -> Any:
        made = []
        for index, message in enumerate(messages):
            tagged = _Tagged(message)
            tagged.index = index
            made.append(tagged)
        return made

    def trim(self, ready: Any, max_tokens: int) -> Any:
        return self._trim(ready, model=MODEL, max_tokens=max_tokens)

    def read(self, messages: list[Message], result: Any) -> Kept:
        return [(getattr(message, "index", None), dict(message)) for message in result]


class Sliding(Trimmer):
    """What one writes first: the system prompt, and the latest messages that fit, in pairs."""

    def trim(self, ready: Any, max_tokens: int) -> Any:
        messages: list[Message] = ready
        groups = groups_of(messages)
        kept = [group for group in groups if messages[group[0]]["role"] == "system"]
        room = max_tokens - 3 - sum(count([messages[i]]) - 3 for group in kept for i in group)
        for group in reversed(groups):
            if group in kept:
                continue
            room -= sum(count([messages[i]]) - 3 for i in group)
            if room < 0:
                break
            kept.append(group)
        return sorted(index for group in kept for index in group)

    def read(self, messages: list[Message], result: Any) -> Kept:
        return [(index, messages[index]) for index in result]


# Name -> how it is made.  The first one is what the others are compared with.
TRIMMERS: dict[str, Callable[[], Trimmer]] = {
    "bpe": Bpe,
    "bpe importance": lambda: Bpe("importance"),
    "bpe hybrid": lambda: Bpe("hybrid"),
    "langchain": LangChain,
    "langchain defaults": lambda: LangChain(options=False),
    "litellm": Litellm,
    "sliding window": Sliding,
}
PACKAGES = {
    "langchain": "langchain-core",
    "langchain defaults": "langchain-core",
    "litellm": "litellm",
}

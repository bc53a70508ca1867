"""Conversations, and what litellm's token_counter says of them: `python litellm_vectors.py`.

Needs litellm; writes tests/context/litellm_vectors.json, which stands for it where it is missing.
The figures are litellm's own.  Texts have at most 1,024 characters, because it cuts longer ones in
slices; what else it counts differently (see bpe/context/openai.py) does not occur here, but for
the names of called functions, which it leaves out, and `tool_call_id`, which it counts.
"""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

MODELS = (
    "gpt-4",
    "gpt-4o",
    "gpt-3.5-turbo",
    "gpt-4-turbo",
    "gpt-4o-mini",
    "gpt-4.1",
    "o3",
    "gpt-5",
)
LONGEST = 1024
N_VECTORS = 48
TARGET = Path(__file__).parent.parent / "context" / "litellm_vectors.json"

WORDS = (
    "the a quick brown fox don't I'll token count window of 12 1,024 3.14 JSON {} [] () // \n \n\n "
    "\t <|endoftext|> <|im_start|> naïve Straße Ελλάδα привет שלום مرحبا नमस्ते 你好 世界 東京 "
    "こんにちは 안녕하세요 🙂 👩‍👩‍👧 é ﬁ def return import self == != -> http://example.org/a?b=c "
    "CamelCase snake_case UPPER      ...... ----"
).split(" ")


def text(rng: random.Random, most: int = 40) -> str:
    """Words of many scripts; now and then nothing, now and then a long text."""
    if rng.random() < 0.05:
        return ""
    n_words = rng.randint(1, most if rng.random() < 0.9 else 8 * most)
    words = rng.choice((" ", " ", " ", "", "\n")).join(rng.choices(WORDS, k=n_words))
    return words[:LONGEST]


def identifier(rng: random.Random) -> str:
    return "_".join(rng.choices("get set find weather city_name user2 docs X".split(), k=2))


def call(rng: random.Random) -> dict[str, Any]:
    arguments = {identifier(rng): rng.choice((text(rng, 6), 3, None, [1, 2]))}
    written = json.dumps(arguments, ensure_ascii=rng.random() < 0.5)
    return {"name": identifier(rng), "arguments": written[:LONGEST]}


def schema(rng: random.Random, depth: int = 0) -> dict[str, Any]:
    kind = rng.choice(
        "string string integer number boolean null array object unknown".split()
        if depth < 3
        else "string integer boolean".split()
    )
    made: dict[str, Any] = {} if kind == "unknown" else {"type": kind}
    if rng.random() < 0.5:
        made["description"] = text(rng, 8)
    if kind in ("string", "integer", "number") and rng.random() < 0.4:
        values = ["celsius", "a b", "ñ", ""] if kind == "string" else [1, 2, 10]
        made["enum"] = rng.sample(values, rng.randint(1, 3))
    if kind == "array":
        made["items"] = schema(rng, depth + 1)
    if kind == "object":
        made.update(object_schema(rng, depth + 1))
    return made


def object_schema(rng: random.Random, depth: int = 0) -> dict[str, Any]:
    names = [f"{identifier(rng)}{at}" for at in range(rng.randint(0, 3))]
    made: dict[str, Any] = {"type": "object"}
    if names or rng.random() < 0.5:
        made["properties"] = {name: schema(rng, depth) for name in names}
    if rng.random() < 0.7:
        made["required"] = [name for name in names if rng.random() < 0.5]
    return made


def tool(rng: random.Random) -> dict[str, Any]:
    function: dict[str, Any] = {"name": identifier(rng)}
    if rng.random() < 0.7:
        function["description"] = text(rng, 10)
    form = rng.choice(("openai", "openai", "openai", "anthropic", "google", "flat"))
    if rng.random() < 0.9:
        key = "input_schema" if form == "anthropic" else "parameters"
        function[key] = object_schema(rng)
    if form == "openai":
        return {"type": "function", "function": function}
    if form == "google":
        return {"function_declarations": [function]}
    return {"type": "function", **function} if form == "flat" else function


def content(rng: random.Random) -> Any:
    if rng.random() < 0.7:
        return text(rng)
    parts: list[Any] = []
    for _ in range(rng.randint(0, 3)):
        kind = rng.choice(("text", "text", "str", "image_url", "thinking", "tool_result"))
        if kind == "text":
            parts.append({"type": "text", "text": text(rng)})
        elif kind == "str":
            parts.append(text(rng))
        elif kind == "image_url":
            address = {"url": "https://example.org/a.png", "detail": "low"}
            parts.append({"type": "image_url", "image_url": address})
        elif kind == "thinking":
            parts.append({"type": "thinking", "thinking": text(rng), "signature": "c2ln"})
        else:
            held = rng.choice((text(rng), [{"type": "text", "text": text(rng)}]))
            parts.append({"type": "tool_result", "tool_use_id": "toolu_1", "content": held})
    return parts


def message(rng: random.Random) -> dict[str, Any]:
    role = rng.choice("system developer user user assistant assistant tool function".split())
    made: dict[str, Any] = {"role": role, "content": content(rng)}
    if role == "assistant":
        if rng.random() < 0.5:
            made["tool_calls"] = [
                {"id": f"call_{at}", "type": "function", "function": call(rng)}
                for at in range(rng.randint(0, 3))
            ]
            made["content"] = rng.choice((None, made["content"]))
        if rng.random() < 0.1:
            made["function_call"] = call(rng)
        if rng.random() < 0.1:
            made["refusal"] = rng.choice((None, text(rng)))
        if rng.random() < 0.2:
            made["reasoning_content"] = text(rng)
    elif role == "tool":
        made["tool_call_id"] = rng.choice(("call_0", "call_1", "toolu_01Ab"))
    if role == "function" or rng.random() < 0.15:
        made["name"] = identifier(rng)
    return made


def conversation(seed: int) -> dict[str, Any]:
    """A request: model, messages, tools, tool_choice."""
    rng = random.Random(seed)
    model = MODELS[seed % len(MODELS)]
    messages = [message(rng) for _ in range(rng.randint(0, 6))]
    if not model.startswith(("gpt-4o", "gpt-4.1")) or model == "gpt-4o-mini":
        # litellm has 85 tokens for an image of any model.
        for each in messages:
            if isinstance(each["content"], list):
                each["content"] = [
                    part
                    for part in each["content"]
                    if isinstance(part, str) or part["type"] != "image_url"
                ]
    tools = [tool(rng) for _ in range(rng.randint(1, 3))] if rng.random() < 0.6 else None
    choice = rng.choice(
        (None, "auto", "none", {"type": "function", "function": {"name": identifier(rng)}})
    )
    return {"model": model, "messages": messages, "tools": tools, "tool_choice": choice}


def litellm_count(request: dict[str, Any]) -> int | None:
    """What litellm says; None for definitions so long that it slices them."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    import litellm  # type: ignore[import-not-found, unused-ignore]
    from litellm.litellm_core_utils.token_counter import (  # type: ignore[import-not-found, unused-ignore]
        _format_function_definitions,
    )

    if request["tools"] and len(_format_function_definitions(request["tools"])) > LONGEST:
        return None
    count: int = litellm.token_counter(**request)
    return count


def main() -> None:
    vectors: list[dict[str, Any]] = []
    seed = 0
    while len(vectors) < N_VECTORS:
        request = conversation(seed)
        seed += 1
        if len(json.dumps(request)) > 3000:
            continue
        count = litellm_count(request)
        if count is not None:
            vectors.append({**request, "n_tokens": count})
    from importlib.metadata import version

    lines = ",\n".join(json.dumps(vector, ensure_ascii=False) for vector in vectors)
    about = json.dumps(f"litellm {version('litellm')}, token_counter")
    TARGET.write_text(f'{{"about": {about}, "vectors": [\n{lines}\n]}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()

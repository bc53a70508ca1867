"""What a model's name holds beside the model: who provides it, where, and dates."""

from __future__ import annotations

__all__ = ["LONGEST_NAME", "is_version", "plain_name"]

# Characters; nothing longer is a name.
LONGEST_NAME = 512

# Bedrock's ids are [region.]vendor.model, and some libraries write provider:model.
_BEFORE_DOT = frozenset(
    "us us-gov eu apac global jp au ca sa me af "
    "ai21 amazon anthropic cohere deepseek google meta minimax mistral moonshot moonshotai nvidia "
    "openai qwen writer xai zai".split()
)
_BEFORE_COLON = frozenset(
    "anthropic anthropic_bedrock anthropic_vertex azure azure-openai azure_ai azure_openai bedrock "
    "bedrock_converse cerebras dashscope deepseek fireworks gateway gemini google google-gla "
    "google-vertex google_genai google_vertexai grok groq huggingface litellm meta mistral "
    "mistralai ollama openai openai-chat openai-responses openrouter perplexity together "
    "vertex vertexai xai".split()
)


def plain_name(name: str, *, provider: bool = True) -> str:
    """The name without vendor and region before `.`, fine-tuning, and a provider before `:`."""
    head, colon, rest = name.partition(":")
    if provider and colon and head in _BEFORE_COLON:
        name = rest
    head, dot, rest = name.partition(".")
    while dot and head in _BEFORE_DOT:
        name = rest
        head, dot, rest = name.partition(".")
    if name.startswith("ft:"):
        name = name[3:].partition(":")[0]
    return name


def is_version(rest: str) -> bool:
    """Whether all that follows a model's name are dates, `latest` and `preview`."""
    words = rest.replace(":", "-").replace("@", "-").split("-")[1:]
    index = 0
    while index < len(words):
        word = words[index]
        if word in ("latest", "preview"):
            index += 1
            continue
        if not (word.isascii() and word.isdigit()):
            return False
        # 2024-08-06, 03-25 or 09-2025: as many words as make a date, the most first.
        for count in (3, 2, 1):
            if _is_date(words[index : index + count], count):
                index += count
                break
        else:
            return False
    return True


def _is_date(words: list[str], count: int) -> bool:
    if len(words) != count or not all(word.isascii() and word.isdigit() for word in words):
        return False
    digits = "".join(words)
    lengths = [len(word) for word in words]
    if lengths in ([4, 2, 2], [8]):
        return _year(digits[:4]) and _month_day(digits[4:])
    if lengths == [6]:
        return 20 <= int(digits[:2]) < 50 and _month_day(digits[2:])
    if lengths == [2, 4]:
        return _month_day(digits[:2] + "01") and _year(digits[2:])
    if lengths == [4, 2]:
        return _year(digits[:4]) and _month_day(digits[4:] + "01")
    if lengths == [2, 2]:
        return _month_day(digits)
    if lengths == [4]:  # 0613 is a day, 2411 a month
        return _month_day(digits) or (20 <= int(digits[:2]) < 50 and _month_day(digits[2:] + "01"))
    return False


def _year(digits: str) -> bool:
    return "2020" <= digits < "2050"


def _month_day(digits: str) -> bool:
    return "01" <= digits[:2] <= "12" and "01" <= digits[2:] <= "31"

"""What is known of each model: one table, looked up by bpe/models.py.

A row is (names, encoding, nearest, context window, most output, framing, images); None is unknown.

- names: lower case, by spaces, spellings of Azure, Bedrock, Ollama and OpenRouter among them.  A
  name stands for itself and for all that begin with it and go on with `-`, `:` or `@`; with `*` at
  its end for all that begin with it, and never certainly.
- encoding: the bundled encoding whose ids the model uses; else None, and `nearest` is the bundled
  one that estimates.
- context window, most output: tokens; the window holds prompt and answer together.
- framing, images: see `Model` in bpe/models.py.

Facts as of 2026-11-20.  Their sources:

- OpenAI: encodings from tiktoken 0.14 (model.py), which ends at gpt-5*; windows and outputs from
  the model pages of OpenAI's API documentation (those of gpt-5.4 to gpt-6 as the model pages of
  Vercel's AI Gateway repeat them); images from "Images and vision" of the same documentation
  (85/170, 2833/5667, 70/140, 75/150; patches 1.62, 2.46, 1.72, at most 1536).  From gpt-5.2 on:
  patches times 1.2, measured and published in OpenAI's developer forum in March 2026, where
  gpt-5-mini was also billed at 1.2 and gpt-5-nano at 1.5, below the documented factors used here.
- DeepSeek: the model cards (one tokenizer.json from V3 to V4), "Models & Pricing" of the API
  documentation of October 2026.  The API's deepseek-chat and deepseek-reasoner ended on 2026-07-24
  and stand here as they were with V3.2; deepseek-flash serves V4.1, whose system marker the bundled
  vocabulary lacks.
- Anthropic: the model overview pages of the Claude platform's documentation of November 2026; for
  retired models litellm's table; images from its page "Vision" as of early 2026, which gave width
  times height over 750 (the later wording, patches of 28 pixels, gives up to 5 % fewer).  The
  tokenizers are not public; from Opus 4.7 on another one is used, and measurements with the API
  that were published found about a third more tokens for the same English text.
- Google: the model pages of the Gemini API's documentation; images from "Understand and count
  tokens" (258 a tile of 768) and, for Gemini 3, the default resolution of Vertex AI (1120).
  Google's SDK counts for Gemini 1.0 to 2.0 with Gemma's SentencePiece vocabulary.
- Meta, Mistral, Qwen, xAI: model cards, and litellm's model_prices_and_context_window.json as in
  its release 1.106.2.  Their vocabularies are not bundled; those of Llama, Mistral and Qwen are
  public, so load() of their tokenizer.json counts exactly.  `nearest` is the bundled encoding with
  the smallest 95th percentile in bench/ACCURACY.md.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    Images = tuple[str | float, ...]
    Row = tuple[str, str | None, str | None, int | None, int | None, str, Images | None]

__all__ = ["ROWS"]

# Constants only: the compiler folds the table into one object, which costs an import microseconds.
# fmt: off
ROWS: tuple[Row, ...] = (
    # ---- OpenAI: reasoning
    ("o1", "o200k_base", None, 200_000, 100_000, "openai", ("tiles", 75, 150)),
    ("o1-mini", "o200k_base", None, 128_000, 65_536, "openai", None),
    ("o1-preview", "o200k_base", None, 128_000, 32_768, "openai", None),
    ("o3", "o200k_base", None, 200_000, 100_000, "openai", ("tiles", 75, 150)),
    ("o3-mini", "o200k_base", None, 200_000, 100_000, "openai", None),
    ("o4", "o200k_base", None, None, None, "openai", None),
    ("o4-mini", "o200k_base", None, 200_000, 100_000, "openai", ("patches", 1.72, 1536)),
    ("codex-mini", "o200k_base", None, 200_000, 100_000, "openai", ("patches", 1.72, 1536)),
    # ---- OpenAI: gpt-6, whose vocabulary is not published
    ("gpt-6", None, "o200k_base", 1_050_000, 128_000, "openai", ("patches", 1.2, 2500)),
    ("gpt-6*", None, "o200k_base", 1_050_000, 128_000, "openai", ("patches", 1.2, 2500)),
    # ---- OpenAI: gpt-5
    ("gpt-5", "o200k_base", None, 400_000, 128_000, "openai", ("tiles", 70, 140)),
    ("gpt-5-mini", "o200k_base", None, 400_000, 128_000, "openai", ("patches", 1.62, 1536)),
    ("gpt-5-nano", "o200k_base", None, 400_000, 128_000, "openai", ("patches", 2.46, 1536)),
    ("gpt-5-chat", "o200k_base", None, 128_000, 16_384, "openai", ("tiles", 70, 140)),
    ("gpt-5-codex", "o200k_base", None, 400_000, 128_000, "openai", ("tiles", 70, 140)),
    ("gpt-5-pro", "o200k_base", None, 400_000, 272_000, "openai", ("tiles", 70, 140)),
    ("gpt-5.1", "o200k_base", None, 400_000, 128_000, "openai", ("tiles", 70, 140)),
    ("gpt-5.1-chat", "o200k_base", None, 128_000, 16_384, "openai", ("tiles", 70, 140)),
    ("gpt-5.1-codex", "o200k_base", None, 400_000, 128_000, "openai", ("tiles", 70, 140)),
    ("gpt-5.1-codex-max", "o200k_base", None, 400_000, 128_000, "openai", ("tiles", 70, 140)),
    ("gpt-5.1-codex-mini", "o200k_base", None, 400_000, 128_000, "openai", None),
    ("gpt-5.2", "o200k_base", None, 400_000, 128_000, "openai", ("patches", 1.2, 1536)),
    ("gpt-5.2-chat", "o200k_base", None, 128_000, 16_384, "openai", ("patches", 1.2, 1536)),
    ("gpt-5.2-codex", "o200k_base", None, 400_000, 128_000, "openai", ("patches", 1.2, 1536)),
    ("gpt-5.2-pro", "o200k_base", None, 400_000, 128_000, "openai", ("patches", 1.2, 1536)),
    ("gpt-5.3-chat", "o200k_base", None, 128_000, 16_384, "openai", ("patches", 1.2, 1536)),
    ("gpt-5.3-codex", "o200k_base", None, 400_000, 128_000, "openai", ("patches", 1.2, 1536)),
    ("gpt-5.4", "o200k_base", None, 1_050_000, 128_000, "openai", ("patches", 1.2, 2500)),
    ("gpt-5.4-pro", "o200k_base", None, 1_050_000, 128_000, "openai", ("patches", 1.2, 2500)),
    ("gpt-5.4-mini", "o200k_base", None, 400_000, 128_000, "openai", ("patches", 1.62, 1536)),
    ("gpt-5.4-nano", "o200k_base", None, 400_000, 128_000, "openai", ("patches", 2.46, 1536)),
    ("gpt-5.5", "o200k_base", None, 1_050_000, 128_000, "openai", ("patches", 1.2, 2500)),
    ("gpt-5.5-pro", "o200k_base", None, 1_050_000, 128_000, "openai", ("patches", 1.2, 2500)),
    ("gpt-5.6", "o200k_base", None, 1_050_000, 128_000, "openai", ("patches", 1.2, 2500)),
    ("gpt-5*", "o200k_base", None, 400_000, 128_000, "openai", None),
    # ---- OpenAI: gpt-4
    ("gpt-4.5", "o200k_base", None, 128_000, 16_384, "openai", ("tiles", 85, 170)),
    ("gpt-4.1", "o200k_base", None, 1_047_576, 32_768, "openai", ("tiles", 85, 170)),
    ("gpt-4.1-mini", "o200k_base", None, 1_047_576, 32_768, "openai", ("patches", 1.62, 1536)),
    ("gpt-4.1-nano", "o200k_base", None, 1_047_576, 32_768, "openai", ("patches", 2.46, 1536)),
    ("gpt-4o chatgpt-4o", "o200k_base", None, 128_000, 16_384, "openai", ("tiles", 85, 170)),
    ("gpt-4o-2024-05-13", "o200k_base", None, 128_000, 4_096, "openai", ("tiles", 85, 170)),
    ("gpt-4o-mini", "o200k_base", None, 128_000, 16_384, "openai", ("tiles", 2833, 5667)),
    ("gpt-4", "cl100k_base", None, 8_192, 8_192, "openai", None),
    ("gpt-4-32k", "cl100k_base", None, 32_768, 8_192, "openai", None),
    ("gpt-4-turbo gpt-4-vision", "cl100k_base", None, 128_000, 4_096, "openai", ("tiles", 85, 170)),
    ("gpt-4-1106 gpt-4-0125", "cl100k_base", None, 128_000, 4_096, "openai", None),
    ("gpt-4-1106-vision", "cl100k_base", None, 128_000, 4_096, "openai", ("tiles", 85, 170)),
    # ---- OpenAI: gpt-3.5
    ("gpt-3.5-turbo gpt-3.5 gpt-35-turbo", "cl100k_base", None, 16_385, 4_096, "openai", None),
    ("gpt-3.5-turbo-16k gpt-35-turbo-16k", "cl100k_base", None, 16_385, 4_096, "openai", None),
    ("gpt-3.5-turbo-0613 gpt-35-turbo-0613", "cl100k_base", None, 4_096, 4_096, "openai", None),
    ("gpt-3.5-turbo-0301 gpt-35-turbo-0301", "cl100k_base", None, 4_096, 4_096, "openai-0301",
     None),
    ("gpt-3.5-turbo-instruct", "cl100k_base", None, 4_096, 4_096, "generic", None),
    # ---- OpenAI: others
    ("computer-use", None, "o200k_base", 8_192, 1_024, "openai", ("tiles", 65, 129)),
    ("gpt-realtime", "o200k_base", None, 32_000, 4_096, "openai", None),
    ("gpt-audio", None, "o200k_base", 128_000, 16_384, "openai", None),
    # ---- OpenAI: open weights
    ("gpt-oss", "o200k_harmony", None, 131_072, 131_072, "generic", None),
    ("gpt2 gpt-2", "gpt2", None, 1_024, 1_024, "generic", None),
    # Those that follow have no chats: whatever a message is taken for is a guess.
    # ---- OpenAI: embeddings
    ("text-embedding-ada-002", "cl100k_base", None, 8_192, 0, "generic", None),
    ("text-embedding-3-small", "cl100k_base", None, 8_192, 0, "generic", None),
    ("text-embedding-3-large", "cl100k_base", None, 8_192, 0, "generic", None),
    # ---- OpenAI: base
    ("davinci-002", "cl100k_base", None, 16_384, 4_096, "generic", None),
    ("babbage-002", "cl100k_base", None, 16_384, 4_096, "generic", None),
    # ---- OpenAI: retired text, code, edits, embeddings
    ("text-davinci-003 text-davinci-002", "p50k_base", None, 4_097, 4_096, "generic", None),
    ("text-davinci-001 text-curie-001", "r50k_base", None, 2_049, 2_048, "generic", None),
    ("text-babbage-001 text-ada-001", "r50k_base", None, 2_049, 2_048, "generic", None),
    ("davinci curie babbage ada", "r50k_base", None, 2_049, 2_048, "generic", None),
    ("code-davinci-002", "p50k_base", None, 8_001, 8_000, "generic", None),
    ("code-davinci-001 davinci-codex", "p50k_base", None, 8_001, 8_000, "generic", None),
    ("code-cushman-002 code-cushman-001", "p50k_base", None, 2_048, 2_048, "generic", None),
    ("cushman-codex", "p50k_base", None, 2_048, 2_048, "generic", None),
    ("text-davinci-edit-001 code-davinci-edit-001", "p50k_edit", None, None, None, "generic", None),
    ("text-similarity-davinci-001", "r50k_base", None, 2_046, 0, "generic", None),
    ("text-similarity-curie-001", "r50k_base", None, 2_046, 0, "generic", None),
    ("text-similarity-babbage-001", "r50k_base", None, 2_046, 0, "generic", None),
    ("text-similarity-ada-001", "r50k_base", None, 2_046, 0, "generic", None),
    ("text-search-davinci-doc-001", "r50k_base", None, 2_046, 0, "generic", None),
    ("text-search-curie-doc-001", "r50k_base", None, 2_046, 0, "generic", None),
    ("text-search-babbage-doc-001", "r50k_base", None, 2_046, 0, "generic", None),
    ("text-search-ada-doc-001", "r50k_base", None, 2_046, 0, "generic", None),
    ("code-search-babbage-code-001", "r50k_base", None, 2_046, 0, "generic", None),
    ("code-search-ada-code-001", "r50k_base", None, 2_046, 0, "generic", None),
    # ---- DeepSeek
    ("deepseek-chat", "deepseek_v3", None, 131_072, 8_192, "deepseek-v3.2", None),
    ("deepseek-reasoner", "deepseek_v3", None, 131_072, 65_536, "deepseek-v3.2", None),
    # by its bare name the later V3, of March 2025, whose template is another
    ("deepseek-v3", "deepseek_v3", None, 131_072, 8_192, "deepseek-v3", None),
    ("deepseek-v3-2412 deepseek-v3-1226 deepseek-v3-241226", "deepseek_v3", None, 131_072, 8_192,
     "deepseek-v3-2412", None),
    ("deepseek-v3.1", "deepseek_v3", None, 131_072, 65_536, "deepseek-v3.1", None),
    ("deepseek-v3.1-terminus", "deepseek_v3", None, 131_072, 65_536, "deepseek-v3.1-terminus",
     None),
    ("deepseek-v3.2", "deepseek_v3", None, 131_072, 65_536, "deepseek-v3.2", None),
    ("deepseek-v3.2-exp*", "deepseek_v3", None, 131_072, 65_536, "deepseek-v3.1-terminus", None),
    ("deepseek-v3*", "deepseek_v3", None, 131_072, 8_192, "deepseek-v3.2", None),
    ("deepseek-v4", "deepseek_v3", None, 1_000_000, 393_216, "deepseek-v4", None),
    ("deepseek-v4-flash", "deepseek_v3", None, 1_000_000, 393_216, "deepseek-v4", None),
    ("deepseek-v4-pro", "deepseek_v3", None, 1_000_000, 393_216, "deepseek-v4", None),
    ("deepseek-v4.1*", "deepseek_v3", None, 1_000_000, 393_216, "deepseek-v4", None),
    ("deepseek-v4*", "deepseek_v3", None, 1_000_000, 393_216, "deepseek-v4", None),
    ("deepseek-flash*", "deepseek_v3", None, 1_000_000, 393_216, "deepseek-v4", None),
    ("deepseek-r1", "deepseek_v3", None, 131_072, 32_768, "deepseek-r1", None),
    # copies of its template differ in what opens the answer
    ("deepseek-r1-0528*", "deepseek_v3", None, 131_072, 65_536, "deepseek-r1-0528", None),
    # made from Qwen and Llama, whose vocabulary they keep; Ollama's tags name them by size
    ("deepseek-r1-distill*", None, "o200k_base", 131_072, 32_768, "generic", None),
    ("deepseek-r1-0528-qwen*", None, "o200k_base", 131_072, 32_768, "generic", None),
    ("deepseek-r1:1.5b deepseek-r1:7b deepseek-r1:8b", None, "o200k_base", 131_072, 32_768,
     "generic", None),
    ("deepseek-r1:14b deepseek-r1:32b deepseek-r1:70b", None, "o200k_base", 131_072, 32_768,
     "generic", None),
    # ---- Anthropic
    ("claude-fable-5", None, "o200k_base", 1_000_000, 128_000, "generic",
     ("claude", 750, 2576, 4784)),
    ("claude-mythos", None, "o200k_base", 1_000_000, 128_000, "generic",
     ("claude", 750, 2576, 4784)),
    ("claude-opus-5", None, "o200k_base", 1_000_000, 128_000, "generic",
     ("claude", 750, 2576, 4784)),
    ("claude-sonnet-5", None, "o200k_base", 1_000_000, 128_000, "generic",
     ("claude", 750, 2576, 4784)),
    ("claude-haiku-5-5 claude-haiku-5.5", None, "o200k_base", 1_000_000, 128_000, "generic",
     ("claude", 750, 2576, 4784)),
    ("claude-opus-4-8 claude-opus-4.8", None, "o200k_base", 1_000_000, 128_000, "generic",
     ("claude", 750, 2576, 4784)),
    ("claude-opus-4-7 claude-opus-4.7", None, "o200k_base", 1_000_000, 128_000, "generic",
     ("claude", 750, 2576, 4784)),
    ("claude-opus-4-6 claude-opus-4.6", None, "o200k_base", 1_000_000, 128_000, "generic",
     ("claude", 750, 1568, 1600)),
    ("claude-sonnet-4-6 claude-sonnet-4.6", None, "o200k_base", 1_000_000, 128_000, "generic",
     ("claude", 750, 1568, 1600)),
    ("claude-opus-4-5 claude-opus-4.5", None, "o200k_base", 200_000, 64_000, "generic",
     ("claude", 750, 1568, 1600)),
    ("claude-sonnet-4-5 claude-sonnet-4.5", None, "o200k_base", 200_000, 64_000, "generic",
     ("claude", 750, 1568, 1600)),
    ("claude-haiku-4-5 claude-haiku-4.5", None, "o200k_base", 200_000, 64_000, "generic",
     ("claude", 750, 1568, 1600)),
    ("claude-opus-4-1 claude-opus-4.1", None, "o200k_base", 200_000, 32_000, "generic",
     ("claude", 750, 1568, 1600)),
    ("claude-opus-4 claude-4-opus", None, "o200k_base", 200_000, 32_000, "generic",
     ("claude", 750, 1568, 1600)),
    ("claude-sonnet-4 claude-4-sonnet", None, "o200k_base", 200_000, 64_000, "generic",
     ("claude", 750, 1568, 1600)),
    ("claude-3-7-sonnet claude-3.7-sonnet", None, "o200k_base", 200_000, 64_000, "generic",
     ("claude", 750, 1568, 1600)),
    ("claude-3-5-sonnet claude-3.5-sonnet", None, "o200k_base", 200_000, 8_192, "generic",
     ("claude", 750, 1568, 1600)),
    ("claude-3-5-haiku claude-3.5-haiku", None, "o200k_base", 200_000, 8_192, "generic",
     ("claude", 750, 1568, 1600)),
    ("claude-3", None, "o200k_base", 200_000, 4_096, "generic", ("claude", 750, 1568, 1600)),
    ("claude-3-opus", None, "o200k_base", 200_000, 4_096, "generic", ("claude", 750, 1568, 1600)),
    ("claude-3-sonnet", None, "o200k_base", 200_000, 4_096, "generic", ("claude", 750, 1568, 1600)),
    ("claude-3-haiku", None, "o200k_base", 200_000, 4_096, "generic", ("claude", 750, 1568, 1600)),
    ("claude-2.1 claude-2-1 claude-v2:1", None, "o200k_base", 200_000, 4_096, "generic", None),
    ("claude-2 claude-2.0 claude-v2", None, "o200k_base", 100_000, 4_096, "generic", None),
    ("claude-instant", None, "o200k_base", 100_000, 4_096, "generic", None),
    ("claude", None, "o200k_base", None, None, "generic", ("claude", 750, 2576, 4784)),
    # ---- Google
    ("gemini-4", None, "o200k_base", 1_048_576, None, "generic", ("fixed", 1120)),
    ("gemini-3", None, "o200k_base", 1_048_576, 65_536, "generic", ("fixed", 1120)),
    ("gemini-3*", None, "o200k_base", 1_048_576, 65_536, "generic", ("fixed", 1120)),
    ("gemini-flash-latest gemini-flash-lite-latest gemini-pro-latest", None, "o200k_base",
     1_048_576, 65_536, "generic", ("fixed", 1120)),
    ("gemini-2.5-pro gemini-2.5-flash gemini-2.5-flash-lite gemini-2.5", None, "o200k_base",
     1_048_576, 65_536, "generic", ("gemini", 258, 384, 768)),
    ("gemini-2.0-flash gemini-2.0-flash-lite gemini-2.0-pro gemini-2.0", None, "o200k_base",
     1_048_576, 8_192, "generic", ("gemini", 258, 384, 768)),
    ("gemini-1.5-pro", None, "o200k_base", 2_000_000, 8_192, "generic", ("fixed", 258)),
    ("gemini-1.5-flash gemini-1.5-flash-8b", None, "o200k_base", 1_048_576, 8_192, "generic",
     ("fixed", 258)),
    ("gemini-pro gemini-1.0-pro", None, "o200k_base", 32_760, 8_192, "generic", None),
    ("gemini", None, "o200k_base", None, None, "generic", None),
    ("gemma-4 gemma4", None, "o200k_base", 262_144, 32_768, "generic", None),
    ("gemma-3 gemma3", None, "o200k_base", 131_072, 8_192, "generic", None),
    ("gemma-2 gemma2 gemma", None, "o200k_base", 8_192, 8_192, "generic", None),
    # ---- Meta
    ("llama-4-scout llama4-scout", None, "o200k_base", 10_000_000, None, "generic", None),
    ("llama-4-maverick llama4-maverick", None, "o200k_base", 1_000_000, None, "generic", None),
    ("llama-4 llama4", None, "o200k_base", 1_000_000, None, "generic", None),
    ("llama-3.3 llama3.3 llama3-3 llama-v3p3 meta-llama-3.3", None, "o200k_base", 131_072, None,
     "generic", None),
    ("llama-3.2 llama3.2 llama3-2 llama-v3p2 meta-llama-3.2", None, "o200k_base", 131_072, None,
     "generic", None),
    ("llama-3.1 llama3.1 llama3-1 llama-v3p1 meta-llama-3.1", None, "o200k_base", 131_072, None,
     "generic", None),
    ("llama-3 llama3 llama-v3 meta-llama-3", None, "o200k_base", 8_192, None, "generic", None),
    ("llama-2 llama2 llama-v2 meta-llama-2 codellama", None, "cl100k_base", 4_096, None,
     "generic", None),
    ("llama", None, "o200k_base", None, None, "generic", None),
    # ---- Mistral
    ("mistral-large-4", None, "o200k_base", 1_048_576, None, "generic", None),
    ("mistral-large mistral-large-3 mistral-large-2512", None, "o200k_base", 262_144, None,
     "generic", None),
    ("mistral-large-2402", None, "o200k_base", 32_768, None, "generic", None),
    ("mistral-large-2407 mistral-large-2411", None, "o200k_base", 131_072, None, "generic", None),
    ("mistral-medium", None, "o200k_base", 262_144, None, "generic", None),
    ("mistral-medium-2505 mistral-medium-2508", None, "o200k_base", 131_072, None, "generic", None),
    ("mistral-medium-2312", None, "o200k_base", 32_768, None, "generic", None),
    ("mistral-small mistral-small-2603", None, "o200k_base", 262_144, None, "generic", None),
    ("mistral-small-2402 mistral-small-2409 mistral-small-2501", None, "o200k_base", 32_768, None,
     "generic", None),
    ("mistral-small-2503 mistral-small-2506", None, "o200k_base", 131_072, None, "generic", None),
    ("magistral-medium magistral-small", None, "o200k_base", 262_144, None, "generic", None),
    ("magistral-medium-2506 magistral-medium-2507 magistral-small-2506 magistral-small-2507", None,
     "o200k_base", 40_000, None, "generic", None),
    ("magistral-medium-2509 magistral-small-2509", None, "o200k_base", 128_000, None, "generic",
     None),
    ("ministral-3b", None, "o200k_base", 131_072, None, "generic", None),
    ("ministral-8b-2410 ministral-3b-2410", None, "o200k_base", 131_072, None, "generic", None),
    ("ministral-8b ministral-14b ministral-3", None, "o200k_base", 262_144, None, "generic", None),
    ("devstral devstral-medium devstral-small", None, "o200k_base", 256_000, None, "generic", None),
    ("devstral-small-2505 devstral-small-2507 devstral-medium-2507", None, "o200k_base", 128_000,
     None, "generic", None),
    ("codestral", None, "o200k_base", 128_000, None, "generic", None),
    ("codestral-2405", None, "o200k_base", 32_768, None, "generic", None),
    ("pixtral", None, "o200k_base", 128_000, None, "generic", None),
    ("mistral-nemo open-mistral-nemo", None, "o200k_base", 128_000, None, "generic", None),
    ("mixtral-8x22b open-mixtral-8x22b", None, "cl100k_base", 65_536, None, "generic", None),
    ("mixtral mixtral-8x7b open-mixtral-8x7b", None, "cl100k_base", 32_768, None, "generic", None),
    ("mistral-7b open-mistral-7b mistral-tiny", None, "cl100k_base", 32_768, None, "generic", None),
    ("mistral", None, "o200k_base", None, None, "generic", None),
    # ---- Qwen
    ("qwen3.8-max qwen3.8-flash qwen3.8", None, "o200k_base", 991_808, 131_072, "generic", None),
    ("qwen3.7-max qwen3.7-plus qwen3.7", None, "o200k_base", 991_808, 65_536, "generic", None),
    ("qwen3.6-plus qwen3.6", None, "o200k_base", 1_000_000, 65_536, "generic", None),
    ("qwen3.5-plus qwen3.5", None, "o200k_base", 991_808, 65_536, "generic", None),
    ("qwen3-max", None, "o200k_base", 262_144, 65_536, "generic", None),
    ("qwen3-coder-plus qwen3-coder-flash", None, "o200k_base", 997_952, 65_536, "generic", None),
    ("qwen3-coder", None, "o200k_base", 262_144, 65_536, "generic", None),
    ("qwen3-next", None, "o200k_base", 262_144, 65_536, "generic", None),
    ("qwen3-vl", None, "o200k_base", 131_072, 32_768, "generic", None),
    ("qwen3", None, "o200k_base", 131_072, 16_384, "generic", None),
    ("qwen2.5 qwen-2.5", None, "o200k_base", 131_072, 8_192, "generic", None),
    ("qwen2 qwen-2", None, "o200k_base", 131_072, 8_192, "generic", None),
    ("qwq qwq-plus", None, "o200k_base", 131_072, 8_192, "generic", None),
    ("qwen-max", None, "o200k_base", 32_768, 8_192, "generic", None),
    ("qwen-plus", None, "o200k_base", 1_000_000, 32_768, "generic", None),
    ("qwen-plus-2025-01-25 qwen-plus-2025-04-28 qwen-plus-2025-07-14", None, "o200k_base", 131_072,
     16_384, "generic", None),
    ("qwen-flash", None, "o200k_base", 1_000_000, 32_768, "generic", None),
    ("qwen-turbo", None, "o200k_base", 1_000_000, 16_384, "generic", None),
    ("qwen", None, "o200k_base", None, None, "generic", None),
    # ---- xAI
    ("grok-4.7 grok-4.6 grok-4.5", None, "o200k_base", 500_000, None, "generic", None),
    ("grok-4.3", None, "o200k_base", 1_000_000, None, "generic", None),
    ("grok-4.20", None, "o200k_base", 1_000_000, None, "generic", None),
    ("grok-4-fast grok-4-1-fast grok-4.1-fast", None, "o200k_base", 2_000_000, None, "generic",
     None),
    ("grok-4", None, "o200k_base", 256_000, None, "generic", None),
    ("grok-3 grok-3-mini", None, "o200k_base", 131_072, None, "generic", None),
    ("grok-2", None, "o200k_base", 131_072, None, "generic", None),
    ("grok-2-vision", None, "o200k_base", 32_768, None, "generic", None),
    ("grok-code-fast grok-code-fast-1", None, "o200k_base", 256_000, None, "generic", None),
    ("grok", None, "o200k_base", None, None, "generic", None),
)
# fmt: on

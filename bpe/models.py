"""Which encoding a model uses: one row for each name, and one for each prefix of names.

Sources: the tables of tiktoken 0.14 (model.py), and for newer names the vendors' own pages:
OpenAI's model pages, gpt-oss's repository, DeepSeek's model cards, whose tokenizer.json is that of
DeepSeek-V3.  Names are lower case here; they are found in any case.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


class Model:
    """What is known of one model, or of all whose names begin alike.

    `encoding` None marks names which a shorter prefix would take, but which use a vocabulary that
    is not bundled: no answer is better than a wrong one.
    """

    __slots__ = ("encoding",)

    def __init__(self, encoding: str | None) -> None:
        self.encoding = encoding

    def __repr__(self) -> str:
        return f"Model(encoding={self.encoding!r})"


_GPT2 = Model("gpt2")
_R50K = Model("r50k_base")
_P50K = Model("p50k_base")
_EDIT = Model("p50k_edit")
_CL100K = Model("cl100k_base")
_O200K = Model("o200k_base")
_HARMONY = Model("o200k_harmony")
_DEEPSEEK = Model("deepseek_v3")
_NOT_BUNDLED = Model(None)

MODELS: dict[str, Model] = {
    # reasoning
    "o1": _O200K,
    "o3": _O200K,
    "o4": _O200K,
    "o4-mini": _O200K,
    "codex-mini": _O200K,
    # chat
    "gpt-5": _O200K,
    "gpt-4.5": _O200K,
    "gpt-4.1": _O200K,
    "gpt-4o": _O200K,
    "gpt-4": _CL100K,
    "gpt-3.5-turbo": _CL100K,
    "gpt-3.5": _CL100K,
    "gpt-35-turbo": _CL100K,  # Azure's spelling
    # speech
    "gpt-realtime": _O200K,
    # open weights
    "gpt-oss": _HARMONY,
    "gpt2": _GPT2,
    "gpt-2": _GPT2,
    # DeepSeek
    "deepseek-chat": _DEEPSEEK,
    "deepseek-reasoner": _DEEPSEEK,
    "deepseek-v3": _DEEPSEEK,
    "deepseek-r1": _DEEPSEEK,
    "deepseek-v4": _DEEPSEEK,
    # embeddings
    "text-embedding-ada-002": _CL100K,
    "text-embedding-3-small": _CL100K,
    "text-embedding-3-large": _CL100K,
    # base
    "davinci-002": _CL100K,
    "babbage-002": _CL100K,
    # retired: text
    "text-davinci-003": _P50K,
    "text-davinci-002": _P50K,
    "text-davinci-001": _R50K,
    "text-curie-001": _R50K,
    "text-babbage-001": _R50K,
    "text-ada-001": _R50K,
    "davinci": _R50K,
    "curie": _R50K,
    "babbage": _R50K,
    "ada": _R50K,
    # retired: code
    "code-davinci-002": _P50K,
    "code-davinci-001": _P50K,
    "code-cushman-002": _P50K,
    "code-cushman-001": _P50K,
    "davinci-codex": _P50K,
    "cushman-codex": _P50K,
    # retired: edits
    "text-davinci-edit-001": _EDIT,
    "code-davinci-edit-001": _EDIT,
    # retired: embeddings
    "text-similarity-davinci-001": _R50K,
    "text-similarity-curie-001": _R50K,
    "text-similarity-babbage-001": _R50K,
    "text-similarity-ada-001": _R50K,
    "text-search-davinci-doc-001": _R50K,
    "text-search-curie-doc-001": _R50K,
    "text-search-babbage-doc-001": _R50K,
    "text-search-ada-doc-001": _R50K,
    "code-search-babbage-code-001": _R50K,
    "code-search-ada-code-001": _R50K,
}

PREFIXES: dict[str, Model] = {
    "o1-": _O200K,
    "o3-": _O200K,
    "o4-": _O200K,
    "o4-mini-": _O200K,
    "codex-mini-": _O200K,
    "gpt-5": _O200K,
    "gpt-4.5-": _O200K,
    "gpt-4.1-": _O200K,
    "chatgpt-4o-": _O200K,
    "gpt-4o-": _O200K,
    "gpt-4-": _CL100K,
    "gpt-3.5-turbo-": _CL100K,
    "gpt-35-turbo-": _CL100K,
    "gpt-realtime-": _O200K,
    "gpt-oss-": _HARMONY,
    # fine-tuned
    "ft:gpt-4.1": _O200K,
    "ft:gpt-4o": _O200K,
    "ft:gpt-4": _CL100K,
    "ft:gpt-3.5-turbo": _CL100K,
    "ft:davinci-002": _CL100K,
    "ft:babbage-002": _CL100K,
    # DeepSeek: V3.1, V3-0324, R1-0528, V4-...; the distilled models keep the vocabulary of the
    # model (Qwen, Llama) that they were made from
    "deepseek-v3": _DEEPSEEK,
    "deepseek-v4": _DEEPSEEK,
    "deepseek-r1-": _DEEPSEEK,
    "deepseek-r1-distill": _NOT_BUNDLED,
    "deepseek-r1-0528-qwen": _NOT_BUNDLED,
}


def find_model(name: str) -> Model | None:
    """The row of a model: by its exact name, else by the longest prefix; any `provider/` dropped.

    >>> find_model("openai/gpt-4o-2024-08-06")
    Model(encoding='o200k_base')
    """
    name = name.rpartition("/")[2].lower()
    row = MODELS.get(name)
    if row is not None:
        return row
    prefix = max((prefix for prefix in PREFIXES if name.startswith(prefix)), key=len, default=None)
    return None if prefix is None else PREFIXES[prefix]


def model_names() -> Iterator[str]:
    """Every name that stands in the tables."""
    yield from MODELS
    yield from PREFIXES

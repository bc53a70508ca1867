"""Counting for models: chats, tools, images, JSON, budgets, estimates, monitoring.

The layer takes a Counter and never looks inside a tokenizer.  Its names are imported at their
first use, so that `import bpe.context` costs next to nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .breakdown import Breakdown, MessageCount, PartCount
    from .budget import Budget
    from .clients import optimized_client
    from .compress import compress_context, prune_tool_results
    from .compressed import Action, CompressedContext
    from .counter import Counter, ModelCounter, counter_for
    from .counting import count_breakdown
    from .estimate import Calibrated, Exact, Heuristic, estimator
    from .groups import Group, groups_of
    from .messages import validate_messages
    from .metrics import Metrics, PrometheusMetrics
    from .monitor import ContextMonitor, ContextUsage
    from .optimizer import TokenOptimizer
    from .optimizer_config import TokenOptimizationConfig
    from .optimizer_plan import OptimizationPlan, OptimizationResult, StepRecord
    from .payloads import (
        compress_payload,
        decompress_payload,
        payload_reader,
        payload_writer,
        train_dictionary,
    )
    from .repetition import RepetitionDetector, RepetitionStatus
    from .shorten import shorten_json, shorten_result, shorten_text
    from .summarize import AsyncSummarizer, OllamaSummarizer, OpenAISummarizer, Summarizer
    from .templates import Templates
    from .token_counter import TokenCounter

__all__ = [
    "Action",
    "AsyncSummarizer",
    "Breakdown",
    "Budget",
    "Calibrated",
    "CompressedContext",
    "ContextMonitor",
    "ContextUsage",
    "Counter",
    "Exact",
    "Group",
    "Heuristic",
    "MessageCount",
    "Metrics",
    "ModelCounter",
    "OllamaSummarizer",
    "OpenAISummarizer",
    "OptimizationPlan",
    "OptimizationResult",
    "PartCount",
    "PrometheusMetrics",
    "RepetitionDetector",
    "RepetitionStatus",
    "StepRecord",
    "Summarizer",
    "Templates",
    "TokenCounter",
    "TokenOptimizationConfig",
    "TokenOptimizer",
    "compress_context",
    "compress_payload",
    "count_breakdown",
    "counter_for",
    "decompress_payload",
    "estimator",
    "groups_of",
    "optimized_client",
    "payload_reader",
    "payload_writer",
    "prune_tool_results",
    "shorten_json",
    "shorten_result",
    "shorten_text",
    "train_dictionary",
    "validate_messages",
]

# Where each name comes from.
_HOMES = {
    "Action": "compressed",
    "AsyncSummarizer": "summarize",
    "Breakdown": "breakdown",
    "Budget": "budget",
    "Calibrated": "estimate",
    "CompressedContext": "compressed",
    "ContextMonitor": "monitor",
    "ContextUsage": "monitor",
    "Counter": "counter",
    "Exact": "estimate",
    "Group": "groups",
    "Heuristic": "estimate",
    "MessageCount": "breakdown",
    "Metrics": "metrics",
    "ModelCounter": "counter",
    "OllamaSummarizer": "summarize",
    "OpenAISummarizer": "summarize",
    "OptimizationPlan": "optimizer_plan",
    "OptimizationResult": "optimizer_plan",
    "PartCount": "breakdown",
    "PrometheusMetrics": "metrics",
    "RepetitionDetector": "repetition",
    "RepetitionStatus": "repetition",
    "StepRecord": "optimizer_plan",
    "Summarizer": "summarize",
    "Templates": "templates",
    "TokenCounter": "token_counter",
    "TokenOptimizationConfig": "optimizer_config",
    "TokenOptimizer": "optimizer",
    "compress_context": "compress",
    "compress_payload": "payloads",
    "count_breakdown": "counting",
    "counter_for": "counter",
    "decompress_payload": "payloads",
    "estimator": "estimate",
    "groups_of": "groups",
    "optimized_client": "clients",
    "payload_reader": "payloads",
    "payload_writer": "payloads",
    "prune_tool_results": "compress",
    "shorten_json": "shorten",
    "shorten_result": "shorten",
    "shorten_text": "shorten",
    "train_dictionary": "payloads",
    "validate_messages": "messages",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = globals()[name] = getattr(import_module(f".{home}", __name__), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

"""What bpe.context exports, and that this costs nothing until it is used."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys

import pytest

import bpe.context

PUBLIC = [
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


def test_all() -> None:
    assert bpe.context.__all__ == PUBLIC
    assert set(PUBLIC) <= set(dir(bpe.context))
    for name in PUBLIC:
        assert inspect.getdoc(getattr(bpe.context, name)), name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        bpe.context.nothing  # noqa: B018


def test_importing_it_is_light() -> None:
    program = """
import sys
import bpe
before = set(sys.modules)
import bpe.context
print(*(set(sys.modules) - before))
bpe.context.count_breakdown
assert "bpe.context.counting" in sys.modules
assert "bpe.context.monitor" not in sys.modules
"""
    run = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env=dict(os.environ),
    )
    assert run.stdout.split() == ["bpe.context"]

"""TokenOptimizer: seven steps that make a request fit, and leave one alone that does.

Of the window W, the prompt budget is P = W x (1 - headroom), the caps of system prompt and
retrieved blocks are their ratios of W, and the history may have
H = min(max_history_tokens, P - both caps - tools in use) tokens.  As long as the prompt is below
its pressure threshold (0.7 P) and the history is at most at its trigger (0.70 H), everything is
returned as it came.  Else the steps are taken in the order of their table (steps/), each only
while the one or the other is still exceeded.

System and developer messages but for the sections of step 5, the last n messages with their groups,
and the latest user message stay word for word; order is kept; calls and their results stay
together.
"""

from __future__ import annotations

from ..arguments import shown
from ..errors import ArgumentError, BudgetError, TokenTypeError
from .counting import framing_for
from .messages import listed
from .optimizer_config import TokenOptimizationConfig
from .optimizer_plan import OptimizationPlan, OptimizationResult, StepRecord
from .steps import STEPS
from .steps.conciseness import Conciseness, directive_at
from .steps.history import History
from .steps.marks import PROFILE, RAG, blocks_of, compile_markers
from .steps.slots import slots_of
from .steps.state import State
from .steps.summary import Summary
from .templates import Templates
from .tracing import span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Iterable
    from typing import Any, TypeAlias

    from .counter import Counter
    from .metrics import Metrics
    from .steps.marks import Markers
    from .steps.summary import Ask
    from .summarize import AsyncSummarizer, Summarizer

    AnySummarizer: TypeAlias = (
        Summarizer | AsyncSummarizer | Callable[[str, int], str | Awaitable[str]]
    )
    # Everything but the asking, which is done with or without an event loop.
    Run: TypeAlias = Generator[Ask, str | Exception, OptimizationResult]

__all__ = ["TokenOptimizer"]

_COMPACTING = frozenset((History.name, Summary.name))
# Where a total is no sum over the messages, compaction may have to look again.
_ROUNDS = 4


class TokenOptimizer:
    """Makes conversations and tools fit the budgets of a configuration.

    - `config`: a TokenOptimizationConfig, by default one for a window of 8,192 tokens;
      `TokenOptimizationConfig.for_model(model)` has a model's own.
    - `model`, `counter`: what counts, as in `count_messages`; `config.tokenizer_model` goes before
      `model`.  Where that only estimates, the budget is smaller by the error of the estimate.
    - `preserve_last_n`: so many messages at the end never change.
    - `summarizer`: has `summarize(text, max_tokens)` or `asummarize`, or is a function of both,
      async or not.  If it fails the history is compacted without it.
    - `rag_markers`, `profile_markers`: how blocks are marked: names of tags ("memory" for
      `<memory>...</memory>`), pairs of texts, or texts that begin a block up to a blank line.
    - `metrics`: told of each optimization; what goes wrong there is logged and never raised.

    Nothing is kept between calls, so one optimizer serves any number of threads and conversations.

    >>> optimizer = TokenOptimizer()
    >>> conversation = [{"role": "user", "content": "Hello!"}]
    >>> optimizer.optimize(conversation).conversation is conversation
    True
    """

    def __init__(
        self,
        config: TokenOptimizationConfig | None = None,
        *,
        model: str = "gpt-4o",
        counter: Counter | None = None,
        preserve_last_n: int = 2,
        summarizer: AnySummarizer | None = None,
        rag_markers: Markers = RAG,
        profile_markers: Markers = PROFILE,
        metrics: Metrics | None = None,
    ) -> None:
        if config is None:
            config = TokenOptimizationConfig()
        elif not isinstance(config, TokenOptimizationConfig):
            raise TokenTypeError(
                f"config must be a TokenOptimizationConfig, not {type(config).__name__}",
                value=config,
            )
        if type(preserve_last_n) is not int:
            raise TokenTypeError(
                f"preserve_last_n must be an integer, not {type(preserve_last_n).__name__}",
                value=preserve_last_n,
            )
        if preserve_last_n < 0:
            raise ArgumentError(f"preserve_last_n must be at least 0: {shown(preserve_last_n)}")
        if not (
            summarizer is None
            or callable(summarizer)
            or callable(getattr(summarizer, "summarize", None))
            or callable(getattr(summarizer, "asummarize", None))
        ):
            raise TokenTypeError(
                "a summarizer has summarize(text, max_tokens) or asummarize, or is a function of "
                f"both, which {type(summarizer).__name__} is not",
                value=summarizer,
            )
        self.config = config
        self.model = config.tokenizer_model or model
        self.preserve_last_n = preserve_last_n
        self._framing = framing_for(self.model, counter=counter)
        self._limit = int(config.prompt_budget / (1 + self._framing.counter.error) + 1e-6)
        self._summarizer = summarizer
        self._rag_markers = compile_markers(rag_markers, "rag_markers")
        self._profile_markers = compile_markers(profile_markers, "profile_markers")
        self._metrics = metrics
        self._templates = Templates(config.prompt_template_dir)

    def __repr__(self) -> str:
        return f"TokenOptimizer({self.config!r}, model={self.model!r})"

    # ---- with and without an event loop

    def optimize(self, conversation: Iterable[Any]) -> OptimizationResult:
        """A conversation that fits; as `optimize_with_tools` without tools."""
        return self.optimize_with_tools(conversation, None)

    async def aoptimize(self, conversation: Iterable[Any]) -> OptimizationResult:
        """As `optimize`; waits for the summariser without blocking the event loop."""
        return await self.aoptimize_with_tools(conversation, None)

    def optimize_with_tools(
        self,
        conversation: Iterable[Any],
        tools: Iterable[Any] | None,
        *,
        required_tools: Iterable[str] = (),
    ) -> OptimizationResult:
        """A conversation and definitions of tools that fit together.

        Tools of these names, such as one that `tool_choice` demands, stay as those in use do.
        Raises TokenCountError, with `index` and `path`, for what is malformed, and BudgetError,
        with `needed` and `available`, where that which must stay does not fit.  Nothing that was
        given is changed in place, so that nothing is lost to an error.
        """
        messages, definitions = _as_list(conversation), _as_tools(tools)
        with self._span(messages, definitions):
            run = self._run(messages, definitions, frozenset(required_tools))
            answer: str | Exception | None = None
            while True:
                try:
                    ask = next(run) if answer is None else run.send(answer)
                except StopIteration as stop:
                    return self._told(stop.value)
                try:
                    answer = self._ask(ask)
                except Exception as error:
                    answer = error

    async def aoptimize_with_tools(
        self,
        conversation: Iterable[Any],
        tools: Iterable[Any] | None,
        *,
        required_tools: Iterable[str] = (),
    ) -> OptimizationResult:
        """As `optimize_with_tools`; a summariser that is not async is called in a thread."""
        messages, definitions = _as_list(conversation), _as_tools(tools)
        with self._span(messages, definitions):
            run = self._run(messages, definitions, frozenset(required_tools))
            answer: str | Exception | None = None
            while True:
                try:
                    ask = next(run) if answer is None else run.send(answer)
                except StopIteration as stop:
                    return self._told(stop.value)
                try:
                    answer = await self._aask(ask)
                except Exception as error:
                    answer = error

    def _ask(self, ask: Ask) -> Any:
        from .asking import ask_now

        return ask_now(self._summarizer, ask.prompt, ask.max_tokens)

    async def _aask(self, ask: Ask) -> Any:
        from .asking import ask_async

        return await ask_async(self._summarizer, ask.prompt, ask.max_tokens)

    def _span(self, messages: list[Any], tools: list[Any] | None) -> Any:
        return span(
            "token_optimization.optimize",
            msgs=len(messages),
            enabled=self.config.enabled,
            tools=len(tools or ()),
        )

    # ---- the pipeline

    def _run(
        self, messages: list[Any], tools: list[Any] | None, required_tools: frozenset[str]
    ) -> Run:
        if not self.config.enabled:
            return OptimizationResult(messages, tools, OptimizationPlan(), {}, {})
        state = self._state(messages, tools)
        state.required_tools = required_tools
        original = state.recount()
        records: list[StepRecord] = []
        for step in STEPS:
            if not state.needed:
                break
            name, before = step.name, state.total
            state.changed, state.notes = False, ""
            if isinstance(step, Summary):
                # Without a summariser, what it would do has been done by the step before.
                if not state.summarised:
                    continue
                done = yield from step.asking(state)
                if not done:
                    name = History.name
                    step(state)
            else:
                step(state)
            if state.changed or state.notes:
                records.append(StepRecord(name, before, state.recount(), state.notes))
        self._fit(state, records)
        if not any(record.before != record.after for record in records):
            # A step that saved nothing, such as a directive that was taken back.
            state.messages, state.tools = messages, tools
        return self._result(state, messages, tools, original, tuple(records))

    def _state(self, messages: list[Any], tools: list[Any] | None) -> State:
        framing = self._framing
        state = State(
            config=self.config,
            framing=framing,
            limit=self._limit,
            preserve_last_n=self.preserve_last_n,
            rag_markers=self._rag_markers,
            profile_markers=self._profile_markers,
            render=self._templates.render,
            summarised=self._summarizer is not None,
            messages=[*messages],
            tokens=[framing.message_tokens(each, at) for at, each in enumerate(messages)],
            tools=tools,
        )
        latest = state.latest_user()
        if latest >= 0:
            state.rag_tokens = min(
                state.tokens[latest],
                sum(
                    state.count_text(slot.text[block.begin : block.end])
                    for slot in slots_of(messages[latest])
                    for block in blocks_of(slot.text, self._rag_markers)
                ),
            )
        state.reframe()
        return state

    def _fit(self, state: State, records: list[StepRecord]) -> None:
        """Makes sure that the result fits: the directive is the first thing to go."""
        for _ in range(_ROUNDS):
            if state.total <= state.limit:
                return
            added = [at for at, each in enumerate(records) if each.name == Conciseness.name]
            where = directive_at(state.messages)
            before = state.total
            if added and where is not None:
                state.remove(where)
                _take_back(records, added[0], before - state.recount())
                continue
            state.changed = False
            History().compact(state)
            if not state.changed:
                break
            records.append(StepRecord(History.name, before, state.recount()))
        if state.total > state.limit:
            raise BudgetError(
                f"what must stay of this request has {state.total} tokens: system messages, the "
                f"last {shown(self.preserve_last_n)} messages with their calls, the latest user "
                f"message and the tools in use.  {state.limit} of the window of "
                f"{self.config.context_window_tokens} are for it",
                needed=state.total,
                available=state.limit,
            )

    # ---- results

    def _result(
        self,
        state: State,
        messages: list[Any],
        tools: list[Any] | None,
        original: int,
        records: tuple[StepRecord, ...],
    ) -> OptimizationResult:
        config = self.config
        optimized = state.total if records else original
        changed = len(state.messages) != len(messages) or any(
            new is not old for new, old in zip(state.messages, messages, strict=True)
        )
        plan = OptimizationPlan(
            steps=records,
            original_tokens=original,
            optimized_tokens=optimized,
            prompt_budget=config.prompt_budget,
            prompt_limit=state.limit,
            system_cap=config.system_cap,
            rag_cap=config.rag_cap,
            history_cap=state.history_cap,
            history_tokens=state.history_tokens,
        )
        compacted = not _COMPACTING.isdisjoint(plan.fired)
        metrics = {
            "original_tokens": original,
            "optimized_tokens": optimized,
            "saved_tokens": plan.saved,
            "saved_ratio": plan.saved / original if original else 0.0,
            "compacted": compacted,
            "messages_before": len(messages),
            "messages_after": len(state.messages),
            "tools_before": len(tools or ()),
            "tools_after": len(state.tools or ()),
        }
        return OptimizationResult(
            conversation=state.messages if changed else messages,
            tools=state.tools,
            plan=plan,
            request_params=config.request_params,
            metrics=metrics,
        )

    def _told(self, result: OptimizationResult) -> OptimizationResult:
        if self._metrics is not None and self.config.enabled:
            try:
                self._metrics.optimization(
                    original=result.plan.original_tokens,
                    optimized=result.plan.optimized_tokens,
                    compacted=bool(result.metrics["compacted"]),
                )
            except Exception:
                import logging

                logging.getLogger(__name__).exception("metrics could not be told")
        return result


def _take_back(records: list[StepRecord], at: int, tokens: int) -> None:
    """Removes the record of the directive: what came after it was smaller by its tokens."""
    del records[at]
    for later in range(at, len(records)):
        old = records[later]
        records[later] = StepRecord(old.name, old.before - tokens, old.after - tokens, old.note)


def _as_list(conversation: Iterable[Any]) -> list[Any]:
    return conversation if isinstance(conversation, list) else [*listed(conversation)]


def _as_tools(tools: Iterable[Any] | None) -> list[Any] | None:
    if tools is None or isinstance(tools, list):
        return tools
    from .messages import as_mapping, fail

    if isinstance(tools, (str, bytes)) or as_mapping(tools) is not None:
        fail(("tools",), f"must be a list of tools, not {type(tools).__name__}")
    return [*tools]

"""How a chat is framed for OpenAI's models, and what is assumed of the other families.

From OpenAI's guide "How to count tokens with tiktoken", whose sample gives 129 tokens with
cl100k_base, 127 for gpt-3.5-turbo-0301 and 124 with o200k_base:

- 3 tokens a message, besides its role and its text, and 1 for a name, besides the name itself;
  4 and -1 for gpt-3.5-turbo-0301;
- 3 tokens for the reply, which opens with its role.

Tool definitions are the tokens of their rendering (tools.py) and 9, less 4 if there is a system
message; a tool_choice of "none" is 1, a named function 7 and the tokens of its name.  These
figures come from comparisons with the usage that the API reports (openai-chat-tokens, litellm),
not from OpenAI; nor do those of calls: name and arguments as text, without ids.  So calls, their
results, definitions and thoughts are not `exact`, and have an error of ASSUMED_ERROR.

Other families ("generic") have 4 tokens a message besides its role, as the published templates of
Llama 3, Qwen and Gemma have, and 3 for the reply.  The error of that is stated as 1.0.

Where litellm.token_counter differs, for these models:

- Long texts: it cuts texts of more than 1,024 characters in slices and adds up the slices, which
  gives more; texts far longer it extrapolates from samples.
- Function names: it counts a call's arguments only; here its name counts too.
- Ids: it counts `tool_call_id`, as it counts any text under any key of a message; here `role`,
  `name`, `content`, `refusal`, `reasoning_content` (or `reasoning`), `tool_calls` and
  `function_call` count.  Of calls it counts no ids either.
- Arguments that are a mapping, and a block's `input`: it counts Python's repr, here compact JSON.
- Type unions in a schema (`anyOf`, `oneOf`, lists of types), `const`, and `enum` without a type: it
  writes `any`; here they are unions, as TypeScript has them.  Arrays without `items` are an error
  there.
- Images: "auto" is low there, high here, as OpenAI documents; it scales up to a short side of 768
  and to a long one of 2,000, has 85 and 170 for every model, and fetches addresses.
- Encrypted thoughts, documents and files: see parts.py; there they are nothing, or one image.
- gpt-3.5-turbo-0301: it has dropped that model's name, and with it 4 and -1.
- Encodings: it takes o200k_base only for names that it knows, and cl100k_base for all others.
"""

from __future__ import annotations

from collections.abc import Mapping

from .breakdown import Breakdown, MessageCount, PartCount, certainty
from .images import ASSUMED_ERROR
from .messages import RESULTS, Walk, as_mapping, checked, fail, listed, walk
from .parts import PartReader
from .tools import listed_tools, render_tools

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .counter import ModelCounter
    from .messages import PartTokens

__all__ = ["ChatFraming"]

REPLY = 3
DEFINITIONS = 9
DEFINITIONS_WITH_SYSTEM = -4
CHOICE_NONE = 1
CHOICE_NAMED = 7

# Tokens of a message and of a name, and the error of that.
_FRAMES = {
    "openai": (3, 1, 0.0),
    "openai-0301": (4, -1, 0.0),
    "generic": (4, 1, 1.0),
}

# Roles that the API knows; what another one becomes is anyone's guess.
_ROLES = frozenset(("system", "developer", "user", "assistant", *RESULTS))
# Kinds of part whose text is all that the model is given.
_EXACT_KINDS = frozenset(("role", "name", "text", "refusal"))
# Kinds of which nothing is known but that there is something.
_UNKNOWN_KINDS = frozenset(("other",))


class ChatFraming:
    """Counts chats whose messages stand side by side: a total is a sum over its messages.

    `framing` is "openai", "openai-0301" or "generic"; `images` the model's rule for images;
    `part_tokens` the caller's own count of parts that are no text.
    """

    additive = True

    def __init__(
        self,
        counter: ModelCounter,
        framing: str = "openai",
        images: tuple[object, ...] | None = None,
        part_tokens: PartTokens | None = None,
    ) -> None:
        self.counter = counter
        self.framing = framing
        self._per_message, self._per_name, self._frame_error = _FRAMES[framing]
        self._parts = PartReader(images, part_tokens)

    def count(self, messages: object, tools: object = None, tool_choice: object = None) -> int:
        """The total, without its parts: `breakdown(...).total`."""
        found = walk(messages, self._parts)
        total = self._sum(found)
        tools = listed_tools(tools)
        system = bool(tools) and "system" in found.roles
        return total + REPLY + self._extra(tools, tool_choice, system)

    def count_message(self, message: object, index: int = 0) -> MessageCount:
        """One message, which errors call `messages[index]`."""
        found = walk((message,), self._parts, index)
        (count,) = self._messages(found, index)
        return count

    def message_tokens(self, message: object, index: int = 0) -> int:
        """`count_message(...).tokens`, without its parts."""
        return self._sum(walk((message,), self._parts, index))

    def tokens_each(self, messages: object) -> list[int]:
        """`message_tokens` of each message, at the cost of one `count`."""
        found = walk(messages, self._parts)
        counts = self.counter.count_batch(found.texts)
        plain, count = self._per_message, self.counter.count
        of_role = {role: plain + count(role) for role in set(found.roles)}
        each: list[int] = []
        begin = 0
        for role, end in zip(found.roles, found.ends, strict=True):
            own = counts[begin] if end == begin + 1 else sum(counts[begin:end])
            each.append(of_role[role] + own)
            begin = end
        for index in found.named:
            each[index] += self._per_name
        for index, _, _, tokens, _, _ in found.fixed:
            each[index] += tokens
        return each

    def overhead(self, messages: object, tools: object = None, tool_choice: object = None) -> int:
        """What a request has besides its messages: definitions, choice and reply."""
        tools = listed_tools(tools)
        return REPLY + self._extra(tools, tool_choice, bool(tools) and _has_system(messages))

    def breakdown(
        self, messages: object, tools: object = None, tool_choice: object = None
    ) -> Breakdown:
        """The total and all its parts."""
        found = walk(messages, self._parts)
        counts = tuple(self._messages(found, 0))
        tools = listed_tools(tools)
        extra = self._extra(tools, tool_choice, bool(tools) and "system" in found.roles)
        exact, error = certainty(
            [
                *((count.tokens, count.exact, count.error) for count in counts),
                (extra, not extra, ASSUMED_ERROR + self.counter.error),
                (REPLY, not self._frame_error, self._frame_error),
            ]
        )
        return Breakdown(
            model=self.counter.model,
            encoding=self.counter.encoding,
            total=sum(count.tokens for count in counts) + extra + REPLY,
            messages=counts,
            tools=extra,
            reply=REPLY,
            exact=exact and self.counter.exact,
            error=error,
        )

    def _sum(self, found: Walk) -> int:
        roles = found.roles
        total = sum(self.counter.count_batch(found.texts))
        total += self._per_message * len(roles) + self._per_name * len(found.named)
        for role in set(roles):
            total += self.counter.count(role) * roles.count(role)
        for _, _, _, tokens, _, _ in found.fixed:
            total += tokens
        return total

    def _messages(self, found: Walk, first: int) -> Iterator[MessageCount]:
        counts = self.counter.count_batch(found.texts)
        of_role = {
            role: self._part("role", self.counter.count(role), role not in _ROLES)
            for role in set(found.roles)
        }
        exact, error = not self._frame_error, self._frame_error
        plain = PartCount("framing", self._per_message, exact, error)
        named = PartCount("framing", self._per_message + self._per_name, exact, error)
        names = set(found.named)
        fixed = found.fixed
        begin = taken = 0
        for at, (role, end) in enumerate(zip(found.roles, found.ends, strict=True)):
            parts = [named if at in names else plain, of_role[role]]
            result = role in RESULTS
            for place in range(begin, end + 1):
                while taken < len(fixed) and fixed[taken][:2] == (at, place):
                    parts.append(PartCount(*fixed[taken][2:]))
                    taken += 1
                if place < end:
                    kind, tokens = found.kinds[place], counts[place]
                    if not kind:
                        last = parts.pop()
                        kind, tokens = last.kind, last.tokens + tokens
                    parts.append(self._part(kind, tokens, result))
            begin = end
            yield MessageCount.of(first + at, role, parts)

    def _part(self, kind: str, tokens: int, assumed: bool = False) -> PartCount:
        exact, error = self.counter.exact, self.counter.error
        if kind in _UNKNOWN_KINDS:
            exact, error = False, 1.0
        elif assumed or kind not in _EXACT_KINDS:
            exact, error = False, error + ASSUMED_ERROR
        return PartCount(kind, tokens, exact, error)

    def _extra(self, tools: object, tool_choice: object, system: bool) -> int:
        total = 0
        if tools:
            total = self.counter.count(render_tools(tools)) + DEFINITIONS
            if system:
                total += DEFINITIONS_WITH_SYSTEM
        if tool_choice is not None:
            total += self._choice(tool_choice)
        return total

    def _choice(self, tool_choice: object) -> int:
        if isinstance(tool_choice, str):
            return CHOICE_NONE if tool_choice == "none" else 0
        fields = as_mapping(tool_choice)
        if fields is None:
            fail(("tool_choice",), f"must be a str or a mapping, not {type(tool_choice).__name__}")
        # OpenAI nests the name; the Responses API and Anthropic do not.
        function = as_mapping(fields.get("function"))
        name = (fields if function is None else function).get("name")
        if name is None:
            return CHOICE_NONE if fields.get("type") == "none" else 0
        where = ("tool_choice", "name") if function is None else ("tool_choice", "function", "name")
        return CHOICE_NAMED + self.counter.count(checked(name, where))


def _has_system(messages: object) -> bool:
    for message in listed(messages):
        fields = message if isinstance(message, Mapping) else as_mapping(message)
        if fields is not None and fields.get("role") == "system":
            return True
    return False

"""DeepSeek's chat formats: what a request becomes, and how many tokens that is.

| format | of | what it is |
| --- | --- | --- |
| v3, v3-2412 | DeepSeek-V3-0324, and the V3 of December 2024 | chat templates |
| r1, r1-0528 | DeepSeek-R1, and that of May 2025 | chat templates |
| v3.1, v3.1-terminus | DeepSeek-V3.1, and Terminus and V3.2-Exp | chat templates |
| v3.2, v3.2-dense | DeepSeek-V3.2; copies without blank lines round the tools | an encoder |
| v4 | DeepSeek-V4, as released | an encoder |
| v4-recipe | DeepSeek-V4, as DeepSeek's package deepseek-recipe 0.2.0 does it | a package |
| v4.1 | DeepSeek-V4.1; never exact, for the bundled encoding lacks its `<｜System｜>` | the same |

A model called deepseek-v3 and no more is taken for the later one, v3; deepseek-v3-2412 and
deepseek-v3-1226 name the earlier.

The choices, each ignored by a format that does not know it:

- `thinking`: whether the answer begins with a thought.  v3.1, v3.2 and v4: off unless asked for;
  v4-recipe and v4.1: on unless refused; v3: never; r1: always.
- `effort`: a paragraph at the front, with thinking on.  v4 has one for "max".  v4-recipe has that
  one for "high", which is its default, and another for "max"; v4.1 has a line for each.
- `add_generation_prompt`: templates only.  The encoders open an answer after a last user's turn or
  result, v4-recipe and v4.1 always.
- `drop_reasoning=False` keeps thoughts of the past, where they would be left out (v4, v4-recipe,
  v4.1; there they are also kept if there are tools).  v3.2 never shows them; templates ignore
  `reasoning_content`, but r1 and v3.1 cut a thought that is in the content.
- `tools`: only from v3.2 on.  `tool_choice="none"` leaves them out.
- `markers="text"`: the text of special tokens in a message is text, as DeepSeek's own package has
  it; "special": it becomes those tokens, as where a rendered text is encoded as a whole.

Parts of a content that are no text cannot be given to these models: `[Unsupported image_url]` and
the like stands for them, and the count is not exact.  The same holds of Anthropic's blocks, which
are read as the calls, results and thoughts that they are.
"""

from __future__ import annotations

from .counting import FORMATS, count_deepseek, render, total_deepseek
from .segments import Segment, token_ids

__all__ = ["FORMATS", "Segment", "count_deepseek", "render", "token_ids", "total_deepseek"]

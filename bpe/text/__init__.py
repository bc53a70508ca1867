"""Operations on text that are measured in tokens: limits, truncation, chunks, running counts.

They take the functions of a tokenizer's core (measure.Measure) and never a Tokenizer, whose methods
call down to here.  Nothing of this is imported before the first such call.

- boundaries: where a text can be cut so that the counts of both sides add up
- measure:    counting, and the limits that need no more than that
- merging:    one long piece, merged again from near its end only
- pieces:     the piece at the end of a text: where it starts, which characters go on with it
- streaming:  the exact count of a text that grows
- leftward:   the counts of many slices that end at one place
- fitting:    the longest slice within a limit
- truncate, chunks: what people call
"""

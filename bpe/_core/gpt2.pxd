# gpt2, r50k_base, p50k_base:
#   '(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s

from libc.stdint cimport uint8_t, uint64_t
from .chars cimport NUMBER, ClassTable, class_at, is_letter, is_sign
from .steps cimport White, contraction, skip_letters, skip_numbers, skip_signs, white_run
from .window cimport READABLE, Window, below, bpe_ctz64, bpe_top64, to_lead


cdef inline uint64_t gpt2_starts(Window* w) noexcept nogil:
    """The starts of pieces in the window that are certain."""
    cdef uint64_t letter = w.m.upper | w.m.lower | w.other | w.kana_han
    cdef uint64_t white = w.m.blank | w.m.newline
    cdef uint64_t sign = w.inside & ~(letter | w.m.number | white)
    cdef uint64_t joined = w.m.space << 1  # every other run takes the one space before it
    cdef uint64_t white_start = white & ~(white << 1)
    cdef uint64_t sign_start = sign & ~((sign << 1) | joined)
    cdef uint64_t starts = (
        sign_start
        | (letter & ~((letter << 1) | joined))
        | (w.m.number & ~((w.m.number << 1) | joined))
        | white_start
        | to_lead(white & ~(white >> 1), w.m.cont)
    )
    cdef uint64_t quotes = w.m.quote & sign_start & (letter >> 1)
    cdef int i, n
    while quotes:
        i = bpe_ctz64(quotes)
        quotes &= quotes - 1
        n = contraction(w.text + i + 1, w.text + READABLE, False)
        if n:
            starts = (starts & ~(<uint64_t>2 << i)) | ((<uint64_t>2 << i) << n)
    starts &= w.inside
    if white & ~(w.inside >> 1) & w.inside:
        # Whitespace at the end: at the end of the text it is one piece, else not yet decided.
        starts &= below(bpe_top64(white_start) + 1)
    return starts


cdef inline const uint8_t* gpt2_piece(const ClassTable* t, const uint8_t* p, const uint8_t* end) noexcept nogil:
    """The end of the piece that starts at p, one character after the other."""
    cdef int n = 0
    cdef int m = 0
    cdef int c = class_at(t, p, end, &n)
    cdef White w
    if p[0] == c"'":
        m = contraction(p + 1, end, False)
        if m:
            return p + 1 + m
    if p[0] == c" ":
        m = class_at(t, p + 1, end, &n)
        if is_letter(m) or m == NUMBER or is_sign(m):
            p += 1
            c = m
    if is_letter(c):
        return skip_letters(t, p, end)
    if c == NUMBER:
        return skip_numbers(t, p, end, end - p)
    if is_sign(c):
        return skip_signs(t, p, end)
    w = white_run(t, p, end)
    if w.end == end:
        return end
    return w.last if w.last > p else w.end

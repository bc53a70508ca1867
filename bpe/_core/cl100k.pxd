# cl100k_base:
#   '(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+
#   |\s++$|\s*[\r\n]|\s+(?!\S)|\s

from libc.stdint cimport uint8_t, uint64_t
from .chars cimport NEWLINE, NUMBER, ClassTable, class_at, is_letter, is_sign
from .steps cimport (
    White, contraction, skip_letters, skip_newlines, skip_numbers, skip_signs, white_run,
)
from .window cimport (
    READABLE, Window, after_last_newline, behind_first_char, below, bpe_ctz64, bpe_top64, clip_window, crowded_numbers, flood, number_starts, to_lead,
)


cdef inline uint64_t cl100k_starts(Window* w) noexcept nogil:
    """The starts of pieces in the window that are certain."""
    clip_window(w, crowded_numbers(w))  # numbers are counted in bytes below
    cdef uint64_t letter = w.m.upper | w.m.lower | w.other | w.kana_han
    cdef uint64_t sign = w.inside & ~(letter | w.m.number | w.m.blank | w.m.newline)
    cdef uint64_t absorbed = flood(w.m.newline & (sign << 1), w.m.newline)
    cdef uint64_t newline = w.m.newline & ~absorbed
    cdef uint64_t white = w.m.blank | newline
    cdef uint64_t white_start = white & ~(white << 1)
    # A run of signs takes the one space before it; a run of letters any one blank, or the sign
    # before it if that sign is a run of its own and has no space before it.
    cdef uint64_t sign_start = sign & ~((sign | w.m.space) << 1)
    cdef uint64_t letter_start = letter & ~((letter | w.m.blank) << 1) & ~behind_first_char(sign_start, w.m.cont)
    cdef uint64_t last_blank = to_lead(w.m.blank & ~((w.m.blank | w.m.newline) >> 1), w.m.cont)
    cdef uint64_t starts = (
        sign_start | letter_start | number_starts(w)
        | white_start | after_last_newline(w.m.blank, newline) | last_blank
    )
    cdef uint64_t quotes = w.m.quote & sign_start & (letter >> 1)
    cdef int i, n
    while quotes:
        i = bpe_ctz64(quotes)
        quotes &= quotes - 1
        n = contraction(w.text + i + 1, w.text + READABLE, True)
        if n:
            starts |= (<uint64_t>2 << i) << n
    starts &= w.inside
    if white & ~(w.inside >> 1) & w.inside:
        # Whitespace at the end: at the end of the text it is one piece, else not yet decided.
        starts &= below(bpe_top64(white_start) + 1)
    return starts


cdef inline const uint8_t* cl100k_piece(const ClassTable* t, const uint8_t* p, const uint8_t* end) noexcept nogil:
    """The end of the piece that starts at p, one character after the other."""
    cdef int n = 0
    cdef int m = 0
    cdef int c = class_at(t, p, end, &n)
    cdef int next_class = class_at(t, p + n, end, &m)
    cdef White w
    if p[0] == c"'":
        m = contraction(p + 1, end, True)
        if m:
            return p + 1 + m
    if is_letter(c):
        return skip_letters(t, p, end)
    if c != NEWLINE and c != NUMBER and is_letter(next_class):
        return skip_letters(t, p + n, end)
    if c == NUMBER:
        return skip_numbers(t, p, end, 3)
    if is_sign(c) or (p[0] == c" " and is_sign(next_class)):
        return skip_newlines(skip_signs(t, p + n, end), end)
    w = white_run(t, p, end)
    if w.end == end:
        return end
    if w.newline_end != NULL:
        return w.newline_end
    return w.last if w.last > p else w.end

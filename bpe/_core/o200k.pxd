# o200k_base, with U = [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}], l = [\p{Ll}\p{Lm}\p{Lo}\p{M}] and
# S = (?i:'s|'t|'re|'ve|'m|'ll|'d)?:
#   [^\r\n\p{L}\p{N}]?U*l+S|[^\r\n\p{L}\p{N}]?U+l*S|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*
#   |\s*[\r\n]+|\s+(?!\S)|\s+

from libc.stdint cimport uint8_t, uint64_t
from .chars cimport (
    KANA_HAN, KANA_ODD, LOWER, MARK, NEWLINE, NUMBER, OTHER, UPPER, ClassTable, class_at,
    is_kana_mark, is_letter, is_sign,
)
from .steps cimport White, behind, contraction, skip_numbers, skip_signs, white_run
from .window cimport (
    READABLE, Window, after_last_newline, behind_first_char, below, bpe_ctz64, bpe_top64, clip_window, crowded_numbers, flood, number_starts, to_lead,
)


cdef inline uint64_t o200k_starts(Window* w) noexcept nogil:
    """The starts of pieces in the window that are certain."""
    # Numbers are counted in bytes below; marks are letters or signs by what is before them.
    clip_window(w, crowded_numbers(w) | w.mark | w.kana_odd)
    cdef uint64_t other = w.other | w.kana_han
    cdef uint64_t letter = w.m.upper | w.m.lower | other
    cdef uint64_t any_sign = w.inside & ~(letter | w.m.number | w.m.blank | w.m.newline)
    cdef uint64_t absorbed = flood(w.m.newline & (any_sign << 1), w.m.newline | w.m.slash)
    cdef uint64_t sign = any_sign & ~absorbed
    cdef uint64_t newline = w.m.newline & ~absorbed
    cdef uint64_t white = w.m.blank | newline
    cdef uint64_t white_start = white & ~(white << 1)
    cdef uint64_t sign_start = sign & ~((sign | w.m.space) << 1)
    cdef uint64_t letter_start = letter & ~((letter | w.m.blank) << 1) & ~behind_first_char(sign_start, w.m.cont)
    cdef uint64_t newline_ends = after_last_newline(w.m.blank, newline) & w.inside
    cdef uint64_t last_blank = to_lead(w.m.blank & ~((w.m.blank | w.m.newline) >> 1), w.m.cont)
    # Inside a run of letters a piece ends where an upper one follows a lower one, others between
    # them counting as lower.
    cdef uint64_t lower = w.m.lower | flood((w.m.lower << 1) & other, other)
    cdef uint64_t starts = (
        sign_start | letter_start | number_starts(w) | (w.m.upper & ~w.m.cont & (lower << 1))
        | white_start | newline_ends | last_blank
    )
    cdef uint64_t bits, quotes
    cdef int i, n, last
    # Upper ones that end the run of letters, with no lower one before them but others: U*l+ gives
    # them back.
    bits = w.m.upper & ~w.m.cont & ((other & ~lower) << 1)
    while bits:
        i = bpe_ctz64(bits)
        bits &= bits - 1
        n = bpe_ctz64(~(w.m.upper >> i))  # i is not 0: another letter stands before it
        if (w.inside >> i) >> n & 1:
            if not ((letter >> i) >> n & 1):
                starts |= <uint64_t>1 << i
        elif w.final:
            starts |= <uint64_t>1 << i
    starts &= w.inside
    if white & ~(w.inside >> 1) & w.inside:
        # Whitespace at the end: at the end of the text its last blank does not stand alone, else
        # it is not yet decided.
        if w.final:
            last = bpe_top64(white_start | newline_ends)
        else:
            last = bpe_top64(white_start)
        starts &= below(last + 1)
    # A contraction belongs to the letters before it.
    quotes = w.m.quote & (letter << 1)
    last = -1
    while quotes:
        i = bpe_ctz64(quotes)
        quotes &= quotes - 1
        n = contraction(w.text + i + 1, w.text + READABLE, True)
        if n == 0 or i == last:
            continue
        last = i + 1 + n
        starts &= ~(below(n + 1) << i)
        if last >= 64 or not (w.inside >> last & 1):
            starts &= below(i)
            break
        if letter >> last & 1:
            # More letters: a piece that starts there, with all that follows counted anew.
            w.final = False
            starts = (starts & below(i)) | <uint64_t>1 << last
            break
        starts |= <uint64_t>1 << last
    return starts


cdef inline const uint8_t* o200k_suffix(const uint8_t* p, const uint8_t* end) noexcept nogil:
    cdef int n = contraction(p + 1, end, True) if p < end and p[0] == c"'" else 0
    return p + 1 + n if n else p


cdef inline const uint8_t* o200k_word(const ClassTable* t, const uint8_t* p, const uint8_t* end, bint need_lower) noexcept nogil:
    """The end of U*l+ at p (need_lower) or of U+, where U*l+ has failed; NULL if there is none."""
    cdef int n = 0
    cdef int c
    cdef const uint8_t* start = p
    cdef const uint8_t* last_other = NULL
    while True:
        c = class_at(t, p, end, &n)
        if in_both(c, p):
            last_other = p + n
        elif c != UPPER:
            break
        p = behind(p, end, n)
    if not need_lower:
        return p if p > start else NULL
    if c == LOWER:
        while c == LOWER or in_both(c, p):
            p = behind(p, end, n)
            c = class_at(t, p, end, &n)
        return p
    return last_other


cdef inline bint in_both(int c, const uint8_t* p) noexcept nogil:
    """Whether the character at p, of class c, is in both U and l."""
    return c == OTHER or c == KANA_HAN or c == MARK or (c == KANA_ODD and is_kana_mark(p))


cdef inline const uint8_t* o200k_piece(const ClassTable* t, const uint8_t* p, const uint8_t* end) noexcept nogil:
    """The end of the piece that starts at p, one character after the other."""
    cdef int n = 0
    cdef int m = 0
    cdef int c = class_at(t, p, end, &n)
    cdef int lower
    cdef const uint8_t* q
    cdef White w
    for lower in range(1, -1, -1):
        if c != NEWLINE and c != NUMBER and not is_letter(c):
            q = o200k_word(t, p + n, end, lower)
            if q != NULL:
                return o200k_suffix(q, end)
        q = o200k_word(t, p, end, lower)
        if q != NULL:
            return o200k_suffix(q, end)
    if c == NUMBER:
        return skip_numbers(t, p, end, 3)
    if is_sign(c) or (p[0] == c" " and is_sign(class_at(t, p + 1, end, &m))):
        q = skip_signs(t, p + n, end)
        while q < end and (q[0] == c"\n" or q[0] == c"\r" or q[0] == c"/"):
            q = behind(q, end, 1)
        return q
    w = white_run(t, p, end)
    if w.newline_end != NULL:
        return w.newline_end
    if w.end == end:
        return end
    return w.last if w.last > p else w.end

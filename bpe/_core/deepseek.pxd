# DeepSeek V3: three splits in sequence, each within the pieces of the one before:
#   \p{N}{1,3}
#   [\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+
#   [!-/:-~ without letters][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*
#   |\s*[\r\n]+|\s+(?!\S)|\s+
# Numbers, kana and han are therefore ends of the text for the third, which splits runs of kana
# and han once more.  What it does not match (control characters and the like) stays: a piece up to
# where the next match starts.

from libc.stdint cimport uint8_t, uint64_t
from .chars cimport (
    END, KANA_HAN, KANA_ODD, KANA_PUNCT, MARK, NEWLINE, NUMBER, PUNCT, REST, ClassTable,
    class_at, is_kana_mark, is_letter, is_white,
)
from .steps cimport White, behind, skip_newlines, skip_numbers, white_run
from .window cimport (
    Window, after_last_newline, below, bpe_top64, clip_window, crowded_numbers, flood, number_starts, to_lead,
)


cdef inline uint64_t deepseek_starts(Window* w) noexcept nogil:
    """The starts of pieces in the window that are certain."""
    clip_window(w, crowded_numbers(w) | w.m.rest | w.kana_odd)
    cdef uint64_t kana = w.kana_han | w.kana_punct
    cdef uint64_t punct = w.punct | (w.inside & ~(w.m.upper | w.m.lower | w.m.number | w.m.blank | w.m.newline | w.m.rest | w.m.high))
    cdef uint64_t ascii_letter = (w.m.upper | w.m.lower) & ~w.m.high
    cdef uint64_t letter = w.m.upper | w.m.lower | w.other | w.mark
    cdef uint64_t absorbed = flood(w.m.newline & (punct << 1), w.m.newline)
    cdef uint64_t newline = w.m.newline & ~absorbed
    cdef uint64_t white = w.m.blank | newline
    cdef uint64_t white_start = white & ~(white << 1)
    cdef uint64_t sign_start = punct & ~((punct | w.m.space) << 1)
    # One ASCII sign takes the ASCII letters after it, and only these.
    cdef uint64_t taken = (sign_start << 1) & ascii_letter
    cdef uint64_t letter_start = (letter & ~((letter | w.m.blank) << 1) & ~taken) | ((ascii_letter + taken) & ~ascii_letter & letter)
    cdef uint64_t newline_ends = after_last_newline(w.m.blank, newline) & w.inside
    cdef uint64_t last_blank = to_lead(w.m.blank & ~((w.m.blank | w.m.newline | w.m.number | kana) >> 1), w.m.cont)
    cdef uint64_t starts = (
        sign_start | letter_start | number_starts(w)
        | (w.kana_han & ~(w.kana_han << 1)) | (w.kana_punct & ~(w.kana_punct << 1))
        | white_start | newline_ends | last_blank
    )
    cdef int last
    starts &= w.inside
    if white & ~(w.inside >> 1) & w.inside:
        if w.final:
            last = bpe_top64(white_start | newline_ends)
        else:
            last = bpe_top64(white_start)
        starts &= below(last + 1)
    return starts


cdef inline bint is_kana(int c) noexcept nogil:
    return c == KANA_HAN or c == KANA_PUNCT or c == KANA_ODD


cdef inline bint is_word(int c) noexcept nogil:
    """[\\p{L}\\p{M}], kana and han aside."""
    return (is_letter(c) and c != KANA_HAN) or c == MARK


cdef inline bint is_ascii_letter(uint8_t c) noexcept nogil:
    return <uint8_t>((c | 0x20) - c"a") < 26


cdef inline bint is_kana_letter(int c, const uint8_t* p) noexcept nogil:
    return c == KANA_HAN or (c == KANA_ODD and is_kana_mark(p))


cdef inline const uint8_t* kana_piece(const ClassTable* t, const uint8_t* p, const uint8_t* end) noexcept nogil:
    """The end of the piece at p, in a run of kana and han: letters, signs, or what is unassigned."""
    cdef int n = 0
    cdef int m = 0
    cdef int c = class_at(t, p, end, &n)
    cdef int following
    cdef const uint8_t* start = p
    if c == KANA_PUNCT:
        while c == KANA_PUNCT:
            p += n
            c = class_at(t, p, end, &n)
        return p
    # Of unassigned ones, the last before letters goes with them, the others are a piece.
    while c == KANA_ODD and not is_kana_mark(p):
        following = class_at(t, p + n, end, &m)
        if is_kana_letter(following, p + n):
            if p > start:
                return p
            p += n
            n = m
            c = following
            break
        p += n
        n = m
        c = following
    if p > start and not is_kana_letter(c, p):
        return p
    while is_kana_letter(c, p):
        p += n
        c = class_at(t, p, end, &n)
    return p


cdef inline const uint8_t* deepseek_piece(const ClassTable* t, const uint8_t* p, const uint8_t* end) noexcept nogil:
    """The end of the piece that starts at p, one character after the other."""
    cdef int n = 0
    cdef int m = 0
    cdef int c = class_at(t, p, end, &n)
    cdef int next_class
    cdef White w
    if c == NUMBER:
        return skip_numbers(t, p, end, 3)
    if is_kana(c):
        return kana_piece(t, p, end)
    next_class = class_at(t, p + n, end, &m)
    if c == PUNCT and n == 1 and next_class != END and is_ascii_letter(p[1]):
        p += 1
        while p < end and is_ascii_letter(p[0]):
            p += 1
        return p
    if is_word(c) or (c != NEWLINE and c != PUNCT and is_word(next_class)):
        p += n
        while is_word(class_at(t, p, end, &n)):
            p = behind(p, end, n)
        return p
    if c == PUNCT or (p[0] == c" " and next_class == PUNCT):
        p += n
        while class_at(t, p, end, &n) == PUNCT:
            p = behind(p, end, n)
        return skip_newlines(p, end)
    if is_white(c):
        w = white_run(t, p, end)
        if w.newline_end != NULL:
            return w.newline_end
        c = class_at(t, w.end, end, &n)
        if c == END or c == NUMBER or is_kana(c):
            return w.end
        return w.last if w.last > p else w.end
    while c == REST and not is_word(next_class):  # unmatched, unless it stands before a word
        p += n
        c = next_class
        n = m
        next_class = class_at(t, p + n, end, &m)
    return p

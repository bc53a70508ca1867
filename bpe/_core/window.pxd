# A window: 64 bytes of text that begin where a piece begins, as one bit mask for each class.
#
# The scanners find the starts of pieces by arithmetic on these masks.  Since a window begins at
# the start of a piece and no pattern looks behind, nothing is carried from window to window; the
# piece that the window cuts off is simply the start of the next one.

from libc.stdint cimport uint8_t, uint64_t
from .chars cimport (
    ClassTable, class_of, decode,
    PUNCT, REST, UPPER, LOWER, OTHER, MARK, NUMBER, BLANK, KANA_HAN, KANA_PUNCT, KANA_ODD, NEWLINE, N_CLASSES,
)

cdef extern from "simd.h" nogil:
    ctypedef struct bpe_masks:
        uint64_t upper, lower, digit, space, blank, newline, control, quote, slash, high, cont
    ctypedef void (*bpe_classify_fn)(const uint8_t*, bpe_masks*) noexcept nogil
    int bpe_classify_variants(bpe_classify_fn*, const char**)
    int bpe_ctz64(uint64_t)
    int bpe_top64(uint64_t)

# All bytes of a character carry its class, so that "the byte before" is "the character before".
cdef struct Window:
    const uint8_t* text
    uint64_t inside                  # the bytes that count
    bint final                       # the text ends where they end
    uint64_t upper, lower, other     # letters but kana and han
    uint64_t kana_han, kana_punct, kana_odd
    uint64_t mark, number, punct, rest
    uint64_t space, blank, newline   # blank: all whitespace but CR, LF; with U+0020
    uint64_t quote, slash
    uint64_t high, cont              # bytes of 0x80 and more; the continuation bytes
    bint wide                        # two characters of three bytes stand side by side


cdef inline uint64_t below(int n) noexcept nogil:
    """The lowest n bits, n from 0 to 64."""
    return ~(<uint64_t>0) if n >= 64 else ((<uint64_t>1) << n) - 1


cdef inline void fill_window(Window* w, const uint8_t* p, int limit, bint final, bpe_classify_fn classify, const ClassTable* table) noexcept nogil:
    cdef bpe_masks a
    cdef uint64_t m[N_CLASSES]
    cdef uint64_t lead, inside
    cdef uint64_t three = 0
    cdef int i, n
    classify(p, &a)
    inside = below(limit)
    w.text = p
    w.inside = inside
    w.final = final
    w.upper = a.upper & inside
    w.lower = a.lower & inside
    w.number = a.digit & inside
    w.space = a.space & inside
    w.blank = (a.blank | a.space) & inside
    w.newline = a.newline & inside
    w.rest = a.control & inside
    w.quote = a.quote & inside
    w.slash = a.slash & inside
    w.high = a.high & inside
    w.cont = a.cont & inside
    w.punct = inside & ~(w.upper | w.lower | w.number | w.blank | w.newline | w.rest | w.high)
    w.other = w.mark = w.kana_han = w.kana_punct = w.kana_odd = 0
    w.wide = False
    if w.high:
        for i in range(N_CLASSES):
            m[i] = 0
        lead = w.high & ~w.cont
        while lead:
            i = bpe_ctz64(lead)
            lead &= lead - 1
            m[class_of(table, decode(p + i, &n))] |= (((<uint64_t>1) << n) - 1) << i
            three |= <uint64_t>(n == 3) << i
        w.wide = (three & (three >> 3)) != 0
        w.upper |= m[UPPER] & inside
        w.lower |= m[LOWER] & inside
        w.other = m[OTHER] & inside
        w.mark = m[MARK] & inside
        w.number |= m[NUMBER] & inside
        w.blank |= m[BLANK] & inside
        w.punct |= m[PUNCT] & inside
        w.rest |= m[REST] & inside
        w.kana_han = m[KANA_HAN] & inside
        w.kana_punct = m[KANA_PUNCT] & inside
        w.kana_odd = m[KANA_ODD] & inside


cdef inline void clip_window(Window* w, uint64_t rare) noexcept nogil:
    """End the window before its first rare character: the scanner's arithmetic leaves these out."""
    cdef uint64_t inside
    if rare:
        inside = below(bpe_ctz64(rare))
        w.inside = inside
        w.final = False
        w.upper &= inside
        w.lower &= inside
        w.other &= inside
        w.mark &= inside
        w.number &= inside
        w.punct &= inside
        w.rest &= inside
        w.kana_han &= inside
        w.kana_punct &= inside
        w.kana_odd &= inside
        w.space &= inside
        w.blank &= inside
        w.newline &= inside
        w.quote &= inside
        w.slash &= inside
        w.high &= inside
        w.cont &= inside


cdef inline uint64_t flood(uint64_t seeds, uint64_t through) noexcept nogil:
    """The bits of `through` from each seed (all of them in `through`) to the end of its run."""
    return (through & ~(through + seeds)) | seeds


cdef inline uint64_t behind_first_char(uint64_t starts, uint64_t cont) noexcept nogil:
    """For each start of a character the bit behind it: the carry steps over continuation bytes."""
    return ((starts << 1) + cont) & ~cont


cdef inline uint64_t threes(uint64_t numbers) noexcept nogil:
    """Starts of one-byte numbers taken in threes from the start of each run."""
    cdef uint64_t s = numbers & ~(numbers << 1)
    cdef uint64_t m = numbers & (numbers << 1)
    m &= m << 2  # a number, and three before it
    if m:
        s |= (s << 3) & m
        m &= m << 3
        s |= (s << 6) & m
        m &= m << 6
        s |= (s << 12) & m
        m &= m << 12
        s |= (s << 24) & m
        m &= m << 24
        s |= (s << 48) & m
    return s


cdef inline uint64_t to_lead(uint64_t bits, uint64_t cont) noexcept nogil:
    """Bits on the last bytes of characters, moved to their first bytes."""
    while bits & cont:
        bits = (bits & ~cont) | ((bits & cont) >> 1)
    return bits


cdef inline uint64_t after_last_newline(uint64_t blank, uint64_t newline) noexcept nogil:
    """The first blank behind the last newline of each run of whitespace."""
    cdef uint64_t c = blank & (newline << 1)
    cdef uint64_t wrong = (blank + c) & ~blank & newline  # that run of blanks ends at a newline again
    cdef int end
    while wrong:  # rare: lines of blanks only
        end = bpe_ctz64(wrong)
        wrong &= wrong - 1
        c &= ~((<uint64_t>1) << bpe_top64(c & below(end)))
    return c

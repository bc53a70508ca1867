# A window: 64 bytes of text that begin where a piece begins, as one bit mask for each class.
#
# The scanners find the starts of pieces by arithmetic on these masks.  Since a window begins at
# the start of a piece and no pattern looks behind, nothing is carried from window to window; the
# piece that the window cuts off is simply the start of the next one.

from libc.stdint cimport uint8_t, uint64_t
from .chars cimport (
    ClassTable, class_of, decode,
    PUNCT, REST, UPPER, LOWER, OTHER, MARK, NUMBER, BLANK, KANA_HAN, KANA_PUNCT, KANA_ODD, N_CLASSES,
)

cdef extern from "classify.h" nogil:
    ctypedef struct bpe_masks:
        uint64_t upper, lower, number, space, blank, newline, rest, quote, slash, high, cont, three
    ctypedef struct bpe_leads:
        uint64_t upper, lower, han, other
    ctypedef struct bpe_classify:
        const char* name
        void (*masks)(const uint8_t*, bpe_masks*) noexcept nogil
        void (*leads)(const uint8_t*, bpe_leads*) noexcept nogil
    int bpe_classify_variants(bpe_classify*)

cdef extern from "simd.h" nogil:
    int bpe_ctz64(uint64_t)
    int bpe_top64(uint64_t)

cdef enum:
    WINDOW = 64
    READABLE = 80  # bytes from a window's start that can be read: a contraction may straddle its end

# All bytes of a character carry its class, so that "the byte before" is "the character before".
cdef struct Window:
    bpe_masks m                      # of ASCII; with the others of those classes added
    const uint8_t* text
    uint64_t inside                  # the bytes that count; behind them are zeros, or text
    uint64_t other                   # letters but kana and han that are neither upper nor lower
    uint64_t kana_han, kana_punct, kana_odd
    uint64_t mark, punct             # punct: ASCII is not in it
    bint final                       # the text ends where `inside` ends
    bint wide                        # two characters of three bytes stand side by side


cdef inline uint64_t below(int n) noexcept nogil:
    """The lowest n bits, n from 0 to 64."""
    return ~(<uint64_t>0) if n >= 64 else ((<uint64_t>1) << n) - 1


cdef inline void fill_window(Window* w, const uint8_t* p, int limit, bint final, const bpe_classify* classify, const ClassTable* table) noexcept nogil:
    """A window of `limit` bytes; less than 64 only at the end of the text, and zeros behind them."""
    classify.masks(p, &w.m)
    w.text = p
    w.inside = below(limit)
    w.m.rest &= w.inside  # the only class of the zeros behind the end
    w.final = final
    w.wide = False
    w.other = w.kana_han = w.kana_punct = w.kana_odd = w.mark = w.punct = 0
    if w.m.high:
        add_high(w, p, classify, table)


cdef inline uint64_t spread(uint64_t lead, uint64_t cont) noexcept nogil:
    """The bytes of the characters that begin at `lead`."""
    lead |= (lead << 1) & cont
    return lead | ((lead << 1) & cont)


cdef inline void add_high(Window* w, const uint8_t* p, const bpe_classify* classify, const ClassTable* table) noexcept nogil:
    """The classes of the characters that are not ASCII."""
    cdef uint64_t m[N_CLASSES]
    cdef uint64_t lead = w.m.high & ~w.m.cont
    cdef bpe_leads leads
    cdef int i, n, c
    for i in range(N_CLASSES):
        m[i] = 0
    if lead & (lead - 1) & ((lead & (lead - 1)) - 1):  # three and more: most of them at once
        classify.leads(p, &leads)
        m[UPPER] = spread(leads.upper, w.m.cont)
        m[LOWER] = spread(leads.lower, w.m.cont)
        m[OTHER] = spread(leads.other, w.m.cont)
        m[KANA_HAN] = spread(leads.han, w.m.cont)
        lead &= ~(leads.upper | leads.lower | leads.other | leads.han)
    while lead:
        i = bpe_ctz64(lead)
        lead &= lead - 1
        c = class_of(table, decode(p + i, &n))
        m[c] |= (((<uint64_t>1) << n) - 1) << i
    w.wide = (w.m.three & (w.m.three >> 3)) != 0
    w.m.upper |= m[UPPER]
    w.m.lower |= m[LOWER]
    w.m.number |= m[NUMBER]
    w.m.blank |= m[BLANK]
    w.m.rest |= m[REST]
    w.other = m[OTHER]
    w.mark = m[MARK]
    w.punct = m[PUNCT]
    w.kana_han = m[KANA_HAN]
    w.kana_punct = m[KANA_PUNCT]
    w.kana_odd = m[KANA_ODD]


cdef inline void clip_window(Window* w, uint64_t rare) noexcept nogil:
    """End the window before its first rare character: the scanner's arithmetic leaves these out."""
    cdef uint64_t inside
    if rare:
        inside = below(bpe_ctz64(rare))
        w.inside = inside
        w.final = False
        w.m.upper &= inside
        w.m.lower &= inside
        w.m.number &= inside
        w.m.space &= inside
        w.m.blank &= inside
        w.m.newline &= inside
        w.m.rest &= inside
        w.m.quote &= inside
        w.m.slash &= inside
        w.m.high &= inside
        w.m.cont &= inside
        w.other &= inside
        w.mark &= inside
        w.punct &= inside
        w.kana_han &= inside
        w.kana_punct &= inside
        w.kana_odd &= inside


cdef inline uint64_t flood(uint64_t seeds, uint64_t through) noexcept nogil:
    """The bits of `through` from each seed (all of them in `through`) to the end of its run."""
    return (through & ~(through + seeds)) | seeds


cdef inline uint64_t behind_first_char(uint64_t starts, uint64_t cont) noexcept nogil:
    """For each start of a character the bit behind it: the carry steps over continuation bytes."""
    return ((starts << 1) + cont) & ~cont


cdef inline uint64_t crowded_numbers(const Window* w) noexcept nogil:
    """The numbers that are not ASCII, if one of them stands beside another number; else none."""
    cdef uint64_t high = w.m.number & w.m.high
    cdef uint64_t lead = high & ~w.m.cont
    if (lead & (w.m.number << 1)) | (behind_first_char(lead, w.m.cont) & w.m.number):
        return high
    return 0


cdef inline uint64_t number_starts(const Window* w) noexcept nogil:
    """The starts of numbers taken in threes from the start of each run; none is crowded."""
    return threes(w.m.number & ~w.m.high) | (w.m.number & w.m.high & ~w.m.cont)


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

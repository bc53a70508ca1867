# Special tokens in text: leftmost, then longest; linear in the text for each length of token.
#
# A vector scan finds the places where the first two bytes of some token stand; the tokens are
# sorted by their bytes, and the range of those that go on as the text does is narrowed byte by
# byte.

from libc.stdint cimport uint8_t, uint32_t

cdef extern from "starts.h" nogil:
    ctypedef struct Starts "bpe_starts":
        pass
    ctypedef const uint8_t* (*bpe_find_fn)(const uint8_t*, const uint8_t*, const Starts*) noexcept nogil
    void bpe_open_starts(Starts*, const uint8_t*, int, int)
    bpe_find_fn bpe_best_find()

cdef struct Specials:
    int n
    uint8_t* bytes
    size_t* offsets      # n + 1
    uint32_t* ids
    size_t longest       # bytes
    Starts starts        # their first two bytes
    bpe_find_fn find_starts


cdef inline int longest_at(const Specials* s, const uint8_t* p, const uint8_t* end) noexcept nogil:
    """The longest special token that stands at p, or -1."""
    cdef int low = 0
    cdef int high = s.n
    cdef int found = -1
    cdef int a, b, middle
    cdef size_t depth = 0
    cdef uint8_t c
    while low < high:
        if s.offsets[low + 1] - s.offsets[low] == depth:  # sorted: a prefix comes first
            found = low
            low += 1
            continue
        if p + depth >= end:
            break
        c = p[depth]
        a = low
        b = high
        while a < b:  # the first that does not come before c
            middle = (a + b) >> 1
            if s.bytes[s.offsets[middle] + depth] < c:
                a = middle + 1
            else:
                b = middle
        low = a
        b = high
        while a < b:  # the first that comes behind c
            middle = (a + b) >> 1
            if s.bytes[s.offsets[middle] + depth] <= c:
                a = middle + 1
            else:
                b = middle
        high = a
        depth += 1
    return found


cdef inline const uint8_t* next_special(const Specials* s, const uint8_t* p, const uint8_t* end, int* which) noexcept nogil:
    """Where the next special token stands, and which one; `end` and -1 if there is none."""
    which[0] = -1
    while True:
        p = s.find_starts(p, end, &s.starts)
        if p >= end:
            return end
        which[0] = longest_at(s, p, end)
        if which[0] >= 0:
            return p
        p += 1


cdef inline bint holds_special(const Specials* s, const uint8_t* p, const uint8_t* end) noexcept nogil:
    """Whether one of the special tokens is in a text."""
    cdef int which
    return next_special(s, p, end, &which) < end

# Where characters of three bytes (kana, han, hangul and more) may stick together.
#
# A merge across a boundary makes a token that covers it.  If no token of the vocabulary does, with
# the bytes that stand there, both sides are independent, and their tokens can be looked up apart.
# A filter of bits answers; it may say "joined" where nothing is, never the other way round.

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc
from .vocab cimport Vocab

cdef enum:
    FILTER_BITS = 19

# What a token shows of the two characters at a boundary.
cdef enum:
    BOTH = 1
    LAST_BYTE = 2     # the last byte of the left one, all of the right one
    FIRST_BYTES = 3   # all of the left one, the first two bytes of the right one
    BYTES = 4         # the last byte of the left one, the first two bytes of the right one


cdef inline uint32_t filter_bit(uint32_t kind, uint32_t left, uint32_t right) noexcept nogil:
    cdef uint64_t x = (<uint64_t>left << 27 | <uint64_t>right << 3 | kind) * <uint64_t>0x9E3779B97F4A7C15
    return <uint32_t>(x >> (64 - FILTER_BITS))


cdef inline bint has_bit(const uint8_t* bits, uint32_t i) noexcept nogil:
    return bits[i >> 3] >> (i & 7) & 1


cdef inline void set_bit(uint8_t* bits, uint32_t i) noexcept nogil:
    bits[i >> 3] |= <uint8_t>(1 << (i & 7))


cdef inline uint32_t three_bytes(const uint8_t* p) noexcept nogil:
    return p[0] | <uint32_t>p[1] << 8 | <uint32_t>p[2] << 16


cdef inline bint leads_three(uint8_t c) noexcept nogil:
    return c & 0xF0 == 0xE0


cdef inline bint joined(const uint8_t* bits, const uint8_t* p) noexcept nogil:
    """Whether a token may cover the boundary at p, which two characters of three bytes meet at."""
    cdef uint32_t left = three_bytes(p - 3)
    cdef uint32_t right = three_bytes(p)
    return (
        has_bit(bits, filter_bit(BOTH, left, right)) | has_bit(bits, filter_bit(LAST_BYTE, (p - 1)[0], right))
        | has_bit(bits, filter_bit(FIRST_BYTES, left, right & 0xFFFF))
        | has_bit(bits, filter_bit(BYTES, (p - 1)[0], right & 0xFFFF))
    )


cdef inline void set_cut(uint8_t* bits, uint32_t kind, uint32_t left, const uint8_t* p, size_t n) noexcept nogil:
    """A token that ends with n bytes, 1 or 2, of the right character."""
    cdef uint32_t second
    if n == 2:
        set_bit(bits, filter_bit(kind, left, p[0] | <uint32_t>p[1] << 8))
    else:
        for second in range(0x80, 0xC0):
            set_bit(bits, filter_bit(kind, left, p[0] | second << 8))


cdef inline uint8_t* make_joints(const Vocab* v) noexcept nogil:
    """The filter of a vocabulary; NULL: no memory."""
    cdef uint8_t* bits = <uint8_t*>calloc((1 << FILTER_BITS) >> 3, 1)
    cdef const uint8_t* p
    cdef const uint8_t* end
    cdef const uint8_t* start
    cdef const uint8_t* left
    cdef uint32_t i
    if bits == NULL:
        return NULL
    for i in range(v.n):
        start = v.bytes + v.offsets[i]
        end = v.bytes + v.offsets[i + 1]
        p = start + 1
        while p < end:
            if leads_three(p[0]):
                left = p - 1
                while left > start and left[0] & 0xC0 == 0x80:
                    left -= 1
                if leads_three(left[0]) and p - left == 3:
                    if end - p >= 3:
                        set_bit(bits, filter_bit(BOTH, three_bytes(left), three_bytes(p)))
                    else:
                        set_cut(bits, FIRST_BYTES, three_bytes(left), p, end - p)
                elif left[0] & 0xC0 == 0x80:  # the token begins inside the left character
                    if end - p >= 3:
                        set_bit(bits, filter_bit(LAST_BYTE, (p - 1)[0], three_bytes(p)))
                    else:
                        set_cut(bits, BYTES, (p - 1)[0], p, end - p)
            p += 1
    return bits

# Where characters of three bytes (kana, han, hangul and more) may stick together.
#
# A merge across a boundary makes a token that covers it.  If no token of the vocabulary does, with
# the bytes that stand there, both sides are independent, and their tokens can be looked up apart.
# Two tables of bits answer: one, hashed, of the pairs of characters that stand in a token; one of
# tokens that begin or end inside a character, by the last byte of the left one and the first two
# of the right one.  They may say "joined" where nothing is, never the other way round.

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc
from .vocab cimport Vocab, bpe_load32le, bpe_load64le

cdef enum:
    PAIR_BITS = 19
    CUT_BITS = 16

cdef struct Joints:
    uint64_t pairs[1 << (PAIR_BITS - 6)]
    uint64_t cuts[1 << (CUT_BITS - 6)]


cdef inline uint32_t three_bytes(const uint8_t* p) noexcept nogil:
    """A character; the byte behind it is read too, which every text and every token has."""
    return bpe_load32le(p) & 0xFFFFFF


cdef inline uint32_t pair_bit(uint32_t left, uint32_t right) noexcept nogil:
    return <uint32_t>(((<uint64_t>left << 24 | right) * <uint64_t>0x9E3779B97F4A7C15) >> (64 - PAIR_BITS))


cdef inline uint32_t cut_bit(uint32_t last, uint32_t right) noexcept nogil:
    """For the last byte of a character and the first two, at least, of the next."""
    return (last & 0x3F) << 10 | (right & 0x0F) << 6 | (right >> 8 & 0x3F)


cdef inline bint has_bit(const uint64_t* bits, uint32_t i) noexcept nogil:
    return bits[i >> 6] >> (i & 63) & 1


cdef inline void set_bit(uint64_t* bits, uint32_t i) noexcept nogil:
    bits[i >> 6] |= <uint64_t>1 << (i & 63)


cdef inline bint leads_three(uint8_t c) noexcept nogil:
    return c & 0xF0 == 0xE0


cdef inline bint joined(const Joints* t, uint32_t left, uint32_t right) noexcept nogil:
    """Whether a token may cover the boundary of two characters of three bytes each."""
    return has_bit(t.pairs, pair_bit(left, right)) | has_bit(t.cuts, cut_bit(left >> 16, right))


cdef inline void mark_token(Joints* t, const uint8_t* start, const uint8_t* end) noexcept nogil:
    cdef const uint8_t* p = start + 1
    cdef const uint8_t* left
    cdef uint32_t last, second
    while p < end:
        if leads_three(p[0]):
            left = p - 1
            while left > start and left[0] & 0xC0 == 0x80:
                left -= 1
            last = (p - 1)[0]
            if leads_three(left[0]) and p - left == 3 and end - p >= 3:
                set_bit(t.pairs, pair_bit(three_bytes(left), three_bytes(p)))
            elif last & 0x80:  # a character of another length at the left is marked in vain
                if end - p >= 2:
                    set_bit(t.cuts, cut_bit(last, p[0] | <uint32_t>p[1] << 8))
                else:
                    for second in range(0x80, 0xC0):
                        set_bit(t.cuts, cut_bit(last, p[0] | second << 8))
        p += 1


cdef inline bint may_have_three(const uint8_t* p, size_t n) noexcept nogil:
    """False for ASCII, as most tokens are; reads up to 7 bytes more."""
    cdef size_t i
    cdef uint64_t bytes = 0
    for i in range(0, n, 8):
        bytes |= bpe_load64le(p + i)
    return bytes & <uint64_t>0x8080808080808080 != 0


cdef inline Joints* make_joints(const Vocab* v) noexcept nogil:
    """The tables of a vocabulary; NULL: no memory."""
    cdef Joints* t = <Joints*>calloc(1, sizeof(Joints))
    cdef uint32_t i
    cdef const uint8_t* p
    if t != NULL:
        for i in range(v.n):
            p = v.bytes + v.offsets[i]
            if may_have_three(p, v.offsets[i + 1] - v.offsets[i]):
                mark_token(t, p, v.bytes + v.offsets[i + 1])
    return t

# What tokens tell of characters of three bytes (kana, han, hangul and more): where two of them may stick
# together, and which are merged as a whole first.
#
# A merge across a boundary makes a token that covers it.  If no token of the vocabulary does, with
# the bytes that stand there, both sides are independent, and their tokens can be looked up apart.
#
# A character that is a token, and that no token across one of its boundaries holds a part of, is merged
# as a whole first: the first merge across a boundary makes a token that holds all of the character, so
# what it takes on that side is the character.
#
# Two tables of bits answer: one, hashed, of the pairs of characters that stand in a token; one of
# tokens that begin or end inside a character, by the last byte of the left one and the first two
# of the right one.  They may say that there is such a token where none is, never the other way round.

from libc.stdint cimport uint8_t, uint32_t, uint64_t

cdef extern from "simd.h" nogil:
    uint32_t bpe_load32le(const void*)
    uint64_t bpe_load64le(const void*)

cdef enum:
    PAIR_BITS = 19
    CUT_BITS = 10

cdef struct Joints:
    uint64_t pairs[1 << (PAIR_BITS - 6)]
    uint64_t cuts[1 << CUT_BITS]        # a bit for the second byte of the next character
    uint32_t chars[1 << 16]             # code point of three bytes -> its token, plus one; 0: it is none


cdef inline uint32_t three_bytes(const uint8_t* p) noexcept nogil:
    """A character; the byte behind it is read too, which every text and every token has."""
    return bpe_load32le(p) & 0xFFFFFF


cdef inline uint32_t code_point(uint32_t three) noexcept nogil:
    return (three & 0x0F) << 12 | (three >> 2 & 0xFC0) | (three >> 16 & 0x3F)


cdef inline uint32_t pair_bit(uint32_t left, uint32_t right) noexcept nogil:
    return <uint32_t>(((<uint64_t>left << 24 | right) * <uint64_t>0x9E3779B97F4A7C15) >> (64 - PAIR_BITS))


cdef inline bint is_pair(const Joints* t, uint32_t left, uint32_t right) noexcept nogil:
    cdef uint32_t bit = pair_bit(left, right)
    return t.pairs[bit >> 6] >> (bit & 63) & 1


cdef inline uint32_t cut_word(uint32_t last, uint32_t first) noexcept nogil:
    """For the last byte of a character and the first one of the next."""
    return (last & 0x3F) << 4 | (first & 0x0F)


cdef inline bint is_cut(const Joints* t, uint32_t last, uint32_t right) noexcept nogil:
    """By the last byte of a character and the first two, at least, of the next."""
    return t.cuts[cut_word(last, right)] >> (right >> 8 & 63) & 1


cdef inline bint leads_three(uint8_t c) noexcept nogil:
    return c & 0xF0 == 0xE0


cdef inline bint is_three(uint32_t three) noexcept nogil:
    """Whether three bytes are a character."""
    return three & 0xC0C0F0 == 0x8080E0


cdef inline bint joined(const Joints* t, uint32_t left, uint32_t right) noexcept nogil:
    """Whether a token may cover the boundary of two characters of three bytes each."""
    return is_pair(t, left, right) | is_cut(t, left >> 16, right)


cdef inline bint uncut(const Joints* t, const uint8_t* p, const uint8_t* end) noexcept nogil:
    """Whether characters of three bytes, of which one ends at p, are whole in all tokens that cover p."""
    return p == end or (end - p >= 2 and leads_three(p[0]) and not is_cut(t, (p - 1)[0], p[0] | <uint32_t>p[1] << 8))


cdef inline void mark_boundaries(Joints* t, const uint8_t* start, const uint8_t* end) noexcept nogil:
    cdef const uint8_t* p = start + 1
    cdef const uint8_t* left
    cdef uint32_t last, bit
    while p < end:
        if leads_three(p[0]):
            left = p - 1
            while left > start and left[0] & 0xC0 == 0x80:
                left -= 1
            last = (p - 1)[0]
            if leads_three(left[0]) and p - left == 3 and end - p >= 3:
                bit = pair_bit(three_bytes(left), three_bytes(p))
                t.pairs[bit >> 6] |= <uint64_t>1 << (bit & 63)
            elif last & 0x80:  # a character of another length at the left is marked in vain
                t.cuts[cut_word(last, p[0])] |= <uint64_t>1 << (p[1] & 63) if end - p >= 2 else ~<uint64_t>0
        p += 1


cdef inline bint is_ascii(const uint8_t* p, size_t n) noexcept nogil:
    """As most tokens are; reads up to 7 bytes more, and may say False for those."""
    cdef size_t i
    cdef uint64_t bytes = 0
    for i in range(0, n, 8):
        bytes |= bpe_load64le(p + i)
    return bytes & <uint64_t>0x8080808080808080 == 0


cdef inline void mark_token(Joints* t, uint32_t token, const uint8_t* start, const uint8_t* end) noexcept nogil:
    if is_ascii(start, end - start):
        return
    mark_boundaries(t, start, end)
    if end - start == 3 and is_three(three_bytes(start)):
        t.chars[code_point(three_bytes(start))] = token + 1

# Characters: decoding UTF-8 and the class of a code point, as the published patterns need it.

from libc.stdint cimport uint8_t, uint32_t

# One class for each code point; the patterns' classes are unions of these.  KANA_HAN is the range
# that DeepSeek splits off (U+4E00-9FA5, U+3040-30FF); its odd ones are not letters elsewhere.
cdef enum:
    REST = 0        # control, format, unassigned, private, separators that are no whitespace
    PUNCT = 1       # P* and S*
    UPPER = 2       # Lu, Lt
    LOWER = 3       # Ll
    OTHER = 4       # Lm, Lo
    MARK = 5        # M*
    NUMBER = 6      # N*
    BLANK = 7       # White_Space but CR and LF
    KANA_HAN = 8    # Lm, Lo in DeepSeek's range
    KANA_PUNCT = 9  # P*, S* in it
    KANA_ODD = 10   # marks and unassigned code points in it
    NEWLINE = 11    # CR, LF
    N_CLASSES = 12
    END = 15        # no character: the end of the text

# Two stages: the block of a code point's upper bits, then its class in that block.
cdef struct ClassTable:
    const uint8_t* blocks
    const uint8_t* classes


cdef inline uint32_t decode(const uint8_t* p, int* length) noexcept nogil:
    """The code point at p, which is valid UTF-8."""
    cdef uint32_t b = p[0]
    if b < 0x80:
        length[0] = 1
        return b
    if b < 0xE0:
        length[0] = 2
        return (b & 0x1F) << 6 | (p[1] & 0x3F)
    if b < 0xF0:
        length[0] = 3
        return (b & 0x0F) << 12 | <uint32_t>(p[1] & 0x3F) << 6 | (p[2] & 0x3F)
    length[0] = 4
    return (b & 0x07) << 18 | <uint32_t>(p[1] & 0x3F) << 12 | <uint32_t>(p[2] & 0x3F) << 6 | (p[3] & 0x3F)


cdef inline int class_of(const ClassTable* t, uint32_t c) noexcept nogil:
    return t.classes[(<uint32_t>t.blocks[c >> 8] << 8) | (c & 0xFF)]


cdef inline int class_at(const ClassTable* t, const uint8_t* p, const uint8_t* end, int* length) noexcept nogil:
    """The class of the character at p and its length in bytes; END (and 0) at the end."""
    if p >= end:
        length[0] = 0
        return END
    return class_of(t, decode(p, length))


cdef inline bint is_letter(int c) noexcept nogil:
    return c == UPPER or c == LOWER or c == OTHER or c == KANA_HAN


cdef inline bint is_kana_mark(const uint8_t* p) noexcept nogil:
    """Of the class KANA_ODD, whether it is one of the two marks; the others are unassigned."""
    return p[0] == 0xE3 and p[1] == 0x82 and (p[2] == 0x99 or p[2] == 0x9A)


cdef inline bint is_white(int c) noexcept nogil:
    return c == BLANK or c == NEWLINE


cdef inline bint is_sign(int c) noexcept nogil:
    """Neither whitespace nor letter nor number (nor the end): [^\\s\\p{L}\\p{N}]."""
    return c == PUNCT or c == REST or c == MARK or c == KANA_PUNCT or c == KANA_ODD

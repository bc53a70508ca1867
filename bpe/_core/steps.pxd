# The steps that the published patterns have in common, one character after the other: contractions,
# runs of letters, signs, numbers, newlines, whitespace.

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from .chars cimport NEWLINE, NUMBER, ClassTable, class_at, is_letter, is_sign, is_white

cdef extern from "simd.h" nogil:
    uint64_t bpe_load64le(const void*)


cdef inline int contraction(const uint8_t* p, const uint8_t* end, bint any_case) noexcept nogil:
    """Bytes of the contraction at p, behind its apostrophe: s d m t, ll ve re; 0 if there is none."""
    cdef uint32_t a, b
    if p >= end:
        return 0
    a = p[0]
    b = p[1] if p + 1 < end else 0
    if any_case:
        if a == 0xC5 and b == 0xBF:  # U+017F, which (?i:s) matches
            return 2
        a |= 0x20
        b |= 0x20
    if a == c's' or a == c'd' or a == c'm' or a == c't':
        return 1
    if (a == c'l' and b == c'l') or (b == c'e' and (a == c'v' or a == c'r')):
        return 2
    return 0


cdef inline const uint8_t* last_alike(const uint8_t* p, const uint8_t* end) noexcept nogil:
    """A place among the bytes that equal p[0], at most seven before the last: steps of eight."""
    cdef uint64_t eight = p[0] * <uint64_t>0x0101010101010101
    while end - p > 8 and bpe_load64le(p + 1) == eight:
        p += 8
    return p


cdef inline const uint8_t* behind(const uint8_t* p, const uint8_t* end, int n) noexcept nogil:
    """The place behind the character of n bytes at p, or behind some more of the same if that is one byte."""
    return (last_alike(p, end) if n == 1 else p) + n


cdef inline const uint8_t* skip_letters(const ClassTable* t, const uint8_t* p, const uint8_t* end) noexcept nogil:
    cdef int n = 0
    while is_letter(class_at(t, p, end, &n)):
        p = behind(p, end, n)
    return p


cdef inline const uint8_t* skip_signs(const ClassTable* t, const uint8_t* p, const uint8_t* end) noexcept nogil:
    cdef int n = 0
    while is_sign(class_at(t, p, end, &n)):
        p = behind(p, end, n)
    return p


cdef inline const uint8_t* skip_numbers(const ClassTable* t, const uint8_t* p, const uint8_t* end, Py_ssize_t most) noexcept nogil:
    cdef int n = 0
    while most and class_at(t, p, end, &n) == NUMBER:
        p += n
        most -= 1
    return p


cdef inline const uint8_t* skip_newlines(const uint8_t* p, const uint8_t* end) noexcept nogil:
    while p < end and (p[0] == c'\n' or p[0] == c'\r'):
        p = last_alike(p, end) + 1
    return p


cdef struct White:
    const uint8_t* end          # behind the run
    const uint8_t* last         # its last character
    const uint8_t* newline_end  # behind its last newline, or NULL


cdef inline White white_run(const ClassTable* t, const uint8_t* p, const uint8_t* end) noexcept nogil:
    """The run of whitespace at p; p itself is whitespace."""
    cdef White w
    cdef int n = 0
    cdef int c
    w.last = p
    w.newline_end = NULL
    while True:
        c = class_at(t, p, end, &n)
        if not is_white(c):
            break
        if n == 1:
            p = last_alike(p, end)
        w.last = p
        p += n
        if c == NEWLINE:
            w.newline_end = p
    w.end = p
    return w

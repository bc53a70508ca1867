# UTF-8 to str.
#
# Python's own decoder begins with the narrowest kind of str, and begins again in fresh memory at the
# first character that needs a wider one; for text that is not quite ASCII that takes longer than
# finding the bytes.  Here kind and length are known before the first character is written, and ASCII
# goes 16 bytes at a time: 1.2 to 8 times as fast.  What is not valid is left to Python.

cdef extern from "Python.h":
    str PyUnicode_New(Py_ssize_t, Py_UCS4)
    str PyUnicode_DecodeUTF8(const char*, Py_ssize_t, const char*)

cdef extern from "widen.h" nogil:
    uint8_t bpe_survey(const uint8_t*, size_t, size_t*)
    int bpe_widen(void*, const uint8_t*, size_t)

cdef enum:
    FEW_BYTES = 32   # where nothing is gained

ctypedef fused Unit:
    uint8_t
    uint16_t
    uint32_t


cdef bint write_chars(const uint8_t* p, const uint8_t* end, Unit* to, Unit* to_end) noexcept nogil:
    """Write valid UTF-8, 4 bytes behind which can be read, as characters; False if it is not valid.

    `to_end` is where they end if it is valid: so 16 characters that are missing are 16 bytes or more.
    No character is too high for a Unit, because it was made for the highest byte.
    """
    cdef uint32_t four, c
    cdef int n
    while to < to_end:
        if to_end - to >= 16:
            n = bpe_widen(to, p, sizeof(Unit))
            p += n
            to += n
            if n == 16:
                continue
        while to < to_end:
            four = bpe_load32le(p)
            if four & 0x80 == 0:
                if to_end - to >= 16:
                    break
                to[0] = <Unit>p[0]
                p += 1
            elif four & 0xC0E0 == 0x80C0:
                c = (four & 0x1F) << 6 | (four >> 8 & 0x3F)
                if c < 0x80:
                    return False
                to[0] = <Unit>c
                p += 2
            elif four & 0xC0C0F0 == 0x8080E0:
                c = (four & 0x0F) << 12 | (four >> 2 & 0xFC0) | (four >> 16 & 0x3F)
                if c < 0x800 or c & 0xF800 == 0xD800:
                    return False
                to[0] = <Unit>c
                p += 3
            elif four & <uint32_t>0xC0C0C0F8 == <uint32_t>0x808080F0:
                c = (four & 0x07) << 18 | (four << 4 & 0x3F000) | (four >> 10 & 0xFC0) | (four >> 24 & 0x3F)
                if c < 0x10000 or c > 0x10FFFF:
                    return False
                to[0] = <Unit>c
                p += 4
            else:
                return False
            to += 1
    return p == end


cdef str text_of(const uint8_t* p, size_t n, errors):
    """The text of UTF-8, 4 bytes behind which can be read; `errors` as for bytes.decode."""
    cdef size_t chars
    cdef uint8_t top
    cdef str text
    cdef void* to
    cdef bint valid
    if n >= FEW_BYTES:
        top = bpe_survey(p, n, &chars)
        # The highest byte begins the highest character, if all is valid.
        text = PyUnicode_New(chars, 0x7F if top < 0x80 else 0xFF if top < 0xC4 else 0xFFFF if top < 0xF0 else 0x10FFFF)
        to = <void*>PyUnicode_DATA(text)
        if top < 0x80:
            memcpy(to, p, n)
            return text
        if top < 0xC4:
            valid = write_chars(p, p + n, <uint8_t*>to, <uint8_t*>to + chars)
        elif top < 0xF0:
            valid = write_chars(p, p + n, <uint16_t*>to, <uint16_t*>to + chars)
        else:
            valid = write_chars(p, p + n, <uint32_t*>to, <uint32_t*>to + chars)
        if valid:
            return text
    return PyUnicode_DecodeUTF8(<const char*>p, n, PyUnicode_AsUTF8(errors))

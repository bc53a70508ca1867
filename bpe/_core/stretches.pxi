# Text that is not ASCII, stretch by stretch.
#
# Python's own UTF-8 form of a str is made as a whole, copied, and kept with the str as long as it
# lives: at first sight of a text that costs a quarter of the time, most of it for fresh memory.
# So a stretch of characters is written as UTF-8 into a few kilobytes that stay in the cache, and
# encoded from there, without the interpreter.  A stretch ends where every published pattern ends a
# piece, whatever follows: so each is a text by itself.

cdef extern from "Python.h" nogil:
    bint PyUnicode_IS_ASCII(object)
    int PyUnicode_KIND(object)
    const void* PyUnicode_DATA(object)
    Py_UCS4 PyUnicode_READ(int, const void*, Py_ssize_t)
    Py_ssize_t PyUnicode_GET_LENGTH(object)
    int kind_of "PyUnicode_KIND"(PyObject*)
    const void* data_of "PyUnicode_DATA"(PyObject*)
    Py_ssize_t length_of "PyUnicode_GET_LENGTH"(PyObject*)

cdef extern from *:
    """
    /* Before 3.12 a str of an old interface of C has no characters, and no length, until it is made ready. */
    #if PY_VERSION_HEX < 0x030C0000
    #define bpe_make_ready(text) PyUnicode_READY(text)
    #else
    #define bpe_make_ready(text) 0
    #endif
    """
    int make_ready "bpe_make_ready"(object) except -1

cdef extern from "utf8.h" nogil:
    ctypedef uint8_t* (*bpe_utf8_fn)(uint8_t*, const void*, int, size_t, size_t) noexcept nogil
    int bpe_utf8_variants(bpe_utf8_fn*)

cdef bpe_utf8_fn[3] utf8_variants
cdef int utf8_variant_count = bpe_utf8_variants(utf8_variants)
cdef bpe_utf8_fn write_utf8 = utf8_variants[utf8_variant_count - 1]
cdef Py_ssize_t stretch = 1 << 14   # characters


def set_stretch(Py_ssize_t characters):
    """Change the length of a stretch, so that tests need no long texts; returns that before."""
    global stretch
    before = stretch
    stretch = characters
    return before


def utf8_by_each(str text, Py_ssize_t start, Py_ssize_t stop):
    """Characters of a text as each way that runs here writes them, None if there are surrogates: for tests."""
    if not 0 <= start <= stop <= len(text):
        raise IndexError(f"{start} to {stop} is no part of {len(text)} characters")
    cdef bytearray buffer = bytearray(4 * (stop - start) + 64)
    cdef uint8_t* begin = buffer
    cdef uint8_t* end
    cdef int i
    made = []
    for i in range(utf8_variant_count):
        end = utf8_variants[i](begin, PyUnicode_DATA(text), PyUnicode_KIND(text), start, stop)
        made.append(None if end == NULL else bytes(buffer[:end - begin]))
    return made


# The last long texts, by their addresses: enough to guess that one is met again.  Several, as callers
# in several threads may each have theirs.
cdef enum:
    LAST = 4

cdef struct Met:
    PyObject* texts[LAST]
    Py_ssize_t lengths[LAST]
    bint twice[LAST]
    int oldest


cdef bint in_stretches(text, const Specials* specials, Met* met) except -1:
    """Whether to encode a text stretch by stretch.

    Not if that might cut one of the special tokens; nor if it is long, one of the last, and comes for the
    third time: then its UTF-8 form, once made, is likely to serve again.  To make it takes longer than it
    spares a single pass, as when a text is counted and then encoded.
    """
    cdef Py_ssize_t n
    cdef int i
    make_ready(text)
    n = PyUnicode_GET_LENGTH(text)
    if PyUnicode_IS_ASCII(text):
        return False
    if n <= stretch:
        return True
    if specials != NULL:
        return False
    if n < 2 * stretch:
        return True
    for i in range(LAST):
        if met.texts[i] == <PyObject*>text and met.lengths[i] == n:
            if met.twice[i]:
                return False
            met.twice[i] = True
            return True
    met.texts[met.oldest] = <PyObject*>text
    met.lengths[met.oldest] = n
    met.twice[met.oldest] = False
    met.oldest = (met.oldest + 1) % LAST
    return True


cdef bint letter_at(int kind, const void* text, Py_ssize_t i) noexcept nogil:
    return is_letter(class_of(&CLASSES, PyUnicode_READ(kind, text, i)))


cdef bint ends_piece(int family, int kind, const void* text, Py_ssize_t i) noexcept nogil:
    """Whether a piece ends before the character i > 0, and those before it do not depend on it.

    No published pattern goes on after letters with ASCII that is no letter, but for contractions;
    nor after a newline with a letter, but GPT-2's gives up the last of several blanks to it.
    """
    cdef Py_UCS4 c = PyUnicode_READ(kind, text, i)
    if c < 0x80 and c != c"'":
        if not is_letter(class_of(&CLASSES, c)):
            return letter_at(kind, text, i - 1)
    if PyUnicode_READ(kind, text, i - 1) != c"\n" or not letter_at(kind, text, i):
        return False
    return family != GPT2 or i == 1 or not is_white(class_of(&CLASSES, PyUnicode_READ(kind, text, i - 2)))


cdef Py_ssize_t stretch_end(int family, int kind, const void* text, Py_ssize_t start, Py_ssize_t n) noexcept nogil:
    """The end of the stretch that begins at `start`; `start` if there is none."""
    cdef Py_ssize_t i = start + stretch
    if i >= n:
        return n
    while i > start and not ends_piece(family, kind, text, i):
        i -= 1
    return i


cdef size_t likely_ids(size_t found, size_t characters, size_t n) noexcept nogil:
    """How many ids n characters hardly exceed, if so many gave those that were found."""
    # What is not written to is no memory, while a buffer that grows is copied.
    return max(<size_t>(<double>found * n / characters * 1.5), n // BYTES_PER_ID)


cdef Py_ssize_t append_stretches(CompiledCore core, Work* work, PyObject* text, const Specials* specials, const Specials* refused, Drain* drain, Py_ssize_t* done, Py_ssize_t* utf8_done) noexcept nogil:
    """Put the ids of a text behind those in work.ids, or into the drain, as far as it can be cut in stretches.

    Their number, NO_MEMORY, or REFUSED if there is a refused token in so much of the text.  `done` and
    `utf8_done`: the characters and bytes of these.  With `specials` the text must be one stretch, as
    a cut may be inside of one; before each stretch stands the end of the last one, where a refused
    one may begin.
    """
    cdef int kind = kind_of(text)
    cdef const void* data = data_of(text)
    cdef Py_ssize_t n = length_of(text)
    cdef size_t head = refused.longest if refused != NULL and n > stretch else 0
    cdef size_t size = head + (kind + 1) * min(n, stretch) + 128
    cdef uint8_t[2048] enough_for_short
    cdef uint8_t* buffer = &enough_for_short[0]
    cdef uint8_t* begin
    cdef uint8_t* end
    cdef size_t before = 0  # bytes
    cdef Py_ssize_t next_start, found
    cdef Py_ssize_t total = 0
    done[0] = utf8_done[0] = 0
    if size > sizeof(enough_for_short):
        buffer = <uint8_t*>malloc(size)
    if buffer == NULL:
        return NO_MEMORY
    begin = buffer + head
    while done[0] < n:
        next_start = stretch_end(core.family, kind, data, done[0], n)
        if next_start == done[0]:
            break
        end = write_utf8(begin, data, kind, done[0], next_start)
        if end == NULL:
            break
        if refused != NULL and holds_special(refused, begin - before, end):
            total = REFUSED
            break
        found = core.append_ids(work, begin, end - begin, specials, NULL, drain)
        if found < 0:
            total = found
            break
        total += found
        if done[0] == 0 and next_start < n:
            wish_for_room(work, drain, likely_ids(total, next_start, n))
        done[0] = next_start
        utf8_done[0] += end - begin
        before = min(head, before + <size_t>(end - begin))
        memmove(begin - before, end - before, before)
    if buffer != &enough_for_short[0]:
        free(buffer)
    return total

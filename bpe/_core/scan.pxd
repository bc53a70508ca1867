# Pre-tokenization: text to the ends of its pieces, by pattern family.

from libc.stdint cimport uint8_t, uint64_t
from libc.string cimport memcpy, memset
from .chars cimport ClassTable
from .window cimport READABLE, WINDOW, Window, bpe_classify, bpe_top64, fill_window
from .gpt2 cimport gpt2_piece, gpt2_starts
from .cl100k cimport cl100k_piece, cl100k_starts
from .o200k cimport o200k_piece, o200k_starts
from .deepseek cimport deepseek_piece, deepseek_starts

cdef extern from "simd.h" nogil:
    ctypedef size_t (*bpe_write_bits_fn)(size_t*, size_t, uint64_t) noexcept nogil
    bpe_write_bits_fn bpe_best_write_bits()

cdef enum:
    GPT2 = 0
    CL100K = 1
    O200K = 2
    DEEPSEEK = 3
    NO_FAMILY = 4  # the pattern is a caller's own: pieces come from its regular expression

cdef struct Scanner:
    const uint8_t* text
    const uint8_t* end
    const ClassTable* classes
    const bpe_classify* classify
    bpe_write_bits_fn write_bits
    int family
    bint wide       # characters of three bytes stood side by side in the last block


cdef inline const uint8_t* scan_piece(const Scanner* s, const uint8_t* p) noexcept nogil:
    """The end of the piece that starts at p, one character after the other."""
    if s.family == CL100K:
        return cl100k_piece(s.classes, p, s.end)
    if s.family == O200K:
        return o200k_piece(s.classes, p, s.end)
    if s.family == DEEPSEEK:
        return deepseek_piece(s.classes, p, s.end)
    return gpt2_piece(s.classes, p, s.end)


cdef inline size_t scan(Scanner* s, size_t* ends, size_t room) noexcept nogil:
    """Ends of the next pieces, as offsets from s.text, which moves behind them; `room` >= 128.

    Windows do it 64 bytes at a time; a piece that fills a window, or starts with a character that
    the arithmetic leaves out, is scanned on its own.  Returns 0 at the end of the text.
    """
    cdef const uint8_t* base = s.text
    cdef const uint8_t* p = base
    cdef uint8_t tail[READABLE + 16]
    cdef Window w
    cdef uint64_t starts
    cdef size_t at
    cdef size_t n = 0
    cdef size_t left
    s.wide = False
    while p < s.end and n + WINDOW <= room - WINDOW:
        left = s.end - p
        if left >= READABLE:
            fill_window(&w, p, WINDOW, False, s.classify, s.classes)
        else:
            memset(tail, 0, sizeof(tail))
            memcpy(tail, p, left)
            fill_window(&w, tail, WINDOW if left > WINDOW else <int>left, left <= WINDOW, s.classify, s.classes)
        s.wide |= w.wide
        if s.family == CL100K:
            starts = cl100k_starts(&w)
        elif s.family == O200K:
            starts = o200k_starts(&w)
        elif s.family == DEEPSEEK:
            starts = deepseek_starts(&w)
        else:
            starts = gpt2_starts(&w)
        starts &= ~(<uint64_t>1)
        at = p - base
        if w.final:
            p = s.end
        elif starts:
            p += bpe_top64(starts)
        else:
            p = scan_piece(s, p)
            s.wide = True  # not known of a piece that goes beyond the window
            ends[n] = p - base
            n += 1
            continue
        n += s.write_bits(ends + n, at, starts)
        if w.final:
            ends[n] = p - base
            n += 1
    s.text = p
    return n

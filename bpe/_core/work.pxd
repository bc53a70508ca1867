# What one call to the engine works with: a block's units, its misses, the ids so far.

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free, realloc
from .cache cimport Cache, Short
from .vocab cimport Key
from .words cimport BATCH, Words

cdef extern from "pages.h" nogil:
    size_t bpe_result_size(size_t)
    void* bpe_resize_result(void*, size_t, size_t, void* (*)(void*, size_t) noexcept nogil, void (*)(void*) noexcept nogil)

cdef enum:
    WARM = 256      # units of a block: 128 pieces, those of one more window, and room to write beyond
    UNITS = 512     # of one where some are missed: its buckets are 32 KB, as the first cache of most processors
    SLACK = 16      # ids that may be written behind the end

# A unit that is not in its bucket.
cdef struct Missing:
    uint32_t unit       # its number in the block
    uint32_t place      # ids of the block before it, but for those of other missing units
    uint32_t fresh      # where its ids are, among those that are found for missing units
    uint32_t count      # and how many

# One that is looked for.
cdef struct Miss:
    size_t k            # its number among the missing ones
    const uint8_t* p
    size_t n
    Key key             # if n <= SHORT
    uint64_t hash       # if n > SHORT, or tokens are looked up first
    uint32_t* ids       # where they go

# What one call needs for itself.
cdef struct Work:
    Cache cache
    uint32_t* ids
    size_t n_ids
    size_t room
    size_t ends[UNITS]          # of pieces
    size_t part_ends[UNITS]
    # Units: what is looked up by itself, a piece or a part of one.
    size_t n_units
    const uint8_t* base         # where the first one starts
    const size_t* unit_ends     # from there: `ends` or `part_ends`
    Key keys[UNITS]
    Short* buckets[UNITS]
    Missing missing[UNITS]
    Miss misses[BATCH]  # those that are looked for together
    Words words
    bint failed         # no memory
    size_t missed       # units of up to WORD bytes that no table knew, of those last written
    size_t block        # units that this one has room for
    size_t seen         # characters of text, until then (or bytes)
    bint seeded         # the vocabulary's short tokens are in the table


cdef inline bint reserve(Work* w, size_t more) noexcept nogil:
    """Room for more ids, and some slack, all that there are kept; False: no memory."""
    cdef size_t room
    cdef uint32_t* ids
    if w.n_ids + more + SLACK > w.room:
        room = w.n_ids + more + SLACK
        room += w.n_ids // 2
        if room > (<size_t>-1) // 8:
            w.failed = True
            return False
        room = bpe_result_size(room * 4) // 4
        ids = <uint32_t*>bpe_resize_result(w.ids, w.room * 4, room * 4, realloc, free)
        if ids == NULL:
            w.failed = True
            return False
        w.ids = ids
        w.room = room
    return True


cdef inline const uint8_t* unit_start(const Work* w, size_t i) noexcept nogil:
    return w.base + (w.unit_ends[i - 1] if i else 0)


cdef inline size_t unit_length(const Work* w, size_t i) noexcept nogil:
    return w.unit_ends[i] - (w.unit_ends[i - 1] if i else 0)

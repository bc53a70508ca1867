# Merging: bytes to tokens, for what no table knows yet.
#
# A word (up to 64 bytes) keeps one number for each of its pairs, rank above position, so that the
# minimum of a few vectors is the leftmost pair of the lowest rank.  Nothing is moved: a merged
# part leaves a bit in a mask.  Several words are merged in turns, a merge of each, so that the
# loads of one hide behind the work on the others.

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from .vocab cimport NO_RANK, Vocab, merged, pair_bucket, pair_key, pair_rank
from .window cimport below

cdef extern from "simd.h" nogil:
    uint32_t bpe_min16(const uint32_t*)
    int bpe_ctz64(uint64_t)
    int bpe_top64(uint64_t)
    void bpe_prefetch(const void*)

cdef enum:
    WORD = 64              # bytes of the longest word
    BATCH = 16             # words that are merged in turns
    POSITION_BITS = 6
    NOTHING = 0x7FFFFFFF   # no pair here; vectors compare signed numbers

cdef struct Word:
    uint32_t pairs[WORD]   # rank << POSITION_BITS | position, or NOTHING
    uint32_t tokens[WORD]
    uint64_t alive         # positions where a token starts
    int blocks             # of 16 pairs
    int at, before, after  # the last merge: its place, and its neighbours or -1


cdef inline uint32_t entry(uint32_t rank, int position) noexcept nogil:
    return NOTHING if rank == NO_RANK else rank << POSITION_BITS | position


cdef inline void start_word(const Vocab* v, Word* w, const uint8_t* p, int n) noexcept nogil:
    cdef int i
    w.blocks = (n + 15) >> 4
    w.alive = below(n)
    for i in range(n):
        w.tokens[i] = v.single[p[i]]
    for i in range(n - 1):
        w.pairs[i] = entry(v.byte_pairs[<uint32_t>p[i] << 8 | p[i + 1]], i)
    for i in range(n - 1, w.blocks << 4):
        w.pairs[i] = NOTHING


cdef inline bint pick(const Vocab* v, Word* w) noexcept nogil:
    """Merge the leftmost pair of the lowest rank, and ask for its new neighbours; False if none merges."""
    cdef uint32_t least = bpe_min16(w.pairs)
    cdef uint32_t other
    cdef int i, k
    cdef uint64_t rest
    for k in range(1, w.blocks):
        other = bpe_min16(w.pairs + 16 * k)
        if other < least:
            least = other
    if least == NOTHING:
        return False
    i = least & (WORD - 1)
    w.at = i
    w.tokens[i] = merged(v, least >> POSITION_BITS)
    rest = w.alive & (~<uint64_t>1 << i)
    k = bpe_ctz64(rest)  # the part that goes
    w.pairs[k] = NOTHING
    w.alive &= ~(<uint64_t>1 << k)
    rest &= rest - 1
    w.after = -1
    if rest:
        w.after = bpe_ctz64(rest)
        bpe_prefetch(v.pairs + 2 * pair_bucket(v, pair_key(w.tokens[i], w.tokens[w.after])))
    rest = w.alive & below(i)
    w.before = -1
    if rest:
        w.before = bpe_top64(rest)
        bpe_prefetch(v.pairs + 2 * pair_bucket(v, pair_key(w.tokens[w.before], w.tokens[i])))
    return True


cdef inline void rank_neighbours(const Vocab* v, Word* w) noexcept nogil:
    """The ranks of the two pairs that the last merge has made."""
    cdef int i = w.at
    if w.after >= 0:
        w.pairs[i] = entry(pair_rank(v, w.tokens[i], w.tokens[w.after]), i)
    else:
        w.pairs[i] = NOTHING
    if w.before >= 0:
        w.pairs[w.before] = entry(pair_rank(v, w.tokens[w.before], w.tokens[i]), w.before)


cdef inline void merge_words(const Vocab* v, Word* words, int n) noexcept nogil:
    """All merges of up to BATCH words, which start_word has filled."""
    cdef int open_words[BATCH]
    cdef int i, m
    for i in range(n):
        open_words[i] = i
    while n:
        m = 0
        for i in range(n):
            open_words[m] = open_words[i]
            m += pick(v, words + open_words[i])
        n = m
        for i in range(n):
            rank_neighbours(v, words + open_words[i])


# ---- more than 64 bytes: a heap over the pairs, O(n log n) ----

cdef struct Heap:
    uint64_t* items     # rank << 32 | position
    size_t size


cdef inline void push(Heap* h, uint64_t item) noexcept nogil:
    cdef size_t i = h.size
    cdef size_t parent
    h.size += 1
    while i:
        parent = (i - 1) >> 1
        if h.items[parent] <= item:
            break
        h.items[i] = h.items[parent]
        i = parent
    h.items[i] = item


cdef inline uint64_t pop(Heap* h) noexcept nogil:
    cdef uint64_t top = h.items[0]
    cdef uint64_t item
    cdef size_t i = 0
    cdef size_t child
    h.size -= 1
    item = h.items[h.size]
    while True:
        child = 2 * i + 1
        if child >= h.size:
            break
        if child + 1 < h.size and h.items[child + 1] < h.items[child]:
            child += 1
        if h.items[child] >= item:
            break
        h.items[i] = h.items[child]
        i = child
    h.items[i] = item
    return top


cdef inline Py_ssize_t merge_heap(const Vocab* v, const uint8_t* p, size_t n, uint32_t* tokens, uint32_t* lengths) noexcept nogil:
    """Merge n bytes (n < 2^32) to tokens and their lengths in bytes; their number, or -1: no memory.

    A pair's rank is looked up when it comes into being and again when it is taken from the heap:
    an entry whose pair is no longer there, or has another rank, is stale.
    """
    cdef uint32_t* following = <uint32_t*>malloc(n * 4)
    cdef uint32_t* before = <uint32_t*>malloc(n * 4)
    cdef uint32_t* at = <uint32_t*>malloc(n * 4)
    cdef Heap heap
    cdef uint64_t item
    cdef uint32_t i, k, rank
    cdef Py_ssize_t count = -1
    heap.size = 0
    heap.items = <uint64_t*>malloc(n * 24)  # one for each byte, two for each merge
    if following != NULL and before != NULL and at != NULL and heap.items != NULL:
        for i in range(<uint32_t>n):
            at[i] = v.single[p[i]]
            following[i] = i + 1
            before[i] = i - 1
        for i in range(<uint32_t>n - 1):
            rank = v.byte_pairs[<uint32_t>p[i] << 8 | p[i + 1]]
            if rank != NO_RANK:
                push(&heap, <uint64_t>rank << 32 | i)
        while heap.size:
            item = pop(&heap)
            i = <uint32_t>item
            k = following[i]
            if k == 0 or k >= n:  # gone, or the last one
                continue
            rank = pair_rank(v, at[i], at[k])
            if rank != item >> 32:
                continue
            at[i] = merged(v, rank)
            following[i] = following[k]
            following[k] = 0
            if following[i] < n:
                before[following[i]] = i
                rank = pair_rank(v, at[i], at[following[i]])
                if rank != NO_RANK:
                    push(&heap, <uint64_t>rank << 32 | i)
            if i:
                rank = pair_rank(v, at[before[i]], at[i])
                if rank != NO_RANK:
                    push(&heap, <uint64_t>rank << 32 | before[i])
        count = 0
        i = 0
        while i < n:
            tokens[count] = at[i]
            lengths[count] = following[i] - i
            count += 1
            i = following[i]
    free(following)
    free(before)
    free(at)
    free(heap.items)
    return count

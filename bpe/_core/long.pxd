# Merging of long pieces, in linear time where the vocabulary allows it.
#
# A sequence of tokens is the encoding of its bytes if each two neighbours are the encoding of
# theirs: the first merge across a boundary would only depend on the two tokens at it.  That holds
# for well-formed vocabularies.  So windows of a piece are merged on their own; where two that
# overlap have a token in common they are joined, since each pair of neighbours stands in one of
# them.  Many windows are merged in turns, each some bytes behind the one before.  Where such a one
# has no token in common with the one before, the next ones are made anew from a token's start in
# that; if there is none either, the windows grow.  One that repeats the one before it (a run of one
# character) is copied.
#
# Other vocabularies, and windows above 64 bytes, use a heap over the pairs: O(n log n).

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcmp, memcpy
from .merge cimport merge_words
from .vocab cimport NO_RANK, Vocab, id_of, merged, pair_rank
from .window cimport bpe_ctz64
from .words cimport BATCH, WORD, Word, Words, start_word

cdef enum:
    STRIDE = 48  # bytes from window to window, if they are merged in turns


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
    """Merge n bytes (n < 2^31) to tokens and their lengths in bytes; their number, or -1: no memory.

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
            rank = v.byte_pairs[<uint32_t>p[i] << 8 | p[i + 1]].rank
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


# Tokens of a window, from byte `start` of the piece on.
cdef struct Stretch:
    size_t start
    size_t size         # bytes
    Py_ssize_t first    # tokens before it are dropped
    Py_ssize_t n
    uint32_t* tokens
    uint32_t* lengths


cdef inline bint open_stretch(Stretch* s, size_t room) noexcept nogil:
    s.tokens = <uint32_t*>malloc(room * 8)
    if s.tokens == NULL:
        return False
    s.lengths = s.tokens + room
    return True


cdef inline void unpack(const Word* word, Stretch* s, size_t start, size_t size) noexcept nogil:
    """The tokens of a merged word."""
    cdef uint64_t alive = word.alive
    cdef int at, end
    s.start = start
    s.size = size
    s.n = 0
    while alive:
        at = bpe_ctz64(alive)
        alive &= alive - 1
        end = bpe_ctz64(alive) if alive else <int>size
        s.tokens[s.n] = word.tokens[at]
        s.lengths[s.n] = end - at
        s.n += 1


cdef inline size_t window_size(size_t start, size_t size, size_t n) noexcept nogil:
    return size if n - start > size else n - start


cdef inline int merge_windows(const Vocab* v, Words* words, const uint8_t* p, size_t start,
                              size_t n, int most) noexcept nogil:
    """Merge the next windows of p[:n], from `start` on; their number."""
    cdef int count = 0
    cdef size_t size = 0
    while count < most and start + size < n:
        start += STRIDE if count else 0
        size = window_size(start, WORD, n)
        start_word(v, words, count, p + start, <int>size)
        count += 1
    merge_words(v, words, count)
    return count


cdef inline Py_ssize_t meet(const Stretch* a, Py_ssize_t* first, size_t other,
                            const Stretch* b) noexcept nogil:
    """The first token that both have, same start and same end; -1: there is none.

    `first` is the one of a to begin with, which starts at `other`, and then the one that was found.
    """
    cdef size_t at = b.start
    cdef Py_ssize_t i = first[0]
    cdef Py_ssize_t k = 0
    while i < a.n and k < b.n:
        if other == at and a.lengths[i] == b.lengths[k]:
            first[0] = i
            return k
        if other <= at:
            other += a.lengths[i]
            i += 1
        else:
            at += b.lengths[k]
            k += 1
    return -1


cdef inline Py_ssize_t write_tokens(const Vocab* v, const uint32_t* tokens, Py_ssize_t n, uint32_t* ids) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        ids[i] = id_of(v, tokens[i])
    return n


cdef inline Py_ssize_t join(const Vocab* v, Words* words, const uint8_t* p, size_t n, size_t size,
                            uint32_t* ids) noexcept nogil:
    """Merge n bytes by windows of `size`; -1: no memory; -2: no token in common somewhere."""
    cdef Stretch a, b, c
    cdef size_t at, other, start
    cdef Py_ssize_t i, k
    cdef Py_ssize_t count = 0
    cdef int ready = 0          # windows that are merged, the first one at `start`
    cdef int following = 0      # the next of them
    cdef int most = 4           # to be merged: more while they meet, as the others are in vain
    a.tokens = b.tokens = NULL
    if not open_stretch(&a, size) or not open_stretch(&b, size):
        count = -1
    a.start = a.size = a.first = a.n = 0
    start = 0
    while count >= 0:
        # A window after this one may start where a token does, a quarter before the end.
        at = other = a.start
        i = k = 0
        while k < a.n and at - a.start <= size - size // 4:
            i = k
            other = at
            at += a.lengths[k]
            k += 1
        if a.n and i <= a.first:
            count = -2
            break
        k = -1
        if following < ready:
            at = start + following * STRIDE
            unpack(&words.words[following], &b, at, window_size(at, size, n))
            following += 1
            k = meet(&a, &i, other, &b)
            most = 1 if k < 0 else most
        if k < 0:
            ready = following = 0
            b.start = other
            b.size = window_size(other, size, n)
            if a.n and a.size == b.size and memcmp(p + a.start, p + other, size) == 0:
                b.n = a.n
                memcpy(b.tokens, a.tokens, a.n * 4)
                memcpy(b.lengths, a.lengths, a.n * 4)
            elif size > WORD:
                b.n = merge_heap(v, p + other, b.size, b.tokens, b.lengths)
            else:
                start = other
                ready = merge_windows(v, words, p, start, n, most)
                most = min(2 * most, <int>BATCH)
                following = 1
                unpack(words.words, &b, start, b.size)
            if b.n < 0:
                count = -1
                break
            k = meet(&a, &i, other, &b) if a.n else 0
            if k < 0:
                count = -2
                break
        count += write_tokens(v, a.tokens + a.first, i - a.first, ids + count)
        b.first = k
        c = a
        a = b
        b = c
        if a.start + a.size == n:
            count += write_tokens(v, a.tokens + a.first, a.n - a.first, ids + count)
            break
    free(a.tokens)
    free(b.tokens)
    return count


cdef inline Py_ssize_t merge_long(const Vocab* v, Words* words, const uint8_t* p, size_t n,
                                  uint32_t* ids) noexcept nogil:
    """Merge n bytes, in `words`, and write their ids (room for n); their number, or -1: no memory."""
    cdef Py_ssize_t count = -2
    cdef size_t size = WORD
    cdef Stretch s
    while count == -2 and v.well_formed and size < n:
        count = join(v, words, p, n, size, ids)
        size *= 4
    if count == -2:
        s.tokens = NULL
        count = -1
        if n <= 0x7FFFFFFF and open_stretch(&s, n):
            count = merge_heap(v, p, n, s.tokens, s.lengths)
            if count > 0:
                write_tokens(v, s.tokens, count, ids)
        free(s.tokens)
    return count

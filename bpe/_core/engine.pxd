# The engine: text to token ids, block by block.
#
# A block is 512 pieces.  (A) The scanner finds their ends.  (B) Their keys are built and the
# buckets of the table prefetched.  (C) The table is probed and the ids written; at a miss the next
# misses of the block are collected, merged together, learned.

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcmp, memcpy, memset
from .cache cimport (
    Cache, Key, Medium, Short, MEDIUM, MEDIUM_IDS, SHORT, SHORT_IDS, bpe_copy16, bpe_prefetch,
    find_medium, find_short, learn, medium_bucket, medium_key, short_bucket, short_key,
)
from .merge cimport WORD, Word, merge_heap, merge_words, start_word
from .scan cimport Scanner, scan
from .vocab cimport NO_TOKEN, Vocab, find_token, hash_bytes, id_of
from .window cimport bpe_ctz64

cdef enum:
    BLOCK = 512
    BATCH = 16      # misses that are merged together
    SLACK = 16      # ids that may be written behind the end
    MOST_BYTES = 0x7FFFFFFF  # of one piece

# What one call needs for itself.
cdef struct Work:
    Cache cache
    uint32_t* ids
    size_t n_ids
    size_t room
    size_t ends[BLOCK + 64]
    Key keys[BLOCK + 64]
    Word words[BATCH]
    bint failed         # no memory


cdef inline bint reserve(Work* w, size_t more) noexcept nogil:
    """Room for more ids, and some slack; False: no memory."""
    cdef size_t room
    cdef uint32_t* ids
    if w.n_ids + more + SLACK > w.room:
        room = (w.n_ids + more + SLACK) * 3 // 2
        ids = <uint32_t*>realloc(w.ids, room * 4)
        if ids == NULL:
            w.failed = True
            return False
        w.ids = ids
        w.room = room
    return True


cdef inline void emit_short(Work* w, const Short* e) noexcept nogil:
    cdef size_t n = e.high >> 60
    if n <= SHORT_IDS:
        bpe_copy16(w.ids + w.n_ids, e.ids)
    else:
        memcpy(w.ids + w.n_ids, w.cache.arena + e.ids[0], n * 4)
    w.n_ids += n


cdef inline void emit_medium(Work* w, const Medium* e) noexcept nogil:
    cdef size_t n = e.key[3] >> 60
    if n <= MEDIUM_IDS:
        bpe_copy16(w.ids + w.n_ids, e.ids)
        bpe_copy16(w.ids + w.n_ids + 4, e.ids + 4)
    else:
        memcpy(w.ids + w.n_ids, w.cache.arena + e.ids[0], n * 4)
    w.n_ids += n


cdef inline void emit_words(Work* w, const Vocab* v, Word* words, int first, int last) noexcept nogil:
    """Write the tokens of merged words."""
    cdef int i
    cdef uint64_t alive
    for i in range(first, last):
        alive = words[i].alive
        while alive:
            w.ids[w.n_ids] = id_of(v, words[i].tokens[bpe_ctz64(alive)])
            w.n_ids += 1
            alive &= alive - 1


cdef inline bint emit_heap(Work* w, const Vocab* v, const uint8_t* p, size_t n) noexcept nogil:
    """Merge with a heap and write; False: no memory (or a piece of 4 GB and more)."""
    cdef uint32_t* tokens = <uint32_t*>malloc(n * 4)
    cdef uint32_t* lengths = <uint32_t*>malloc(n * 4)
    cdef Py_ssize_t count = -1
    cdef Py_ssize_t i
    if tokens != NULL and lengths != NULL and n <= MOST_BYTES:
        count = merge_heap(v, p, n, tokens, lengths)
    if count >= 0 and reserve(w, count):
        for i in range(count):
            w.ids[w.n_ids] = id_of(v, tokens[i])
            w.n_ids += 1
    else:
        w.failed = True
    free(tokens)
    free(lengths)
    return not w.failed


cdef inline bint emit_piece(Work* w, const Vocab* v, const uint8_t* p, size_t n) noexcept nogil:
    """One piece of any length that no table of the caller's knows; False: no memory."""
    cdef uint32_t token = NO_TOKEN
    if v.whole_first:
        token = find_token(v, hash_bytes(p, n), p, n)
    if token != NO_TOKEN:
        w.ids[w.n_ids] = id_of(v, token)
        w.n_ids += 1
        return True
    if n <= WORD:
        start_word(v, w.words, p, <int>n)
        merge_words(v, w.words, 1)
        emit_words(w, v, w.words, 0, 1)
        return True
    return emit_heap(w, v, p, n)


cdef inline size_t encode_block(Work* w, const Vocab* v, Scanner* s, size_t count_only) noexcept nogil:
    """The next block; False at the end of the text, or when memory failed."""
    cdef const uint8_t* base = s.text
    cdef const uint8_t* safe = s.end - 16
    cdef const uint8_t* p
    cdef size_t n = scan(s, w.ends, BLOCK + 64)
    cdef size_t i, start, length, before
    cdef Short* e
    cdef Medium* m
    cdef uint64_t key[4]
    cdef uint8_t tail[32]
    if n == 0 or not reserve(w, 16 * n):
        return False
    start = 0
    for i in range(n):
        length = w.ends[i] - start
        p = base + start
        start = w.ends[i]
        if length > SHORT:
            w.keys[i].low = 1
            w.keys[i].high = 0
        elif p <= safe:
            w.keys[i] = short_key(p, length)
        else:
            memset(tail, 0, 16)
            memcpy(tail, p, length)
            w.keys[i] = short_key(tail, length)
        bpe_prefetch(short_bucket(&w.cache, w.keys[i]))
    start = 0
    for i in range(n):
        length = w.ends[i] - start
        p = base + start
        start = w.ends[i]
        e = find_short(&w.cache, w.keys[i])
        if e != NULL:
            emit_short(w, e)
            continue
        if SHORT < length <= MEDIUM:
            medium_key(p, length, key)
            m = find_medium(&w.cache, key)
            if m != NULL:
                if not reserve(w, 16 * (n - i) + 32):
                    return False
                emit_medium(w, m)
                continue
        if not reserve(w, length + 16 * (n - i)):
            return False
        before = w.n_ids
        if not emit_piece(w, v, p, length):
            return False
        learn(&w.cache, p, length, w.ids + before, w.n_ids - before, w.keys[i])
    return True

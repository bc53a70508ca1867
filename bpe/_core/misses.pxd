# Misses: the units of a block that are not in their buckets.
#
# A miss waits for memory several times: for the bucket beside its own, for the vocabulary's slot,
# for the token's bytes, for the pairs of a merge.  So the misses of a block go together, each step
# for all of them before the next.  `emit_miss` has the first one.  (1) If it was merged with an
# earlier miss, its ids are ready; if it stands elsewhere in the tables, they are there.  (2) A unit
# of more than WORD bytes is merged alone.  (3) Else the next units that their buckets do not have
# are collected, up to BATCH, and those that other places of the tables have are left out.  (4) The
# ones that are tokens are looked up, the others merged, and all are learned.  (5) The first one is
# written; the others when the block comes to them, as ready or as known.  What was learned may have
# been pushed out by then: it is one more miss.

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy
from .cache cimport (
    LARGE, MEDIUM, MOST_IDS, SHORT, Key, Large, Medium, Short, beside, bpe_prefetch, copy_medium, copy_short,
    find_large, find_medium, find_short, find_short_anywhere, large_ids, learn, learn_large, medium_key,
    short_bucket, short_key,
)
from .long cimport merge_long
from .merge cimport BATCH, WORD, Word, merge_words, start_word
from .vocab cimport NO_TOKEN, Vocab, candidate, find_token, hash_bytes, hash_words, id_of, slot_of
from .window cimport bpe_ctz64
from .work cimport Miss, Work, unit_length, unit_start

cdef extern from "simd.h" nogil:
    int bpe_popcount64(uint64_t)

cdef enum:
    FAR = 256       # units without a miss, after which no more are looked for


cdef inline uint32_t* write_word(const Vocab* v, const Word* word, uint32_t* ids) noexcept nogil:
    """Write the ids of a merged word, and up to 7 numbers behind them; the place behind the ids."""
    cdef uint64_t alive = word.alive
    cdef uint32_t* end = ids + bpe_popcount64(alive)
    cdef int i
    if v.ids != NULL:
        while alive:
            ids[0] = v.ids[word.tokens[bpe_ctz64(alive)]]
            ids += 1
            alive &= alive - 1
        return end
    while alive:  # eight at a time: when a loop one by one ends cannot be predicted
        for i in range(8):
            ids[i] = word.tokens[bpe_ctz64(alive | <uint64_t>1 << 63)]
            alive &= alive - 1
        ids += 8
    return end


cdef inline void add_miss(const Vocab* v, Miss* miss, size_t unit, const uint8_t* p,
                          size_t n, Key key) noexcept nogil:
    miss.unit = unit
    miss.p = p
    miss.n = n
    miss.key = key
    miss.hash = hash_words(key.low, key.high) if n <= SHORT else hash_bytes(p, n)
    bpe_prefetch(v.slots + slot_of(v, miss.hash))


cdef inline int learn_tokens(Work* w, const Vocab* v, int n) noexcept nogil:
    """Remember those of n misses that are tokens; the number of the others, which move up."""
    cdef int i
    cdef int m = 0
    cdef const Miss* miss
    cdef uint32_t t
    cdef uint32_t ids[MOST_IDS + 1]
    for i in range(n):
        t = candidate(v, w.misses[i].hash)
        if t != NO_TOKEN:
            bpe_prefetch(v.offsets + t)
            bpe_prefetch(v.bytes + v.offsets[t])
    for i in range(n):
        miss = &w.misses[i]
        t = find_token(v, miss.hash, miss.p, miss.n)
        if t == NO_TOKEN:
            w.misses[m] = miss[0]
            m += 1
        else:
            ids[0] = id_of(v, t)
            remember(w, miss.p, miss.n, ids, 1, miss.key, miss.hash)
    return m


cdef inline void learn_misses(Work* w, const Vocab* v, int n) noexcept nogil:
    """Find the tokens of up to BATCH misses and remember them.

    Each step is done for all before the next: the loads of one miss hide behind the others.
    """
    cdef int i
    cdef const Miss* miss
    cdef uint32_t ids[WORD + 8]
    if v.whole_first:
        n = learn_tokens(w, v, n)
    for i in range(n):
        start_word(v, &w.words[i], w.misses[i].p, <int>w.misses[i].n)
    merge_words(v, w.words, n)
    for i in range(n):
        miss = &w.misses[i]
        remember(w, miss.p, miss.n, ids, write_word(v, &w.words[i], ids) - ids, miss.key, miss.hash)
    w.n_ready = n
    w.next_ready = 0


cdef inline bint emit_merged(Work* w, const Vocab* v, const uint8_t* p, size_t n) noexcept nogil:
    """One piece of any length, by merging; n ids are reserved.  False: no memory."""
    cdef uint32_t token = NO_TOKEN
    cdef Py_ssize_t count
    if v.whole_first:
        token = find_token(v, hash_bytes(p, n), p, n)
    if token != NO_TOKEN:
        w.ids[w.n_ids] = id_of(v, token)
        w.n_ids += 1
    elif n <= WORD:
        start_word(v, w.spare, p, <int>n)
        merge_words(v, w.spare, 1)
        w.n_ids = write_word(v, w.spare, w.ids + w.n_ids) - w.ids
    else:
        count = merge_long(v, w.spare, p, n, w.ids + w.n_ids)
        if count < 0:
            w.failed = True
            return False
        w.n_ids += count
    return True


cdef inline bint emit_large(Work* w, uint64_t hash, const uint8_t* p, size_t n) noexcept nogil:
    cdef const Large* large = find_large(&w.cache, hash, p, n)
    if large == NULL:
        return False
    memcpy(w.ids + w.n_ids, large_ids(&w.cache, large), 4 * large.count)
    w.n_ids += large.count
    return True


cdef inline bint emit_known(Work* w, const uint8_t* p, size_t n, Key key) noexcept nogil:
    """Write what the tables know of a piece (`key` is its short key), wherever it stands there."""
    cdef Short* s
    cdef Medium* m
    cdef uint64_t long_key[4]
    if n <= SHORT:
        s = find_short_anywhere(&w.cache, key)
        if s == NULL:
            return False
        w.n_ids += copy_short(&w.cache, s, w.ids + w.n_ids)
        return True
    if n <= MEDIUM:
        medium_key(p, n, long_key)
        m = find_medium(&w.cache, long_key)
        if m != NULL:
            w.n_ids += copy_medium(&w.cache, m, w.ids + w.n_ids)
            return True
    return n <= LARGE and emit_large(w, hash_bytes(p, n), p, n)


cdef inline bint is_known(Work* w, const Miss* miss) noexcept nogil:
    cdef uint64_t long_key[4]
    if miss.n <= SHORT:
        return find_short_anywhere(&w.cache, miss.key) != NULL
    if miss.n <= MEDIUM:
        medium_key(miss.p, miss.n, long_key)
        if find_medium(&w.cache, long_key) != NULL:
            return True
    return find_large(&w.cache, miss.hash, miss.p, miss.n) != NULL


cdef inline void remember(Work* w, const uint8_t* p, size_t n, const uint32_t* ids,
                          size_t count, Key key, uint64_t hash) noexcept nogil:
    """Learn the ids of a piece; one of medium length that has too many for its table is large."""
    if n <= MEDIUM and count <= MOST_IDS:
        learn(&w.cache, p, n, ids, count, key)
    elif n <= LARGE:
        learn_large(&w.cache, hash, p, n, ids, count)


cdef inline void learn_vocabulary(Work* w, const Vocab* v) noexcept nogil:
    """Put the short tokens into the table, the most frequent ones, if it has room for them.

    It takes a millisecond or two, and spares each of them a miss: so it waits until some text has
    been seen.  What was learned before may then stand there twice, with the same ids.
    """
    cdef uint32_t i, k
    cdef uint32_t n = v.n
    cdef uint32_t room = <uint32_t>((w.cache.short_mask >> 6) * 3 // 8)  # full buckets cost more than a miss
    cdef uint32_t ids[MOST_IDS + 1]
    cdef const uint8_t* p
    cdef size_t length
    w.seeded = True
    if not v.whole_first:
        return
    if n > room:
        n = room
    # From the last: what comes later takes the first place, and the first tokens are met most.
    for k in range(n):
        i = n - 1 - k
        if i >= 8:
            length = v.offsets[i - 7] - v.offsets[i - 8]
            bpe_prefetch(short_bucket(&w.cache, short_key(v.bytes + v.offsets[i - 8], length)))
        length = v.offsets[i + 1] - v.offsets[i]
        if 0 < length <= SHORT:
            ids[0] = id_of(v, i)
            p = v.bytes + v.offsets[i]
            learn(&w.cache, p, length, ids, 1, short_key(p, length))


cdef inline bint emit_ready(Work* w, const Vocab* v, size_t unit) noexcept nogil:
    """Write a unit that was merged with one before it; False if it was not."""
    while w.next_ready < w.n_ready and w.misses[w.next_ready].unit < unit:
        w.next_ready += 1
    if w.next_ready == w.n_ready or w.misses[w.next_ready].unit != unit:
        return False
    w.n_ids = write_word(v, &w.words[w.next_ready], w.ids + w.n_ids) - w.ids
    return True


cdef inline bint emit_miss(Work* w, const Vocab* v, size_t first) noexcept nogil:
    """Write the unit `first`, which is not in its bucket; learn the next misses with it.

    Room for an id for each of its bytes, and for 16 for each unit from it on, is reserved.
    """
    cdef const uint8_t* p = unit_start(w, first)
    cdef size_t length = unit_length(w, first)
    cdef size_t candidates[BATCH]
    cdef size_t last = first
    cdef size_t i
    cdef int k
    cdef int n = 0
    cdef int misses = 0
    # What was pushed out again may be ready.
    if emit_ready(w, v, first) or emit_known(w, p, length, w.keys[first]):
        return True
    if length > WORD:
        i = w.n_ids
        if not emit_merged(w, v, p, length):
            return False
        if length <= LARGE:
            remember(w, p, length, w.ids + i, w.n_ids - i, w.keys[first], hash_bytes(p, length))
        return True
    # Candidates first: what their buckets do not have may stand in the ones beside them.  Where
    # misses are rare it does not pay to look far for the next.
    i = first
    while i < w.n_units and i - last < FAR and n < BATCH:
        if i == first or (
            find_short(w.buckets[i], w.keys[i]) == NULL and unit_length(w, i) <= WORD
        ):
            bpe_prefetch(beside(w.buckets[i]))
            candidates[n] = i
            n += 1
            last = i
        i += 1
    for k in range(n):
        i = candidates[k]
        add_miss(v, &w.misses[misses], i, unit_start(w, i), unit_length(w, i), w.keys[i])
        if k == 0 or not is_known(w, &w.misses[misses]):
            misses += 1
    w.missed += misses
    learn_misses(w, v, misses)
    if emit_ready(w, v, first) or emit_known(w, p, length, w.keys[first]):
        return True
    return emit_merged(w, v, p, length)

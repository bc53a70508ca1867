# Misses: the units of a block that are not in their buckets.
#
# A miss waits for memory several times: for the bucket beside its own, for the pairs of each merge.
# So a block writes the ids of what it knows, one behind the other, and notes where the others are
# missing.  Then these go together, BATCH of them at a time and each step for all of them before the
# next: (1) what stands elsewhere in the tables is copied; what is longer than WORD is merged alone;
# (2) tokens are looked up, unless merging gives them anyway; (3) the rest is merged, and all are
# learned.  At last the ids move apart, the last ones first, and those of the misses go between them.

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy, memmove
from .cache cimport (
    MEDIUM, MOST_IDS, SHORT, Large, Medium, Short, beside, bpe_prefetch, bucket_at, copy_medium, copy_short, find_large,
    find_medium_at, find_short, find_short_anywhere, large_ids, learn, learn_large, short_bucket, short_key,
)
from .long cimport merge_long
from .merge cimport merge_words
from .tokens cimport candidate, find_token, hash_bytes, hash_words, slot_of
from .vocab cimport NO_TOKEN, Key, Vocab, id_of
from .window cimport bpe_ctz64
from .words cimport BATCH, WORD, Word, start_word
from .work cimport Miss, Missing, Work, reserve, unit_length, unit_start

cdef extern from "simd.h" nogil:
    int bpe_popcount64(uint64_t)

cdef inline uint32_t* write_word(const Vocab* v, const Word* word, uint32_t* ids) noexcept nogil:
    """Write the ids of a merged word, and up to 7 numbers behind them; the place behind the ids."""
    cdef uint64_t alive = word.alive
    cdef uint32_t* end = ids + bpe_popcount64(alive)
    cdef const uint32_t* tokens = word.tokens
    cdef int i
    if v.ids != NULL:
        while alive:
            ids[0] = v.ids[tokens[bpe_ctz64(alive)]]
            ids += 1
            alive &= alive - 1
        return end
    while alive:  # eight at a time: when a loop one by one ends cannot be predicted
        for i in range(8):
            ids[i] = tokens[bpe_ctz64(alive | <uint64_t>1 << 63)]
            alive &= alive - 1
        ids += 8
    return end


cdef inline void open_miss(Work* w, const Vocab* v, Miss* miss, size_t k, uint32_t* ids) noexcept nogil:
    """Of the k-th unit that is missing; its ids are to be written to `ids`."""
    cdef size_t unit = w.missing[k].unit
    miss.k = k
    miss.p = unit_start(w, unit)
    miss.n = unit_length(w, unit)
    miss.key = w.keys[unit]
    miss.ids = ids
    if miss.n > SHORT:
        miss.hash = hash_bytes(miss.p, miss.n)
    elif v.whole_first:
        miss.hash = hash_words(miss.key.low, miss.key.high)
    if v.whole_first:
        bpe_prefetch(v.slots + slot_of(v, miss.hash))


cdef inline size_t copy_known(Work* w, const Miss* miss) noexcept nogil:
    """Write what the tables know of a unit, wherever it stands there; the number of ids, 0 if it is new."""
    cdef Short* s
    cdef Medium* m
    cdef const Large* large
    if miss.n <= SHORT:
        s = find_short_anywhere(&w.cache, &miss.key)
        return 0 if s == NULL else copy_short(&w.cache, s, miss.ids)
    if miss.n <= MEDIUM:
        m = find_medium_at(&w.cache, miss.p, miss.n)
        if m != NULL:
            return copy_medium(&w.cache, m, miss.ids)
    large = find_large(&w.cache, miss.hash, miss.p, miss.n)
    if large == NULL:
        return 0
    memcpy(miss.ids, large_ids(&w.cache, large), 4 * large.count)
    return large.count


cdef inline void remember(Work* w, const Miss* miss, size_t count) noexcept nogil:
    """Note how many ids a miss has, and learn them; a medium piece with too many for its table is large.

    A short one that stands twice among the misses is learned once.  The longer ones are rare.
    """
    w.missing[miss.k].count = <uint32_t>count
    if miss.n > MEDIUM or count > MOST_IDS:
        learn_large(&w.cache, miss.hash, miss.p, miss.n, miss.ids, count)
    elif miss.n > SHORT or find_short(short_bucket(&w.cache, &miss.key), &miss.key) == NULL:
        learn(&w.cache, miss.p, miss.n, miss.ids, count, &miss.key)


cdef inline int learn_tokens(Work* w, const Vocab* v, int n) noexcept nogil:
    """Write and remember those of n misses that are tokens; the number of the others, which move up."""
    cdef int i
    cdef int m = 0
    cdef const Miss* miss
    cdef uint32_t t
    for i in range(n):
        t = candidate(v, w.misses[i].hash)
        if t != NO_TOKEN:
            bpe_prefetch(v.bytes + v.offsets[t])
    for i in range(n):
        miss = &w.misses[i]
        t = find_token(v, miss.hash, miss.p, miss.n)
        if t == NO_TOKEN:
            w.misses[m] = miss[0]
            m += 1
        else:
            miss.ids[0] = id_of(v, t)
            remember(w, miss, 1)
    return m


cdef inline void learn_misses(Work* w, const Vocab* v, int n) noexcept nogil:
    """Write and remember the ids of up to BATCH misses, of up to WORD bytes."""
    cdef int i
    cdef const Miss* miss
    if v.whole_first:
        n = learn_tokens(w, v, n)
    for i in range(n):
        start_word(v, &w.words, i, w.misses[i].p, <int>w.misses[i].n)
    merge_words(v, &w.words, n)
    for i in range(n):
        miss = &w.misses[i]
        remember(w, miss, write_word(v, &w.words.words[i], miss.ids) - miss.ids)


cdef inline Py_ssize_t merge_alone(Work* w, const Vocab* v, const uint8_t* p, size_t n, uint32_t* ids) noexcept nogil:
    """Write the ids of one piece of any length, of n and MOST_IDS more that may be written; -1: no memory."""
    cdef uint32_t token = NO_TOKEN
    cdef Py_ssize_t count
    if v.whole_first:
        token = find_token(v, hash_bytes(p, n), p, n)
    if token != NO_TOKEN:
        ids[0] = id_of(v, token)
        return 1
    if n <= WORD:
        start_word(v, &w.words, 0, p, <int>n)
        merge_words(v, &w.words, 1)
        return write_word(v, w.words.words, ids) - ids
    count = merge_long(v, &w.words, p, n, ids)
    w.failed |= count < 0
    return count


cdef inline bint emit_merged(Work* w, const Vocab* v, const uint8_t* p, size_t n) noexcept nogil:
    """Append the ids of one piece, by merging; n are reserved.  False: no memory."""
    cdef Py_ssize_t count = merge_alone(w, v, p, n, w.ids + w.n_ids)
    if count < 0:
        return False
    w.n_ids += count
    return True


cdef inline bint find_batch(Work* w, const Vocab* v, size_t first, size_t end, uint32_t* fresh) noexcept nogil:
    """Find the ids of some of the missing units, at most BATCH; False: no memory."""
    cdef size_t k, known
    cdef int n = 0
    cdef Py_ssize_t count
    cdef Miss* miss
    for k in range(first, end):
        bpe_prefetch(beside(w.buckets[w.missing[k].unit]))
    for k in range(first, end):
        miss = &w.misses[n]
        open_miss(w, v, miss, k, fresh + w.missing[k].fresh)
        known = copy_known(w, miss)
        if known:
            w.missing[k].count = <uint32_t>known
        elif miss.n > WORD:
            count = merge_alone(w, v, miss.p, miss.n, miss.ids)
            if count < 0:
                return False
            remember(w, miss, count)
        else:
            n += 1
    w.missed += n
    learn_misses(w, v, n)
    return True


cdef inline bint put_misses(Work* w, const Vocab* v, size_t n, size_t hits) noexcept nogil:
    """Put the ids of n missing units, of up to LARGE bytes, among the `hits` ids of the others.

    Those stand behind w.ids[w.n_ids], and are counted there now.  False: no memory.
    """
    cdef size_t k, end
    cdef size_t size = 0
    cdef size_t total = hits
    cdef uint32_t* ids
    cdef uint32_t* to
    cdef uint32_t* fresh
    cdef Missing* missing
    for k in range(n):
        w.missing[k].fresh = <uint32_t>size
        size += unit_length(w, w.missing[k].unit) + MOST_IDS + 1
    # An id for each byte at most: where all will stand, and behind that the ones that are found.
    if not reserve(w, hits + 2 * size):
        return False
    ids = w.ids + w.n_ids
    fresh = ids + hits + size
    k = 0
    while k < n:
        end = min(k + BATCH, n)
        if not find_batch(w, v, k, end, fresh):
            return False
        k = end
    for k in range(n):
        total += w.missing[k].count
    to = ids + total
    end = hits
    for k in range(n):
        missing = &w.missing[n - 1 - k]
        to -= end - missing.place
        memmove(to, ids + missing.place, 4 * (end - missing.place))
        end = missing.place
        to -= missing.count
        memcpy(to, fresh + missing.fresh, 4 * missing.count)
    w.n_ids += total
    return True


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
    cdef Key key
    w.seeded = True
    if not (v.whole_first or v.well_formed):
        return
    if n > room:
        n = room
    # From the last: what comes later takes the first place, and the first tokens are met most.
    for k in range(n):
        i = n - 1 - k
        if i >= 8:
            length = v.offsets[i - 7] - v.offsets[i - 8]
            bpe_prefetch(bucket_at(&w.cache, short_key(&key, v.bytes + v.offsets[i - 8], length)))
        length = v.offsets[i + 1] - v.offsets[i]
        p = v.bytes + v.offsets[i]
        # A byte 0xFF is in no text, and at the edges of a token it would make the key of something else.
        if 0 < length <= SHORT and p[0] != 0xFF and p[length - 1] != 0xFF:
            ids[0] = id_of(v, i)
            short_key(&key, p, length)
            learn(&w.cache, p, length, ids, 1, &key)

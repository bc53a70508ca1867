# The engine: text to token ids, block by block.
#
# A block is some 150 pieces, whose buckets stay in the first level of the cache.  (A) The scanner finds their ends.  (B) Their keys are built and the
# buckets of the table asked for.  (C) The table is probed and the ids written; at a miss the next
# misses of the block are collected, merged together and learned.

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport realloc
from libc.string cimport memcpy
from .cache cimport (
    LARGE, MEDIUM, MOST_IDS, SHORT, SHORT_IDS, Cache, Key, Large, Medium, Short, beside, bpe_copy16,
    bpe_prefetch, copy_many, copy_medium, copy_short, find_large, find_medium, find_short,
    find_short_anywhere, large_ids, learn, learn_large, medium_bucket_at, medium_key, ring_ids,
    short_bucket, short_key, short_key_near,
)
from .joints cimport Joints, joined, leads_three, three_bytes
from .long cimport merge_long
from .merge cimport BATCH, WORD, Word, merge_words, start_word
from .scan cimport Scanner, scan
from .vocab cimport NO_TOKEN, Vocab, candidate, find_token, hash_bytes, hash_words, id_of, slot_of
from .window cimport bpe_ctz64

cdef extern from "simd.h" nogil:
    int bpe_popcount64(uint64_t)

cdef enum:
    UNITS = 256     # of a block: 128 pieces, those of one more window, and room to write beyond
    FAR = 64        # units without a miss, after which no more are looked for
    PARTS = 13      # bytes of the shortest piece that is cut in parts: below, it is met again as a whole
    SLACK = 16      # ids that may be written behind the end

# A unit that no table of the caller's knows.
cdef struct Miss:
    size_t unit         # its number in the block
    const uint8_t* p
    size_t n
    Key key             # if n <= SHORT
    uint64_t hash

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
    # The misses that were merged together, and those of them that are still to be written.
    Miss misses[BATCH]
    Word words[BATCH]
    int n_ready, next_ready
    Word spare[BATCH]   # for pieces that are merged alone
    bint failed         # no memory
    size_t seen         # bytes of text, until then
    bint seeded         # the vocabulary's short tokens are in the table


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


cdef inline const uint8_t* unit_start(const Work* w, size_t i) noexcept nogil:
    return w.base + (w.unit_ends[i - 1] if i else 0)


cdef inline size_t unit_length(const Work* w, size_t i) noexcept nogil:
    return w.unit_ends[i] - (w.unit_ends[i - 1] if i else 0)


cdef inline bint emit_ready(Work* w, const Vocab* v, size_t unit) noexcept nogil:
    """Write a unit that was merged with one before it; False if it was not."""
    while w.next_ready < w.n_ready and w.misses[w.next_ready].unit < unit:
        w.next_ready += 1
    if w.next_ready == w.n_ready or w.misses[w.next_ready].unit != unit:
        return False
    w.n_ids = write_word(v, &w.words[w.next_ready], w.ids + w.n_ids) - w.ids
    return True


cdef inline bint emit_miss(Work* w, const Vocab* v, size_t first) noexcept nogil:
    """Write the unit `first`, which is not in its bucket; learn the next misses with it."""
    cdef const uint8_t* p = unit_start(w, first)
    cdef size_t length = unit_length(w, first)
    cdef size_t candidates[BATCH]
    cdef size_t last = first
    cdef size_t i
    cdef int k
    cdef int n = 0
    cdef int misses = 0
    if not reserve(w, length + 16 * (w.n_units - first)):
        return False
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
    learn_misses(w, v, misses)
    if emit_ready(w, v, first) or emit_known(w, p, length, w.keys[first]):
        return True
    return emit_merged(w, v, p, length)


cdef inline void make_keys(Work* w, const uint8_t* text_end) noexcept nogil:
    """Key and bucket of each unit; asks for the buckets."""
    cdef const uint8_t* base = w.base
    cdef const uint8_t* p = base
    cdef const uint8_t* next_unit
    cdef const size_t* ends = w.unit_ends
    cdef size_t n = w.n_units
    cdef size_t safe = n
    cdef size_t i = 0
    cdef Key key
    cdef Short* bucket
    while safe and text_end - (base + ends[safe - 1]) < 16:
        safe -= 1
    while i < safe:
        next_unit = base + ends[i]
        key = short_key(p, next_unit - p)
        bucket = short_bucket(&w.cache, key)
        bpe_prefetch(bucket)
        w.keys[i] = key
        w.buckets[i] = bucket
        if key.high == 1 and next_unit - p <= MEDIUM:  # that of a longer one
            bpe_prefetch(medium_bucket_at(&w.cache, p, next_unit - p))
        p = next_unit
        i += 1
    while i < n:
        next_unit = base + ends[i]
        w.keys[i] = short_key_near(p, next_unit - p, text_end)
        w.buckets[i] = short_bucket(&w.cache, w.keys[i])
        p = next_unit
        i += 1


cdef inline bint emit_units(Work* w, const Vocab* v, const uint8_t* text_end) noexcept nogil:
    """Write the ids of all units; False: no memory."""
    cdef size_t n = w.n_units
    cdef size_t i, count, length
    cdef uint32_t* out
    cdef const uint32_t* more
    cdef const Short* e
    if not reserve(w, 16 * n):
        return False
    make_keys(w, text_end)
    w.n_ready = w.next_ready = 0
    out = w.ids + w.n_ids
    for i in range(n):
        e = find_short(w.buckets[i], w.keys[i])
        if e != NULL:
            count = e.high >> 60
            if count <= SHORT_IDS:
                bpe_copy16(out, e.ids)
                out += count
                continue
            more = ring_ids(&w.cache, e.ids)
            if more != NULL:
                copy_many(out, more)
                out += count
                continue
        w.n_ids = out - w.ids
        length = unit_length(w, i)
        if not (SHORT < length <= MEDIUM and emit_known(w, unit_start(w, i), length, w.keys[i])):
            if not emit_miss(w, v, i):
                return False
        out = w.ids + w.n_ids
    w.n_ids = out - w.ids
    return True


cdef inline size_t cut_parts(const Joints* joints, const uint8_t* p, size_t n, size_t offset, size_t* ends, size_t room, size_t* done) noexcept nogil:
    """Write the ends of parts of p[:n] that no token can go beyond, plus `offset`; their number.

    `done` are the bytes of these: n, unless there are more parts than `room`.  Whether two
    characters stick together cannot be predicted, so nothing branches on it: 6 % of warm Chinese
    and Japanese with o200k, where half of them do.
    """
    cdef size_t i = 0
    cdef size_t last = 0
    cdef size_t count = 0
    cdef uint32_t left = 0  # the character before, if it has three bytes
    cdef uint32_t right
    cdef size_t cut
    while i < n and count < room:
        if leads_three(p[i]):
            right = three_bytes(p + i)
            cut = <size_t>(left != 0) & <size_t>(joined(joints, left, right) ^ 1) & <size_t>(n - last >= PARTS)
            ends[count] = offset + i
            count += cut
            last += (i - last) & (0 - cut)
            left = right
            i += 3
        else:
            left = 0
            i += 1
            while i < n and p[i] & 0xC0 == 0x80:
                i += 1
    if count < room:
        ends[count] = offset + n
        count += 1
        last = n
    done[0] = last
    return count


cdef inline bint emit_parts(Work* w, const Vocab* v, const Joints* joints, const uint8_t* base, size_t n, const uint8_t* text_end) noexcept nogil:
    """Write n pieces, those of three-byte text cut in parts; False: no memory."""
    cdef const uint8_t* p
    cdef size_t at = 0
    cdef size_t end, i, done
    w.base = base
    w.unit_ends = w.part_ends
    w.n_units = 0
    for i in range(n):
        end = w.ends[i]
        while at < end:
            p = base + at
            if end - at >= PARTS and (leads_three(p[0]) or leads_three(p[1])):
                w.n_units += cut_parts(joints, p, end - at, p - w.base, w.part_ends + w.n_units, UNITS - w.n_units, &done)
                at += done
            else:
                at = end
                w.part_ends[w.n_units] = base + at - w.base
                w.n_units += 1
            if w.n_units == UNITS:
                if not emit_units(w, v, text_end):
                    return False
                w.base = base + at
                w.n_units = 0
    return emit_units(w, v, text_end)


cdef inline bint encode_block(Work* w, const Vocab* v, const Joints* joints, Scanner* s) noexcept nogil:
    """The next block; False at the end of the text, or when memory failed."""
    cdef const uint8_t* base = s.text
    cdef size_t n = scan(s, w.ends, UNITS)
    if n == 0:
        return False
    # A part that is a token counts as one only if merging would give it: other vocabularies look
    # up whole pieces only.
    if s.wide and v.well_formed:
        return emit_parts(w, v, joints, base, n, s.end)
    w.base = base
    w.unit_ends = w.ends
    w.n_units = n
    return emit_units(w, v, s.end)

# What a caller has learned: the tokens of pieces it has met.
#
# The tables hold what the vocabulary would give, so what they forget changes no id.  A bucket is
# one cache line: two pieces of up to 15 bytes and 4 tokens, or one of 16 to 31 bytes and 8
# tokens; more tokens (up to 15) stand in a ring, and an entry whose tokens the ring has overwritten
# is empty.  A new piece takes the first place of its bucket; what it pushes out goes to the bucket
# beside it (of medium ones, to the three beside it in turn), and what is pushed out there is
# forgotten.  Longer pieces, and medium ones of more than 15 tokens, stand with their tokens in a
# memory of their own, found by their hash; when it is full, they are forgotten.

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcmp, memcpy, memset
from .tokens cimport hash_words
from .vocab cimport Key, make_key

cdef extern from "simd.h" nogil:
    uint64_t bpe_load64le(const void*)
    void bpe_copy16(void*, const void*)
    void bpe_prefetch(const void*)

cdef extern from "pages.h" nogil:
    void* bpe_alloc_table(size_t)
    void bpe_free_table(void*, size_t)
    void bpe_settle_result(void*, size_t)

cdef extern from "keys.h" nogil:
    const void* bpe_find_key(const Key*, const void*)

cdef enum:
    SHORT = 15
    SHORT_IDS = 4
    COUNT = 56               # the bits of `high` from there are the number of tokens
    MEDIUM = 31
    MEDIUM_IDS = 8
    MOST_IDS = 15            # what 4 bits can count
    FIRST_BITS = 11          # log2 of the buckets for short pieces (a fourth for medium ones): at first,
    MORE_BITS = 15           # for a caller beside others, when much text has been seen,
    SHORT_BITS = 17          # and at most, 8 MB
    # Ids: a megabyte of random words has 340,000 in words of five and more.  A fourth of this ring forgot
    # them before they were met again, and a later pass took as long as the first, three times what it takes.
    RING = 1 << 19
    RING_BYTES = (4 << 19) + (1 << 16)  # and some behind them
    LARGE = 512              # bytes of the longest piece that is remembered
    LARGE_BITS = 14
    LARGE_ROOM = 1 << 20     # bytes, of pieces and their tokens

# The key and, in its last byte, the number of tokens; 0 is empty.
cdef struct Short:
    uint64_t low
    uint64_t high
    uint32_t ids[SHORT_IDS]

# The top byte of key[3]: the length less 16 in 4 bits, the number of tokens in 4; 0 is empty.
cdef struct Medium:
    uint64_t key[4]
    uint32_t ids[MEDIUM_IDS]

# A piece of 32 bytes and more, or one that has too many ids for its table: its bytes stand at `at`,
# its ids behind them.
cdef struct Large:
    uint64_t hash
    uint32_t at
    uint16_t length
    uint16_t count           # 0: empty

cdef struct Cache:
    Short* short_pieces
    Medium* medium_pieces
    int medium_shift
    size_t short_mask       # of the offset of a bucket in bytes
    int bits                # log2 of the buckets
    int much_bits           # the same when much text has been seen
    size_t taken            # places for short pieces
    uint32_t* ring
    uint64_t ring_end        # ids that were ever written there
    Large* large_pieces
    uint8_t* large_room
    uint32_t large_used


cdef inline uint64_t short_key(Key* key, const uint8_t* p, size_t n) noexcept nogil:
    """The key of n bytes, of 16 that can be read, and what bucket_at makes a bucket of."""
    return make_key(key, p, n if n <= SHORT else SHORT + 1)


cdef inline uint64_t short_key_near(Key* key, const uint8_t* p, size_t n, const uint8_t* end) noexcept nogil:
    """The same, reading nothing behind the end of the text."""
    cdef uint8_t tail[16]
    if end - p >= 16:
        return short_key(key, p, n)
    memset(tail, 0, 16)
    memcpy(tail, p, end - p)
    return short_key(key, tail, n)


cdef inline void medium_key(const uint8_t* p, size_t n, uint64_t* key) noexcept nogil:
    """The key of n bytes, 16 to 31; no more than these are read."""
    key[0] = bpe_load64le(p)
    key[1] = bpe_load64le(p + 8)
    if n <= 24:
        key[2] = bpe_load64le(p + n - 8) >> (8 * (24 - n)) if n > 16 else 0
        key[3] = 0
    else:
        key[2] = bpe_load64le(p + 16)
        key[3] = bpe_load64le(p + n - 8) >> (8 * (32 - n))
    key[3] |= <uint64_t>(n - 16) << 56


cdef inline uint64_t hash_medium(const uint64_t* key) noexcept nogil:
    return hash_words(hash_words(key[0], key[1]) ^ key[2], key[3])


cdef inline Short* bucket_at(const Cache* c, uint64_t folded) noexcept nogil:
    """The bucket of a key, by its two halves one over the other.

    One multiplication: its highest bits depend on all of the key.
    """
    return <Short*>(<char*>c.short_pieces + (folded * <uint64_t>0x9E3779B97F4A7C15 >> 38 & c.short_mask))


cdef inline Short* short_bucket(const Cache* c, const Key* k) noexcept nogil:
    return bucket_at(c, k.low ^ k.high)


cdef inline Medium* medium_bucket(const Cache* c, const uint64_t* key) noexcept nogil:
    return c.medium_pieces + (hash_medium(key) >> c.medium_shift)


cdef inline Medium* medium_bucket_at(const Cache* c, const uint8_t* p, size_t n) noexcept nogil:
    cdef uint64_t key[4]
    medium_key(p, n, key)
    return medium_bucket(c, key)


cdef inline Short* beside(Short* bucket) noexcept nogil:
    return <Short*>(<size_t>bucket ^ 64)


cdef inline Short* find_short(Short* bucket, const Key* k) noexcept nogil:
    """The entry of a key in its own bucket, or NULL."""
    return <Short*>bpe_find_key(k, bucket)


cdef inline const uint32_t* ring_ids(const Cache* c, const uint32_t* entry_ids) noexcept nogil:
    """The ids of an entry that has more than it holds; NULL if they are overwritten."""
    cdef uint64_t at
    memcpy(&at, entry_ids, 8)
    return c.ring + (at & (RING - 1)) if c.ring_end - at < RING - MOST_IDS else NULL


cdef inline Short* find_short_anywhere(const Cache* c, const Key* k) noexcept nogil:
    """The entry of a key, brought to the first place of its own bucket; or NULL."""
    cdef Short* home = short_bucket(c, k)
    cdef Short* e = find_short(home, k)
    cdef Short moved
    if e == NULL:
        if home[1].high == 0:  # not full: nothing has gone to the bucket beside it
            return NULL
        e = find_short(beside(home), k)
        if e == NULL:
            return NULL
        moved = e[0]
        e[0] = home[1]  # it may be of that bucket or of this one: both find it
        home[1] = home[0]
        home[0] = moved
        e = home
    if e.high >> COUNT > SHORT_IDS and ring_ids(c, e.ids) == NULL:
        e.low = e.high = 0
        return NULL
    return e


cdef inline bint is_medium(const Medium* e, const uint64_t* key) noexcept nogil:
    return (
        (e.key[0] ^ key[0]) | (e.key[1] ^ key[1]) | (e.key[2] ^ key[2]) | ((e.key[3] ^ key[3]) << 4)
    ) == 0 and e.key[3] >> 60


cdef inline Medium* find_medium(const Cache* c, const uint64_t* key) noexcept nogil:
    """The entry of a key, or NULL: in its own bucket, or in one of the three beside it.

    It stops at an empty one.  Rarely one stands behind that, as the buckets of others are beside it in
    another order, or an entry was emptied: it is learned once more then.
    """
    cdef Medium* home = medium_bucket(c, key)
    cdef Medium* e = home
    cdef size_t way = 0
    while not is_medium(e, key):
        way += 64
        if way == 256 or e.key[3] == 0:
            return NULL
        e = <Medium*>(<size_t>home ^ way)
    if e.key[3] >> 60 > MEDIUM_IDS and ring_ids(c, e.ids) == NULL:
        e.key[3] = 0
        return NULL
    return e


cdef inline Medium* find_medium_at(const Cache* c, const uint8_t* p, size_t n) noexcept nogil:
    cdef uint64_t key[4]
    medium_key(p, n, key)
    return find_medium(c, key)


cdef inline const Large* find_large(const Cache* c, uint64_t h, const uint8_t* p, size_t n) noexcept nogil:
    """The entry of a piece (h is its hash_bytes), or NULL."""
    cdef const Large* e = c.large_pieces + (h >> (64 - LARGE_BITS))
    if e.hash == h and e.count and e.length == n and memcmp(c.large_room + e.at, p, n) == 0:
        return e
    return NULL


cdef inline const uint32_t* large_ids(const Cache* c, const Large* e) noexcept nogil:
    return <const uint32_t*>(c.large_room + ((e.at + e.length + 3) & ~<uint32_t>3))


cdef inline void learn_large(Cache* c, uint64_t h, const uint8_t* p, size_t n, const uint32_t* ids, size_t count) noexcept nogil:
    cdef Large* e
    cdef size_t size = ((n + 3) & ~<size_t>3) + 4 * count
    if c.large_used + size > LARGE_ROOM:
        memset(c.large_pieces, 0, sizeof(Large) << LARGE_BITS)
        c.large_used = 0
    e = c.large_pieces + (h >> (64 - LARGE_BITS))
    e.hash = h
    e.at = c.large_used
    e.length = <uint16_t>n
    e.count = <uint16_t>count
    memcpy(c.large_room + e.at, p, n)
    memcpy(<void*>large_ids(c, e), ids, 4 * count)
    c.large_used += <uint32_t>size


cdef inline size_t copy_short(const Cache* c, const Short* e, uint32_t* ids) noexcept nogil:
    """Write the ids of an entry that was found, their number as the result; 16 places may be written."""
    cdef size_t n = e.high >> COUNT
    if n <= SHORT_IDS:
        bpe_copy16(ids, e.ids)
    else:
        copy_many(ids, ring_ids(c, e.ids))
    return n


cdef inline size_t copy_medium(const Cache* c, const Medium* e, uint32_t* ids) noexcept nogil:
    cdef size_t n = e.key[3] >> 60
    if n <= MEDIUM_IDS:
        bpe_copy16(ids, e.ids)
        bpe_copy16(ids + 4, e.ids + 4)
    else:
        copy_many(ids, ring_ids(c, e.ids))
    return n


cdef inline void copy_many(uint32_t* ids, const uint32_t* learned) noexcept nogil:
    bpe_copy16(ids, learned)
    bpe_copy16(ids + 4, learned + 4)
    bpe_copy16(ids + 8, learned + 8)
    bpe_copy16(ids + 12, learned + 12)


cdef inline void put_in_ring(Cache* c, const uint32_t* ids, size_t n, uint32_t* entry_ids) noexcept nogil:
    """More ids than an entry holds go to the ring; the entry holds where.

    MOST_IDS + 1 are copied, whatever n is: what stands that near to the end counts as overwritten.
    """
    if (c.ring_end & (RING - 1)) + n > RING:  # not across the end
        c.ring_end = (c.ring_end | (RING - 1)) + 1
    memcpy(entry_ids, &c.ring_end, 8)
    copy_many(c.ring + (c.ring_end & (RING - 1)), ids)
    c.ring_end += n


cdef inline Short* put_short(Cache* c, const Key* k) noexcept nogil:
    """The first place of the bucket, with the key; its ids, and their number, are to be written."""
    cdef Short* s = short_bucket(c, k)
    cdef Short* other = beside(s)
    if s[1].high:  # full
        c.taken += other[1].high == 0
        other[1] = other[0]
        other[0] = s[1]
    else:
        c.taken += 1
    s[1] = s[0]
    s.low = k.low
    s.high = k.high
    return s


cdef inline Medium* put_medium(Cache* c, const uint64_t* key) noexcept nogil:
    """The same for a piece of medium length.

    What stands there moves to the bucket beside it, and so on until one is free.
    """
    cdef Medium* m = medium_bucket(c, key)
    if m.key[3]:
        if (<Medium*>(<size_t>m ^ 64)).key[3]:
            if (<Medium*>(<size_t>m ^ 128)).key[3]:
                (<Medium*>(<size_t>m ^ 192))[0] = (<Medium*>(<size_t>m ^ 128))[0]
            (<Medium*>(<size_t>m ^ 128))[0] = (<Medium*>(<size_t>m ^ 64))[0]
        (<Medium*>(<size_t>m ^ 64))[0] = m[0]
    memcpy(m.key, key, 32)
    return m


cdef inline void learn(Cache* c, const uint8_t* p, size_t n, const uint32_t* ids, size_t count, const Key* k) noexcept nogil:
    """Remember the ids, at most MOST_IDS, of up to MEDIUM bytes (k: their short key if n <= SHORT).

    MOST_IDS + 1 are read.
    """
    cdef Short* s
    cdef Medium* m
    cdef uint64_t key[4]
    if n <= SHORT:
        s = put_short(c, k)
        s.high |= <uint64_t>count << COUNT
        if count > SHORT_IDS:
            put_in_ring(c, ids, count, s.ids)
        else:
            bpe_copy16(s.ids, ids)
        return
    medium_key(p, n, key)
    m = put_medium(c, key)
    m.key[3] |= <uint64_t>count << 60
    if count > MEDIUM_IDS:
        put_in_ring(c, ids, count, m.ids)
    else:
        bpe_copy16(m.ids, ids)
        bpe_copy16(m.ids + 4, ids + 4)


cdef inline int open_pieces(Cache* c, int bits) noexcept nogil:
    """Empty tables for short and medium pieces; -1: no memory, and the struct is as before."""
    cdef Short* short_pieces = <Short*>bpe_alloc_table(<size_t>64 << bits)
    cdef Medium* medium_pieces = <Medium*>bpe_alloc_table(<size_t>64 << (bits - 2))
    if short_pieces == NULL or medium_pieces == NULL:
        bpe_free_table(short_pieces, <size_t>64 << bits)
        bpe_free_table(medium_pieces, <size_t>64 << (bits - 2))
        return -1
    c.short_pieces = short_pieces
    c.short_mask = (<size_t>64 << bits) - 64
    c.medium_pieces = medium_pieces
    c.medium_shift = 64 - (bits - 2)
    c.bits = bits
    c.taken = 0
    return 0


cdef inline void close_pieces(Cache* c) noexcept nogil:
    bpe_free_table(c.short_pieces, <size_t>64 << c.bits)
    bpe_free_table(c.medium_pieces, <size_t>64 << (c.bits - 2))


cdef inline void enlarge(Cache* c, int bits) noexcept nogil:
    """Larger tables with what is known; without memory for them those that there are go on."""
    cdef Cache old = c[0]
    cdef size_t i
    cdef Short* s
    cdef Medium* m
    cdef Key k
    cdef uint64_t key[4]
    if open_pieces(c, bits) < 0:
        return
    for i in range(<size_t>2 << old.bits):
        s = old.short_pieces + (i ^ 1)  # what stands first comes last, and stands first again
        if s.high:
            k.low = s.low
            k.high = s.high << (64 - COUNT) >> (64 - COUNT)
            put_short(c, &k)[0] = s[0]
    for i in range(<size_t>1 << (old.bits - 2)):
        m = old.medium_pieces + i
        if m.key[3]:
            memcpy(key, m.key, 32)
            key[3] = key[3] << 4 >> 4
            put_medium(c, key)[0] = m[0]
    close_pieces(&old)


cdef inline bint is_crowded(const Cache* c) noexcept nogil:
    """Whether a table twice as large is worth its memory: with half of the places taken.

    Then a warm pass takes some 14 % longer, as many pieces stand beside their buckets; but to grow takes
    as long as one or two of those, and this bounds the memory of further callers.  The first one's table
    is the largest as soon as much text has been seen.
    """
    return c.taken > (c.short_mask >> 6) and c.bits < SHORT_BITS


cdef inline int open_cache(Cache* c, int much_bits) noexcept nogil:
    """Fill a zeroed struct.  -1: no memory.

    Nothing of it in a heap, where long results make huge pages of what lies beside them: half a
    megabyte for each further caller.
    """
    c.much_bits = much_bits
    c.ring = <uint32_t*>bpe_alloc_table(RING_BYTES)
    bpe_settle_result(c.ring, RING_BYTES)  # in small pages, as most text needs few of them
    c.large_pieces = <Large*>bpe_alloc_table(sizeof(Large) << LARGE_BITS)
    c.large_room = <uint8_t*>bpe_alloc_table(LARGE_ROOM)
    if c.ring == NULL or c.large_pieces == NULL or c.large_room == NULL:
        return -1
    return open_pieces(c, FIRST_BITS)


cdef inline void close_cache(Cache* c) noexcept nogil:
    if c.bits:
        close_pieces(c)
    bpe_free_table(c.ring, RING_BYTES)
    bpe_free_table(c.large_pieces, sizeof(Large) << LARGE_BITS)
    bpe_free_table(c.large_room, LARGE_ROOM)

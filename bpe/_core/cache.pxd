# What a caller has learned: the tokens of pieces it has met, in two tables.
#
# They hold what the vocabulary would give, so what they forget changes no id.  A bucket is one
# cache line: two pieces of up to 15 bytes and 4 tokens, or one of 16 to 31 bytes and 8 tokens;
# more tokens go to an arena.  A new entry takes the first place of its bucket, the one before it
# moves to the second; when the arena is full, everything is forgotten.

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset
from .vocab cimport hash_words

cdef extern from "simd.h" nogil:
    uint64_t bpe_load64le(const void*)
    void bpe_copy16(void*, const void*)
    void bpe_prefetch(const void*)
    void* bpe_alloc_table(size_t)
    void bpe_free_table(void*)

cdef enum:
    SHORT = 15
    SHORT_IDS = 4
    MEDIUM = 31
    MEDIUM_IDS = 8
    MOST_IDS = 15            # what 4 bits can count
    SHORT_BITS = 17          # log2 of the buckets: 8 MB
    MEDIUM_BITS = 14         # 1 MB
    ARENA = 1 << 18          # ids

# `high`: bytes 8-14, the length in 4 bits, the number of tokens in 4 (a key has 0 there, and is
# compared without it).  No key has length 0, so an empty entry matches nothing.
cdef struct Short:
    uint64_t low
    uint64_t high
    uint32_t ids[SHORT_IDS]

# The top byte of key[3]: the length less 16 in 4 bits, the number of tokens in 4; 0 is empty.
cdef struct Medium:
    uint64_t key[4]
    uint32_t ids[MEDIUM_IDS]

cdef struct Key:
    uint64_t low
    uint64_t high

cdef struct Cache:
    Short* short_pieces
    Medium* medium_pieces
    uint32_t short_shift
    uint32_t* arena
    uint32_t arena_used


cdef inline Key short_key(const uint8_t* p, size_t n) noexcept nogil:
    """The key of n bytes, 1 to 15, of 16 that can be read."""
    cdef Key k
    k.low = bpe_load64le(p)
    if n < 8:
        k.low &= ~(~<uint64_t>0 << (8 * n))
        k.high = <uint64_t>n << 56
    else:
        k.high = (bpe_load64le(p + 8) & ~(~<uint64_t>0 << (8 * (n - 8)))) | <uint64_t>n << 56
    return k


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


cdef inline Short* short_bucket(const Cache* c, Key k) noexcept nogil:
    return c.short_pieces + 2 * (hash_words(k.low, k.high) >> c.short_shift)


cdef inline Medium* medium_bucket(const Cache* c, const uint64_t* key) noexcept nogil:
    return c.medium_pieces + (hash_medium(key) >> (64 - MEDIUM_BITS))


cdef inline Short* find_short(const Cache* c, Key k) noexcept nogil:
    """The entry of a key, or NULL."""
    cdef Short* e = short_bucket(c, k)
    # The second one if it matches, by arithmetic: which of the two is not to be predicted.
    e += ((e[1].low ^ k.low) | ((e[1].high ^ k.high) << 4)) == 0
    if ((e.low ^ k.low) | ((e.high ^ k.high) << 4)) == 0:
        return e
    return NULL


cdef inline Medium* find_medium(const Cache* c, const uint64_t* key) noexcept nogil:
    cdef Medium* e = medium_bucket(c, key)
    if ((e.key[0] ^ key[0]) | (e.key[1] ^ key[1]) | (e.key[2] ^ key[2]) | ((e.key[3] ^ key[3]) << 4)) == 0 and e.key[3] >> 60:
        return e
    return NULL


cdef inline void forget(Cache* c) noexcept nogil:
    memset(c.short_pieces, 0, <size_t>64 << (64 - c.short_shift))
    memset(c.medium_pieces, 0, <size_t>64 << MEDIUM_BITS)
    c.arena_used = 0


cdef inline uint32_t in_arena(Cache* c, const uint32_t* ids, size_t n) noexcept nogil:
    cdef uint32_t at
    if c.arena_used + n + MOST_IDS > ARENA:
        forget(c)
    at = c.arena_used
    memcpy(c.arena + at, ids, n * 4)
    c.arena_used += <uint32_t>n
    return at


cdef inline void learn(Cache* c, const uint8_t* p, size_t n, const uint32_t* ids, size_t count, Key k) noexcept nogil:
    """Remember the ids of n bytes (k is their short key if n <= SHORT)."""
    cdef Short* s
    cdef Medium* m
    cdef uint32_t at
    cdef uint64_t key[4]
    if n > MEDIUM or count > MOST_IDS:
        return
    if n <= SHORT:
        at = in_arena(c, ids, count) if count > SHORT_IDS else 0
        s = short_bucket(c, k)
        if s.low != 0 or s.high != 0:
            s[1] = s[0]
        s.low = k.low
        s.high = k.high | <uint64_t>count << 60
        if count > SHORT_IDS:
            s.ids[0] = at
        else:
            memcpy(s.ids, ids, count * 4)
        return
    at = in_arena(c, ids, count) if count > MEDIUM_IDS else 0
    medium_key(p, n, key)
    m = medium_bucket(c, key)
    memcpy(m.key, key, 32)
    m.key[3] |= <uint64_t>count << 60
    if count > MEDIUM_IDS:
        m.ids[0] = at
    else:
        memcpy(m.ids, ids, count * 4)


cdef inline int open_cache(Cache* c, int bits) noexcept nogil:
    """-1: no memory."""
    c.short_shift = 64 - bits
    c.short_pieces = <Short*>bpe_alloc_table(<size_t>64 << bits)
    c.medium_pieces = <Medium*>bpe_alloc_table(<size_t>64 << MEDIUM_BITS)
    c.arena = <uint32_t*>malloc(ARENA * 4)
    c.arena_used = 0
    return 0 if c.short_pieces != NULL and c.medium_pieces != NULL and c.arena != NULL else -1


cdef inline void close_cache(Cache* c) noexcept nogil:
    bpe_free_table(c.short_pieces)
    bpe_free_table(c.medium_pieces)
    free(c.arena)

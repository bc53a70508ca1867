# Whole tokens by their bytes.

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcmp, memcpy, memset
from .vocab cimport AHEAD, NO_TOKEN, Key, Vocab, bpe_alloc_table, bpe_prefetch, make_key, power_above

cdef extern from "simd.h" nogil:
    uint64_t bpe_load64le(const void*)


cdef inline uint64_t hash_words(uint64_t a, uint64_t b) noexcept nogil:
    cdef uint64_t x = a ^ (b * <uint64_t>0x9E3779B97F4A7C15)
    x ^= x >> 29
    x *= <uint64_t>0xBF58476D1CE4E5B9
    return x ^ (x >> 32)


cdef inline uint64_t hash_bytes(const uint8_t* p, size_t n) noexcept nogil:
    """A hash of bytes; that of the key for n below 16."""
    cdef uint64_t a = 0
    cdef uint64_t b = 0
    cdef uint8_t tail[16]
    if n < 16:
        memset(tail, 0, 16)
        memcpy(tail, p, n)
        return hash_token(tail, n)
    while n >= 16:
        a = hash_words(a ^ bpe_load64le(p), bpe_load64le(p + 8))
        p += 16
        n -= 16
    memset(tail, 0, 16)
    memcpy(tail, p, n)
    return hash_words(a ^ bpe_load64le(tail), bpe_load64le(tail + 8) + n)


cdef inline uint64_t hash_token(const uint8_t* p, size_t n) noexcept nogil:
    """hash_bytes of what has 16 readable bytes behind it, as tokens have: no copy, no branch on n."""
    cdef Key key
    if n >= 16:
        return hash_bytes(p, n)
    make_key(&key, p, n)
    return hash_words(key.low, key.high)


cdef inline uint32_t slot_of(const Vocab* v, uint64_t h) noexcept nogil:
    return <uint32_t>(h >> 32) & v.slot_mask


cdef inline uint32_t candidate(const Vocab* v, uint64_t h) noexcept nogil:
    """The token in the first slot of a hash, if its tag is right: where find_token will look."""
    cdef uint32_t e = v.slots[slot_of(v, h)]
    return e & v.index_mask if (e ^ <uint32_t>h) & ~v.index_mask == 0 and e != NO_TOKEN else NO_TOKEN


cdef inline uint32_t find_slot(const Vocab* v, uint64_t h, const uint8_t* p, size_t n) noexcept nogil:
    """The slot of the token with these bytes, or the empty one where it would stand."""
    cdef uint32_t i = slot_of(v, h)
    cdef uint32_t tag = <uint32_t>h & ~v.index_mask
    cdef uint32_t e, t
    while True:
        e = v.slots[i]
        if e == NO_TOKEN:
            return i
        if (e & ~v.index_mask) == tag:
            t = e & v.index_mask
            if v.offsets[t + 1] - v.offsets[t] == n and memcmp(v.bytes + v.offsets[t], p, n) == 0:
                return i
        i = (i + 1) & v.slot_mask


cdef inline uint32_t find_token(const Vocab* v, uint64_t h, const uint8_t* p, size_t n) noexcept nogil:
    """The token with these bytes (h is their hash_bytes), or NO_TOKEN."""
    cdef uint32_t e
    if n > v.longest or n == 0:
        return NO_TOKEN
    e = v.slots[find_slot(v, h, p, n)]
    return e if e == NO_TOKEN else e & v.index_mask


cdef inline int index_tokens(Vocab* v) noexcept nogil:
    """The table of whole tokens, from bytes and offsets.  -1: no memory; -3: two equal tokens."""
    cdef uint32_t i, slot
    cdef uint32_t size = power_above(<uint64_t>v.n * 2)
    cdef uint64_t h
    cdef uint64_t hashes[AHEAD]  # of the next tokens
    cdef size_t n
    v.slots = <uint32_t*>bpe_alloc_table(<size_t>size * 4)
    if v.slots == NULL:
        return -1
    memset(v.slots, 0xFF, <size_t>size * 4)
    v.slot_mask = size - 1
    v.index_mask = power_above(<uint64_t>v.n + 1) - 1
    v.longest = 0
    for i in range(v.n + AHEAD):
        h = hashes[i % AHEAD]
        if i < v.n:
            n = v.offsets[i + 1] - v.offsets[i]
            hashes[i % AHEAD] = hash_token(v.bytes + v.offsets[i], n)
            bpe_prefetch(v.slots + slot_of(v, hashes[i % AHEAD]))
            if n > v.longest:
                v.longest = n
        if i >= AHEAD:
            n = v.offsets[i - AHEAD + 1] - v.offsets[i - AHEAD]
            if n:
                slot = find_slot(v, h, v.bytes + v.offsets[i - AHEAD], n)
                if v.slots[slot] != NO_TOKEN:
                    return -3
                v.slots[slot] = (<uint32_t>h & ~v.index_mask) | (i - AHEAD)
    return 0

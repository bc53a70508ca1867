# The immutable tables of one vocabulary: token bytes, whole tokens by their bytes, merges by pair.

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcmp, memcpy, memset
from .joints cimport Joints, bpe_load32le, bpe_load64le, mark_token

cdef extern from "simd.h" nogil:
    void bpe_copy16(void*, const void*)
    void bpe_prefetch(const void*)
    bint unlikely "BPE_UNLIKELY"(bint)

cdef extern from "pages.h" nogil:
    void* bpe_alloc_table(size_t)
    void bpe_free_table(void*, size_t)

cdef extern from "keys.h" nogil:
    ctypedef struct Key "bpe_key":
        uint64_t low, high
    uint64_t make_key "bpe_make_key"(Key*, const void*, size_t)

cdef extern from "first.h" nogil:
    ctypedef struct BytePair "bpe_byte_pair":
        uint32_t rank
        uint16_t before, behind
    uint32_t edges_of "bpe_edges"(const BytePair*)
    enum:
        RANK_BITS "BPE_RANK_BITS"
        NO_RANK "BPE_NO_RANK"  # the pair does not merge; also the highest rank there can be, plus one

cdef enum:
    TOKEN_BITS = 21        # a token's index in a pair key; its highest value stands for none
    PADDING = 64           # readable bytes behind the last token
    AHEAD = 16             # rows that building a table looks ahead: memory is asked for in time

cdef enum:
    NO_TOKEN = 0xFFFFFFFF

# Tokens are known by index, in id order.  Where ids have no gaps (all bundled encodings) the
# index is the id; otherwise `ids` translates, once, when a result is learned.
cdef struct Vocab:
    uint32_t n
    uint8_t* bytes
    uint32_t* offsets        # n + 1; an empty token is a hole
    uint32_t* ids            # NULL: the index is the id
    uint32_t single[256]     # byte -> token
    uint32_t* slots          # whole tokens: open addressing, a tag of the hash above the index
    uint32_t slot_mask
    uint32_t index_mask
    uint64_t* pairs          # buckets of two: left << 43 | right << 22 | rank; the greater one
                             # first if there was a third, which is in a bucket behind it
    uint32_t pair_mask       # of buckets
    int pair_shift           # 64 less the bits of that
    BytePair* byte_pairs     # by the numbers of both bytes; edges only if well_formed
    uint32_t* results        # rank -> token; NULL: the rank is the token
    bint whole_first         # a piece that is a token is not merged
    bint well_formed         # every token is reached by its own merge of smaller ones
    Joints* joints           # only then
    size_t longest           # bytes of the longest token


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


cdef inline uint64_t pair_key(uint32_t left, uint32_t right) noexcept nogil:
    return <uint64_t>left << TOKEN_BITS | right


cdef inline const uint64_t* bucket_of(const Vocab* v, uint64_t key) noexcept nogil:
    """The bucket of a key that is shifted by RANK_BITS."""
    return v.pairs + 2 * (key * <uint64_t>0x9E3779B97F4A7C15 >> v.pair_shift)


cdef inline const uint64_t* next_bucket(const Vocab* v, const uint64_t* bucket) noexcept nogil:
    return v.pairs + ((bucket - v.pairs + 2) & (2 * <size_t>v.pair_mask + 1))


cdef inline uint32_t rank_in(const Vocab* v, const uint64_t* bucket, uint64_t key) noexcept nogil:
    """The rank of a pair (its key, shifted by RANK_BITS, and its bucket), or NO_RANK.

    What an entry has beyond the key is the rank; if its key is another, it is more than any rank.
    So it is the least of both entries and NO_RANK, by arithmetic: neither whether the pair merges
    nor where it stands can be predicted, but that there is no other bucket can.
    """
    cdef uint64_t a = bucket[0] ^ key
    cdef uint64_t b = bucket[1] ^ key
    a = a if a < b else b
    a = a if a < NO_RANK else NO_RANK
    if unlikely(bucket[0] > bucket[1]) and a == NO_RANK:
        return rank_behind(v, bucket, key)
    return <uint32_t>a


cdef inline uint32_t rank_behind(const Vocab* v, const uint64_t* bucket,
                                 uint64_t key) noexcept nogil:
    """The rank of a pair that is not in its bucket, which had no room for all."""
    cdef int i
    while bucket[0] > bucket[1]:
        bucket = next_bucket(v, bucket)
        for i in range(2):
            if (bucket[i] ^ key) < NO_RANK:
                return <uint32_t>(bucket[i] ^ key)
    return NO_RANK


cdef inline uint32_t pair_rank(const Vocab* v, uint32_t left, uint32_t right) noexcept nogil:
    """The rank of the merge of two tokens, or NO_RANK."""
    cdef uint64_t key = pair_key(left, right) << RANK_BITS
    return rank_in(v, bucket_of(v, key), key)


cdef inline void add_pair(Vocab* v, uint32_t left, uint32_t right, uint32_t rank) noexcept nogil:
    """The first rank given to a pair stays."""
    cdef uint64_t key = pair_key(left, right) << RANK_BITS
    cdef uint64_t new = key | rank
    cdef uint64_t other
    cdef uint64_t* bucket = <uint64_t*>bucket_of(v, key)
    while True:
        if (bucket[0] ^ key) <= NO_RANK or (bucket[1] ^ key) <= NO_RANK:
            return
        if bucket[1] == ~(<uint64_t>0):
            other = bucket[0]
            bucket[0] = new if new < other else other
            bucket[1] = other if new < other else new
            return
        if bucket[0] < bucket[1]:
            other = bucket[0]
            bucket[0] = bucket[1]
            bucket[1] = other
        bucket = <uint64_t*>next_bucket(v, bucket)


cdef inline uint32_t merged(const Vocab* v, uint32_t rank) noexcept nogil:
    return rank if v.results == NULL else v.results[rank]


cdef inline uint32_t id_of(const Vocab* v, uint32_t token) noexcept nogil:
    return token if v.ids == NULL else v.ids[token]


cdef inline uint32_t power_above(uint64_t n) noexcept nogil:
    cdef uint32_t p = 16
    while p < n:
        p *= 2
    return p


cdef inline int alloc_pairs(Vocab* v, size_t n) noexcept nogil:
    """Room for n merges, half of it empty.  -1: no memory."""
    cdef uint32_t buckets = power_above(n)
    v.pairs = <uint64_t*>bpe_alloc_table(<size_t>buckets * 16)
    if v.pairs == NULL:
        return -1
    memset(v.pairs, 0xFF, <size_t>buckets * 16)
    v.pair_mask = buckets - 1
    v.pair_shift = 64
    while buckets > 1:
        buckets >>= 1
        v.pair_shift -= 1
    return 0


cdef inline int expand_pairs(Vocab* v, const uint8_t* table, uint32_t n) noexcept nogil:
    """All tables from the `pairs` form.  -1: no memory; -2: a row that is not well formed."""
    cdef uint32_t i, left, right
    cdef size_t size = 0
    cdef size_t a, b
    cdef uint8_t* start
    cdef uint8_t* end
    v.n = n
    v.offsets = <uint32_t*>malloc((<size_t>n + 1) * 4)
    if v.offsets == NULL:
        return -1
    v.offsets[0] = 0
    memset(v.single, 0xFF, sizeof(v.single))
    for i in range(n):
        left = bpe_load32le(table + 8 * <size_t>i)
        right = bpe_load32le(table + 8 * <size_t>i + 4)
        if right == NO_TOKEN:
            if left < 256:
                size += 1
                v.single[left] = i
            elif left != NO_TOKEN:
                return -2
        else:
            if left >= i or right >= i:
                return -2
            a = v.offsets[left + 1] - v.offsets[left]
            b = v.offsets[right + 1] - v.offsets[right]
            if a == 0 or b == 0:
                return -2
            size += a + b
        if size > 0x7FFFFFFF:
            return -2
        v.offsets[i + 1] = <uint32_t>size
    v.bytes = <uint8_t*>malloc(size + PADDING)
    v.joints = <Joints*>calloc(1, sizeof(Joints))
    v.byte_pairs = <BytePair*>calloc(65536, sizeof(BytePair))
    if v.bytes == NULL or v.joints == NULL or v.byte_pairs == NULL or alloc_pairs(v, n) < 0:
        return -1
    end = v.bytes
    for i in range(n):
        if i + AHEAD < n:
            left = bpe_load32le(table + 8 * <size_t>(i + AHEAD))
            right = bpe_load32le(table + 8 * <size_t>(i + AHEAD) + 4)
            bpe_prefetch(bucket_of(v, pair_key(left, right) << RANK_BITS))
        left = bpe_load32le(table + 8 * <size_t>i)
        right = bpe_load32le(table + 8 * <size_t>i + 4)
        if right == NO_TOKEN:
            if left < 256:
                end[0] = <uint8_t>left
                end += 1
        else:
            end = copy_token(v, left, end)
            end = copy_token(v, right, end)
            add_pair(v, left, right, i)
    memset(end, 0, PADDING)
    for i in range(n):  # by itself: bytes that have just been written are slow to read
        left = bpe_load32le(table + 8 * <size_t>i)
        if bpe_load32le(table + 8 * <size_t>i + 4) != NO_TOKEN:
            start = v.bytes + v.offsets[i]
            end = v.bytes + v.offsets[i + 1]
            mark_token(v.joints, i, start, end)
            mark_edges(v.byte_pairs, i, start, start + (v.offsets[left + 1] - v.offsets[left]), end)
    v.well_formed = True
    return index_tokens(v)


cdef inline void mark_edges(BytePair* pairs, uint32_t rank, const uint8_t* start, const uint8_t* middle, const uint8_t* end) noexcept nogil:
    """Note a merge of what meets in the middle, if one of the two is a single byte; ranks come in order."""
    cdef BytePair* pair = &pairs[<uint32_t>(middle - 1)[0] << 8 | middle[0]]
    if rank < 0xFFFF:
        if end - middle == 1 and pair.before == 0:
            pair.before = <uint16_t>(0xFFFF - rank)
        if middle - start == 1 and pair.behind == 0:
            pair.behind = <uint16_t>(0xFFFF - rank)


cdef inline uint8_t* copy_token(const Vocab* v, uint32_t token, uint8_t* to) noexcept nogil:
    """Write the bytes of a token, and up to 15 more; the place behind it."""
    cdef size_t n = v.offsets[token + 1] - v.offsets[token]
    bpe_copy16(to, v.bytes + v.offsets[token])
    if n > 16:
        memcpy(to + 16, v.bytes + v.offsets[token] + 16, n - 16)
    return to + n


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


cdef inline int index_byte_pairs(Vocab* v) noexcept nogil:
    """The ranks of pairs of bytes: what they merge to is a token of two bytes."""
    cdef uint32_t i
    cdef const uint8_t* p
    if v.byte_pairs == NULL:
        v.byte_pairs = <BytePair*>calloc(65536, sizeof(BytePair))
        if v.byte_pairs == NULL:
            return -1
    for i in range(65536):
        v.byte_pairs[i].rank = NO_RANK
    for i in range(v.n):
        if v.offsets[i + 1] - v.offsets[i] == 2:
            p = v.bytes + v.offsets[i]
            v.byte_pairs[p[0] << 8 | p[1]].rank = pair_rank(v, v.single[p[0]], v.single[p[1]])
    return 0


cdef inline int pair_all_splits(Vocab* v) noexcept nogil:
    """The pairs of the rank rule: every way to cut a token in two tokens merges to it."""
    cdef uint32_t i, left, right
    cdef size_t n, k, count
    cdef const uint8_t* p
    cdef int fill
    for fill in range(2):
        count = 0
        for i in range(v.n):
            p = v.bytes + v.offsets[i]
            n = v.offsets[i + 1] - v.offsets[i]
            for k in range(1, n):
                left = find_token(v, hash_bytes(p, k), p, k)
                if left == NO_TOKEN:
                    continue
                right = find_token(v, hash_bytes(p + k, n - k), p + k, n - k)
                if right == NO_TOKEN:
                    continue
                count += 1
                if fill:
                    add_pair(v, left, right, i)
        if not fill and alloc_pairs(v, count) < 0:
            return -1
    return 0


cdef inline void free_vocab(Vocab* v) noexcept nogil:
    free(v.bytes)
    free(v.offsets)
    free(v.ids)
    bpe_free_table(v.slots, (<size_t>v.slot_mask + 1) * 4)
    bpe_free_table(v.pairs, (<size_t>v.pair_mask + 1) * 16)
    free(v.byte_pairs)
    free(v.joints)
    free(v.results)

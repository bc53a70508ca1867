# The tables of one vocabulary, immutable once they are made, and merges by pair; whole tokens: tokens.pxd,
# how the tables are made: build.pxd.

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free
from libc.string cimport memset
from .joints cimport Joints

cdef extern from "simd.h" nogil:
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
    uint32_t* slots          # whole tokens: open addressing, a tag of the hash above the index; NULL: not made
                             # yet, nor are the masks and `longest`
    uint32_t slot_mask
    uint32_t index_mask
    uint64_t* pairs          # buckets of two: left << 43 | right << 22 | rank; the greater one
                             # first if there was a third, which is in a bucket behind it
    uint32_t pair_mask       # of buckets
    int pair_shift           # 64 less the bits of that
    BytePair* byte_pairs     # by the numbers of both bytes; edges only if well_formed
    uint32_t* results        # rank -> token; NULL: the rank is the token
    bint whole_first         # a piece that is a token is not merged
    bint well_formed         # every token is reached by its own merge of smaller ones: no need to look for it first
    Joints* joints           # only then
    size_t longest           # bytes of the longest token


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


cdef inline void free_vocab(Vocab* v) noexcept nogil:
    free(v.bytes)
    free(v.offsets)
    free(v.ids)
    bpe_free_table(v.slots, (<size_t>v.slot_mask + 1) * 4)
    bpe_free_table(v.pairs, (<size_t>v.pair_mask + 1) * 16)
    free(v.byte_pairs)
    free(v.joints)
    free(v.results)

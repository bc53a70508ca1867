# The tables of a vocabulary from what is published: merges by number, or tokens with ranks.

from libc.stdint cimport uint8_t, uint16_t, uint32_t
from libc.stdlib cimport calloc, malloc
from libc.string cimport memcpy, memset
from .joints cimport Joints, bpe_load32le, mark_token
from .tokens cimport find_token, hash_bytes
from .vocab cimport (
    AHEAD, NO_RANK, NO_TOKEN, PADDING, RANK_BITS, BytePair, Vocab, add_pair, alloc_pairs, bpe_prefetch, bucket_of,
    pair_key, pair_rank,
)

cdef extern from "simd.h" nogil:
    void bpe_copy16(void*, const void*)


cdef inline int expand_pairs(Vocab* v, const uint8_t* table, uint32_t n) noexcept nogil:
    """All tables from the `pairs` form, but the one of whole tokens, which merging does not need.

    -1: no memory; -2: a row of what is behind it, or of nothing.  That every token is reached by its own
    merge is for those to see to who make the form.
    """
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
    return 0


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

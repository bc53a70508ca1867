/* Keys of short pieces, and the search for one in a bucket.
 *
 * The key of a piece of up to 15 bytes is its bytes inverted, and zeros behind them.  UTF-8 has no byte
 * 0xFF, so no byte of a key is zero before its end: a key needs no length, and a place of zeros in a
 * table is equal to none.  Its 16th byte is zero; in a table the number of ids stands there, which is
 * never zero.  The key of a longer piece begins with a zero and goes on with others: no table has it. */
#ifndef BPE_KEYS_H
#define BPE_KEYS_H

#include "simd.h"

typedef struct { uint64_t low, high; } bpe_key;

/* What of 16 bytes a key keeps, by their number; 16 stands for all longer ones. */
static const BPE_ALIGNED(16) bpe_key bpe_key_masks[17] = {
    {0, 0}, {0xFF, 0}, {0xFFFF, 0}, {0xFFFFFF, 0}, {0xFFFFFFFF, 0}, {0xFFFFFFFFFFULL, 0}, {0xFFFFFFFFFFFFULL, 0},
    {0xFFFFFFFFFFFFFFULL, 0}, {~0ULL, 0}, {~0ULL, 0xFF}, {~0ULL, 0xFFFF}, {~0ULL, 0xFFFFFF}, {~0ULL, 0xFFFFFFFF},
    {~0ULL, 0xFFFFFFFFFFULL}, {~0ULL, 0xFFFFFFFFFFFFULL}, {~0ULL, 0xFFFFFFFFFFFFFFULL},
    {~0xFFULL, 0xFFFFFFFFFFFFFFULL}};

/* Write the key of the first n of 16 bytes (or of more, if n is 16); both its halves, one over the other. */
BPE_INLINE uint64_t bpe_make_key(bpe_key *to, const void *p, size_t n) {
#if defined(BPE_SSE2) && BPE_64_BIT
    const __m128i key = _mm_andnot_si128(_mm_loadu_si128((const __m128i *)p), _mm_load_si128((const __m128i *)(bpe_key_masks + n)));
    _mm_storeu_si128((__m128i *)to, key);
    return (uint64_t)_mm_cvtsi128_si64(_mm_xor_si128(key, _mm_shuffle_epi32(key, 0x4E)));
#else
    to->low = ~bpe_load64le(p) & bpe_key_masks[n].low;
    to->high = ~bpe_load64le((const char *)p + 8) & bpe_key_masks[n].high;
    return to->low ^ to->high;
#endif
}

/* Where in a bucket, two places of 32 bytes that begin with their keys, a key stands, or NULL.
 * In which of them cannot be predicted, so nothing may branch on it: the product is zero if a
 * difference is, and no compiler makes two branches of that. */
BPE_INLINE const void *bpe_find_key(const bpe_key *key, const void *bucket) {
#if defined(BPE_SSE2) && BPE_64_BIT
    const __m128i k = _mm_loadu_si128((const __m128i *)key), *place = (const __m128i *)bucket;
    const uint32_t first = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(k, _mm_load_si128(place))) ^ 0x7FFF;
    const uint32_t second = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(k, _mm_load_si128(place + 2))) ^ 0x7FFF;
    return first * second != 0 ? NULL : place + 2 * (second == 0);
#else
    const uint64_t *place = (const uint64_t *)bucket; /* as numbers: a struct would be none of the table's */
    place += 4 * (((place[4] ^ key->low) | (place[5] ^ key->high) << 8) == 0);
    return ((place[0] ^ key->low) | (place[1] ^ key->high) << 8) == 0 ? place : NULL;
#endif
}

#endif

/* Pairs of bytes that are merged before anything else can take one of them.
 *
 * What merges has a lower rank than what is made of it, so merges come in the order of their ranks.  A
 * pair of bytes is merged first if its rank is below that of every merge of what ends before it with its
 * first byte alone, and of its second byte alone with what begins behind it, by the two bytes around it.  Of
 * three equal bytes neither pair is: each is such a merge for the other.  Merged early, a pair changes
 * nothing: what takes it has a higher rank.  Half of all merges in English and in Russian are of that kind. */
#ifndef BPE_FIRST_H
#define BPE_FIRST_H

#include "simd.h"

/* C and Cython both need them. */
enum {
    BPE_RANK_BITS = 22,
    BPE_NO_RANK = (1 << BPE_RANK_BITS) - 1, /* the pair does not merge */
    BPE_POSITION_BITS = 6,
    BPE_RANKED = 1 << 28, /* in all numbers of pairs, as their minimum needs */
    BPE_NO_PAIR = BPE_RANKED | BPE_NO_RANK << BPE_POSITION_BITS /* above all that merge */
};

/* Of two bytes.  Edges are 0xFFFF less a rank; 0: there is no such merge, or of higher rank. */
typedef struct {
    uint32_t rank;
    uint16_t before; /* of the first merge of something that ends with the one byte and of the other byte */
    uint16_t behind; /* of the first merge of the one byte and of something that begins with the other one */
} bpe_byte_pair;

/* Both edges in one number. */
BPE_INLINE uint32_t bpe_edges(const bpe_byte_pair *pair) {
    return pair->before | (uint32_t)pair->behind << 16;
}

/* Put the tokens of pairs that are merged first in place of bytes; their positions as bits.
 *
 * Of n tokens, and of the pairs that they begin: RANKED | rank << POSITION_BITS | position; NO_PAIR for the
 * last one, and for what follows up to a multiple of four, as far as is read and written.  edges[i] belongs
 * to pairs[i], with zeros at -1 and at n - 1; up to that multiple of four they are read.  A rank is its token. */
static uint64_t bpe_merge_first(uint32_t *pairs, uint32_t *tokens, const uint32_t *edges, int n) {
    uint64_t merged = 0;
#if defined(BPE_SSE2)
    const __m128i zero = _mm_setzero_si128(), low_half = _mm_set1_epi32(0xFFFF), none = _mm_set1_epi32(BPE_NO_PAIR);
    __m128i previous = zero;
    for (int i = 0; i < n; i += 4) {
        const __m128i pair = _mm_loadu_si128((const __m128i *)(pairs + i)), token = _mm_loadu_si128((const __m128i *)(tokens + i));
        const __m128i rank = _mm_and_si128(_mm_srli_epi32(pair, BPE_POSITION_BITS), _mm_set1_epi32(BPE_NO_RANK));
        const __m128i least = _mm_sub_epi32(low_half, rank), some = _mm_andnot_si128(_mm_srai_epi32(least, 31), least);
        const __m128i left = _mm_loadu_si128((const __m128i *)(edges + i - 1)), right = _mm_loadu_si128((const __m128i *)(edges + i + 1));
        const __m128i around = _mm_or_si128(_mm_and_si128(low_half, left), _mm_andnot_si128(low_half, right));
        const __m128i above = _mm_subs_epu16(_mm_or_si128(some, _mm_slli_epi32(some, 16)), around);
        const __m128i first = _mm_cmpeq_epi32(_mm_cmpeq_epi16(above, zero), zero); /* both halves are above */
        const __m128i gone = _mm_or_si128(first, _mm_or_si128(_mm_slli_si128(first, 4), _mm_srli_si128(previous, 12)));
        _mm_storeu_si128((__m128i *)(tokens + i), _mm_or_si128(_mm_and_si128(first, rank), _mm_andnot_si128(first, token)));
        _mm_storeu_si128((__m128i *)(pairs + i), _mm_or_si128(_mm_and_si128(gone, none), _mm_andnot_si128(gone, pair)));
        merged |= (uint64_t)(uint32_t)_mm_movemask_ps(_mm_castsi128_ps(first)) << i;
        previous = first;
    }
#else
    for (int i = 0; i < n; i++) {
        const uint32_t rank = pairs[i] >> BPE_POSITION_BITS & BPE_NO_RANK, least = rank < 0xFFFF ? 0xFFFF - rank : 0;
        merged |= (uint64_t)((edges[i - 1] & 0xFFFF) < least && edges[i + 1] >> 16 < least) << i;
    }
    for (int i = 0; i < n; i++) {
        if (merged >> i & 1) tokens[i] = pairs[i] >> BPE_POSITION_BITS & BPE_NO_RANK;
        if ((merged | merged << 1) >> i & 1) pairs[i] = BPE_NO_PAIR;
    }
#endif
    return merged;
}

#endif

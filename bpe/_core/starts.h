/* The search for places where the first two bytes of a special token stand.
 *
 * A set of beginnings is made once, with tables to look them up in: a text may have thousands of places
 * where a search ends and the next one begins. */
#ifndef BPE_STARTS_H
#define BPE_STARTS_H

#include "simd.h"

#define BPE_FEW_STARTS 8 /* beginnings that the tables have bits for; deepseek_v3 has six, the others one */

typedef struct {
    const uint8_t *bytes;  /* the n first bytes, then the n second bytes */
    int n;
    int one_byte;          /* only the first bytes are compared */
    uint8_t nibbles[4][16];/* of the first byte's low and high nibble, of the second's: a bit for each pair, if they are few */
} bpe_starts;

typedef const uint8_t *(*bpe_find_fn)(const uint8_t *, const uint8_t *, const bpe_starts *);

static void bpe_open_starts(bpe_starts *starts, const uint8_t *bytes, int n, int one_byte) {
    starts->bytes = bytes;
    starts->n = n;
    starts->one_byte = one_byte;
    memset(starts->nibbles, 0, sizeof starts->nibbles);
    for (int i = 0; i < n && i < BPE_FEW_STARTS; i++) {
        const uint8_t first = bytes[i], second = bytes[n + i], bit = (uint8_t)(1 << i);
        starts->nibbles[0][first & 15] |= bit, starts->nibbles[1][first >> 4] |= bit;
        starts->nibbles[2][second & 15] |= bit, starts->nibbles[3][second >> 4] |= bit;
    }
    if (one_byte) {
        memset(starts->nibbles[2], 0xFF, 16);
        memset(starts->nibbles[3], 0xFF, 16);
    }
}

/* The first place in [p, end) where one of the beginnings stands, or `end`. */
static const uint8_t *bpe_find_starts(const uint8_t *p, const uint8_t *end, const bpe_starts *starts) {
    const uint8_t *first = starts->bytes, *second = first + starts->n;
    const int n = starts->n, one_byte = starts->one_byte;
#if defined(BPE_SSE2)
    for (; end - p > 16; p += 16) {
        __m128i a = _mm_loadu_si128((const __m128i *)p), b = _mm_loadu_si128((const __m128i *)(p + 1));
        __m128i hit = _mm_setzero_si128();
        int bits;
        for (int i = 0; i < n; i++) {
            __m128i h = _mm_cmpeq_epi8(a, _mm_set1_epi8((char)first[i]));
            if (!one_byte) h = _mm_and_si128(h, _mm_cmpeq_epi8(b, _mm_set1_epi8((char)second[i])));
            hit = _mm_or_si128(hit, h);
        }
        bits = _mm_movemask_epi8(hit);
        if (bits) return p + bpe_ctz64((uint64_t)bits);
    }
#elif defined(BPE_NEON)
    for (; end - p > 16; p += 16) {
        uint8x16_t a = vld1q_u8(p), b = vld1q_u8(p + 1), hit = vdupq_n_u8(0);
        for (int i = 0; i < n; i++) {
            uint8x16_t h = vceqq_u8(a, vdupq_n_u8(first[i]));
            if (!one_byte) h = vandq_u8(h, vceqq_u8(b, vdupq_n_u8(second[i])));
            hit = vorrq_u8(hit, h);
        }
        if (vmaxvq_u8(hit)) break;
    }
#endif
    for (; p < end; p++) {
        const uint8_t a = p[0], b = p + 1 < end ? p[1] : 0;
        if (!one_byte && p + 1 == end) break;
        if (n <= BPE_FEW_STARTS) {
            const uint8_t(*of)[16] = starts->nibbles;
            if (of[0][a & 15] & of[1][a >> 4] & of[2][b & 15] & of[3][b >> 4]) return p;
            continue;
        }
        for (int i = 0; i < n; i++)
            if (a == first[i] && (one_byte || b == second[i])) return p;
    }
    return end;
}

#if defined(BPE_WIDER)
/* Where, of the 32 bytes at p, one of few beginnings stands; 33 bytes are read.  The nibbles of a
 * byte say which pairs it may begin, those of the next which it may end: 17 instructions, whatever
 * their number. */
__attribute__((target("avx2"), always_inline)) static inline uint32_t bpe_starts_in(const uint8_t *p, const __m256i *table) {
    const __m256i nibble = _mm256_set1_epi8(15);
    const __m256i a = _mm256_loadu_si256((const __m256i *)p), b = _mm256_loadu_si256((const __m256i *)(p + 1));
    const __m256i a_low = _mm256_shuffle_epi8(table[0], _mm256_and_si256(a, nibble));
    const __m256i a_high = _mm256_shuffle_epi8(table[1], _mm256_and_si256(_mm256_srli_epi16(a, 4), nibble));
    const __m256i b_low = _mm256_shuffle_epi8(table[2], _mm256_and_si256(b, nibble));
    const __m256i b_high = _mm256_shuffle_epi8(table[3], _mm256_and_si256(_mm256_srli_epi16(b, 4), nibble));
    const __m256i hit = _mm256_and_si256(_mm256_and_si256(a_low, a_high), _mm256_and_si256(b_low, b_high));
    return ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(hit, _mm256_setzero_si256()));
}

__attribute__((target("avx2"))) static const uint8_t *bpe_find_starts_avx2(const uint8_t *p, const uint8_t *end, const bpe_starts *starts) {
    if (starts->n <= BPE_FEW_STARTS && end - p > 32) {
        __m256i table[4];
        for (int i = 0; i < 4; i++) table[i] = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)starts->nibbles[i]));
        for (; end - p > 32; p += 32) {
            const uint32_t places = bpe_starts_in(p, table);
            if (places) return p + bpe_ctz64(places);
        }
        /* The last ones, once more with those before them; a single byte at the end begins no pair. */
        if (end - p > 1) {
            const uint32_t places = bpe_starts_in(end - 33, table) & ~(uint32_t)0 << (p - (end - 33));
            if (places) return end - 33 + bpe_ctz64(places);
            p = end - 1;
        }
        _mm256_zeroupper(); /* gcc leaves it out before the jump below: the next SSE instructions took 100 ns more */
    }
    return bpe_find_starts(p, end, starts);
}

__attribute__((target("avx512f,avx512bw"))) static const uint8_t *bpe_find_starts_avx512(const uint8_t *p, const uint8_t *end, const bpe_starts *starts) {
    const uint8_t *first = starts->bytes, *second = first + starts->n;
    for (; end - p > 64; p += 64) {
        __m512i a = _mm512_loadu_si512(p), b = _mm512_loadu_si512(p + 1);
        __mmask64 hit = 0;
        for (int i = 0; i < starts->n; i++) {
            __mmask64 h = _mm512_cmpeq_epi8_mask(a, _mm512_set1_epi8((char)first[i]));
            hit |= starts->one_byte ? h : _mm512_mask_cmpeq_epi8_mask(h, b, _mm512_set1_epi8((char)second[i]));
        }
        if (hit) return p + bpe_ctz64(hit);
    }
    _mm256_zeroupper(); /* as above */
    return bpe_find_starts(p, end, starts);
}
#endif

/* Those that run here, the best one last; their number, at most 3. */
static int bpe_find_variants(bpe_find_fn *to) {
    int n = 0;
    to[n++] = bpe_find_starts;
#if defined(BPE_WIDER)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2")) to[n++] = bpe_find_starts_avx2;
    if (__builtin_cpu_supports("avx512bw")) to[n++] = bpe_find_starts_avx512;
#endif
    return n;
}

static bpe_find_fn bpe_best_find(void) {
    bpe_find_fn variants[3];
    return variants[bpe_find_variants(variants) - 1];
}

#endif

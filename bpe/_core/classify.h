/* Classification of text: one bit for each of 64 bytes; the variants are chosen as in simd.h. */
#ifndef BPE_CLASSIFY_H
#define BPE_CLASSIFY_H

#include "simd.h"

typedef struct {
    uint64_t upper, lower, number; /* A-Z, a-z, 0-9 */
    uint64_t space, blank, newline; /* U+0020; it and tab, VT, FF; CR, LF */
    uint64_t rest; /* the other bytes below 0x20, and 0x7F */
    uint64_t quote, slash; /* ' and / */
    uint64_t high, cont, three; /* 0x80-0xFF, 0x80-0xBF, 0xE0-0xEF: leads of three bytes */
} bpe_masks;

/* First bytes of characters whose class shows in their first two bytes or so: most of Cyrillic, Han,
 * kana, Hangul, the letters of Latin-1.  `han` are letters of DeepSeek's range; `other` letters without case. */
typedef struct { uint64_t upper, lower, han, other; } bpe_leads;

/* By the bits of the bytes in [lo, lo + n) and of those equal to c.  What a character's bytes behind
 * the window would decide is left out. */
#define BPE_LEADS(in, is) \
    do { \
        uint64_t d0 = is(0xD0), d1 = is(0xD1), upper_half = in(0xB0, 0x10) >> 1; \
        uint64_t c3 = is(0xC3), e3 = is(0xE3) & (~0ULL >> 2); \
        m->upper = d0 & (in(0x80, 0x30) >> 1); /* U+0400-042F */ \
        m->lower = (d0 & upper_half) | (d1 & (in(0x80, 0x20) >> 1)); /* U+0430-045F */ \
        if (c3) { /* U+00C0-00FF but for two signs */ \
            m->upper |= c3 & ((in(0x80, 0x1F) & ~is(0x97)) >> 1); \
            m->lower |= c3 & ((in(0x9F, 0x21) & ~is(0xB7)) >> 1); \
        } \
        m->han = in(0xE5, 4) | (is(0xE4) & (in(0xB8, 8) >> 1)) | (is(0xE9) & (in(0x80, 0x3E) >> 1)); /* U+4E00-9F7F */ \
        if (e3) /* U+3041-3096, 30A1-30FA, 30FC-30FF */ \
            m->han |= e3 & (((is(0x81) >> 1) & ~(is(0x80) >> 2)) | ((is(0x82) >> 1) & ~(in(0x97, 10) >> 2)) | ((is(0x83) >> 1) & ~(is(0xBB) >> 2))); \
        m->other = in(0xEB, 2); /* U+B000-CFFF */ \
    } while (0)

BPE_INLINE uint64_t bpe_any_of(const uint64_t *masks, int n) {
    uint64_t any = 0;
    while (n) any |= masks[--n];
    return any;
}

static void bpe_leads_plain(const uint8_t *p, bpe_leads *m) {
    uint64_t is[256] = {0};
    for (int i = 0; i < 64; i++) is[p[i]] |= 1ULL << i;
#define BPE_IS(c) is[c]
#define BPE_IN(lo, n) bpe_any_of(is + (lo), n)
    BPE_LEADS(BPE_IN, BPE_IS);
#undef BPE_IS
#undef BPE_IN
}

static void bpe_classify_plain(const uint8_t *p, bpe_masks *m) {
    memset(m, 0, sizeof *m);
    for (int i = 0; i < 64; i++) {
        uint8_t c = p[i];
        uint64_t bit = 1ULL << i;
        if ((uint8_t)(c - 'a') < 26) m->lower |= bit;
        else if (c >= 0x80) { m->high |= bit; if (c < 0xC0) m->cont |= bit; if ((c & 0xF0) == 0xE0) m->three |= bit; }
        else if ((uint8_t)(c - 'A') < 26) m->upper |= bit;
        else if ((uint8_t)(c - '0') < 10) m->number |= bit;
        else if (c == ' ') m->space |= bit, m->blank |= bit;
        else if (c == '\n' || c == '\r') m->newline |= bit;
        else if (c == '\t' || c == 11 || c == 12) m->blank |= bit;
        else if (c < 0x20 || c == 0x7F) m->rest |= bit;
        else if (c == '\'') m->quote |= bit;
        else if (c == '/') m->slash |= bit;
    }
}

/* What all vector variants do, by their bits of the bytes in [lo, lo + n) and of those equal to c. */
#define BPE_ASCII_CLASSES(in, is) \
    do { \
        const uint64_t controls = in(9, 5); /* those that are whitespace */ \
        m->lower = in('a', 26); \
        m->upper = in('A', 26); \
        m->number = in('0', 10); \
        m->space = is(' '); \
        m->newline = is('\n') | is('\r'); \
        m->blank = (controls & ~m->newline) | m->space; \
        m->rest = ~(in(' ', '~' - ' ' + 1) | controls | m->high); \
        m->quote = is('\''); \
        m->slash = is('/'); \
    } while (0)

#if defined(BPE_SSE2)
BPE_INLINE uint64_t bpe_bits4(__m128i a, __m128i b, __m128i c, __m128i d) {
    return (uint64_t)(uint32_t)_mm_movemask_epi8(a) | (uint64_t)(uint32_t)_mm_movemask_epi8(b) << 16 |
           (uint64_t)(uint32_t)_mm_movemask_epi8(c) << 32 | (uint64_t)(uint32_t)_mm_movemask_epi8(d) << 48;
}

static void bpe_classify_sse2(const uint8_t *p, bpe_masks *m) {
    __m128i v[4];
    for (int i = 0; i < 4; i++) v[i] = _mm_loadu_si128((const __m128i *)(p + 16 * i));
/* A byte is in [lo, lo + n) if it is below the shifted range's end, compared as signed bytes. */
#define BPE_IN(x, lo, n) _mm_cmplt_epi8(_mm_add_epi8(x, _mm_set1_epi8((char)(0x80 - (lo)))), _mm_set1_epi8((char)(-0x80 + (n))))
#define BPE_IS(x, c) _mm_cmpeq_epi8(x, _mm_set1_epi8((char)(c)))
#define BPE_ALL_IN(lo, n) bpe_bits4(BPE_IN(v[0], lo, n), BPE_IN(v[1], lo, n), BPE_IN(v[2], lo, n), BPE_IN(v[3], lo, n))
#define BPE_ALL_IS(c) bpe_bits4(BPE_IS(v[0], c), BPE_IS(v[1], c), BPE_IS(v[2], c), BPE_IS(v[3], c))
    m->high = bpe_bits4(v[0], v[1], v[2], v[3]);
    m->cont = m->high ? BPE_ALL_IN(0x80, 0x40) : 0;
    m->three = m->high ? BPE_ALL_IN(0xE0, 0x10) : 0;
    BPE_ASCII_CLASSES(BPE_ALL_IN, BPE_ALL_IS);
}

static void bpe_leads_sse2(const uint8_t *p, bpe_leads *m) {
    __m128i v[4];
    for (int i = 0; i < 4; i++) v[i] = _mm_loadu_si128((const __m128i *)(p + 16 * i));
    BPE_LEADS(BPE_ALL_IN, BPE_ALL_IS);
}
#undef BPE_IN
#undef BPE_IS
#undef BPE_ALL_IN
#undef BPE_ALL_IS
#endif

#if defined(BPE_WIDER)
/* Each byte four times.  Loaded from here, a vector of equal bytes takes one instruction; of constants,
 * of which there are many, GCC makes three for each: 2 % of the instructions of warm Chinese. */
static uint32_t bpe_fours[256];

static void bpe_fill_fours(void) {
    for (uint32_t c = 0; c < 256; c++) bpe_fours[c] = c * 0x01010101;
}

#define BPE_ALL(c) _mm256_set1_epi32((int)bpe_fours[(uint8_t)(c)])
#define BPE_BITS(x, y) ((uint64_t)(uint32_t)_mm256_movemask_epi8(x) | (uint64_t)(uint32_t)_mm256_movemask_epi8(y) << 32)
#define BPE_IN1(x, lo, n) _mm256_cmpgt_epi8(BPE_ALL(-0x80 + (n)), _mm256_add_epi8(x, BPE_ALL(0x80 - (lo))))
#define BPE_IN(lo, n) BPE_BITS(BPE_IN1(a, lo, n), BPE_IN1(b, lo, n))
#define BPE_IS(c) BPE_BITS(_mm256_cmpeq_epi8(a, BPE_ALL(c)), _mm256_cmpeq_epi8(b, BPE_ALL(c)))

__attribute__((target("avx2"))) static void bpe_classify_avx2(const uint8_t *p, bpe_masks *m) {
    __m256i a = _mm256_loadu_si256((const __m256i *)p), b = _mm256_loadu_si256((const __m256i *)(p + 32));
    m->high = BPE_BITS(a, b);
    m->cont = m->high ? BPE_IN(0x80, 0x40) : 0;
    m->three = m->high ? BPE_IN(0xE0, 0x10) : 0;
    BPE_ASCII_CLASSES(BPE_IN, BPE_IS);
}

__attribute__((target("avx2"))) static void bpe_leads_avx2(const uint8_t *p, bpe_leads *m) {
    __m256i a = _mm256_loadu_si256((const __m256i *)p), b = _mm256_loadu_si256((const __m256i *)(p + 32));
    BPE_LEADS(BPE_IN, BPE_IS);
}
#undef BPE_ALL
#undef BPE_BITS
#undef BPE_IN1
#undef BPE_IN
#undef BPE_IS

__attribute__((target("avx512f,avx512bw"))) static void bpe_classify_avx512(const uint8_t *p, bpe_masks *m) {
    __m512i v = _mm512_loadu_si512(p);
#define BPE_IN(lo, n) _mm512_cmplt_epu8_mask(_mm512_sub_epi8(v, _mm512_set1_epi8((char)(lo))), _mm512_set1_epi8(n))
#define BPE_IS(c) _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8((char)(c)))
    m->high = _mm512_movepi8_mask(v);
    m->cont = BPE_IN(0x80, 0x40);
    m->three = BPE_IN(0xE0, 0x10);
    BPE_ASCII_CLASSES(BPE_IN, BPE_IS);
}

/* The ASCII classes of each byte below 0x80 as bits, and a table of bytes that is looked up 64 times at
 * once: 4 to 6 % of warm English and source code. */
static uint8_t bpe_ascii_bits[128];

static void bpe_fill_ascii_bits(void) {
    for (int half = 0; half < 128; half += 64) {
        uint8_t bytes[64];
        bpe_masks m;
        for (int i = 0; i < 64; i++) bytes[i] = (uint8_t)(half + i);
        bpe_classify_plain(bytes, &m);
        for (int i = 0; i < 64; i++)
            bpe_ascii_bits[half + i] = (uint8_t)((m.upper >> i & 1) | (m.lower >> i & 1) << 1 | (m.number >> i & 1) << 2 |
                                                 (m.space >> i & 1) << 3 | (m.blank >> i & 1) << 4 | (m.newline >> i & 1) << 5 |
                                                 (m.rest >> i & 1) << 6 | (m.quote >> i & 1) << 7);
    }
}

__attribute__((target("avx512f,avx512bw,avx512vbmi"))) static void bpe_classify_vbmi(const uint8_t *p, bpe_masks *m) {
    const __m512i v = _mm512_loadu_si512(p);
    const __mmask64 high = _mm512_movepi8_mask(v);
    const __m512i low_half = _mm512_loadu_si512(bpe_ascii_bits), high_half = _mm512_loadu_si512(bpe_ascii_bits + 64);
    const __m512i bits = _mm512_maskz_permutex2var_epi8(~high, low_half, v, high_half);
#define BPE_BIT(i) _mm512_test_epi8_mask(bits, _mm512_set1_epi8((char)(1 << (i))))
    m->high = high;
    m->cont = m->three = 0;
    if (high) {
        m->cont = BPE_IN(0x80, 0x40);
        m->three = BPE_IN(0xE0, 0x10);
    }
    m->upper = BPE_BIT(0);
    m->lower = BPE_BIT(1);
    m->number = BPE_BIT(2);
    m->space = BPE_BIT(3);
    m->blank = BPE_BIT(4);
    m->newline = BPE_BIT(5);
    m->rest = BPE_BIT(6);
    m->quote = BPE_BIT(7);
    m->slash = BPE_IS('/');
#undef BPE_BIT
}

__attribute__((target("avx512f,avx512bw"))) static void bpe_leads_avx512(const uint8_t *p, bpe_leads *m) {
    __m512i v = _mm512_loadu_si512(p);
    BPE_LEADS(BPE_IN, BPE_IS);
}
#undef BPE_IN
#undef BPE_IS
#endif

#if defined(BPE_NEON)
BPE_INLINE uint64_t bpe_bits4(uint8x16_t a, uint8x16_t b, uint8x16_t c, uint8x16_t d) {
    static const uint8_t weight[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    uint8x16_t w = vld1q_u8(weight);
    uint8x16_t ab = vpaddq_u8(vandq_u8(a, w), vandq_u8(b, w));
    uint8x16_t cd = vpaddq_u8(vandq_u8(c, w), vandq_u8(d, w));
    ab = vpaddq_u8(ab, cd);
    ab = vpaddq_u8(ab, ab);
    return vgetq_lane_u64(vreinterpretq_u64_u8(ab), 0);
}

static void bpe_classify_neon(const uint8_t *p, bpe_masks *m) {
    uint8x16_t v[4];
    for (int i = 0; i < 4; i++) v[i] = vld1q_u8(p + 16 * i);
#define BPE_IN(x, lo, n) vcltq_u8(vsubq_u8(x, vdupq_n_u8(lo)), vdupq_n_u8(n))
#define BPE_IS(x, c) vceqq_u8(x, vdupq_n_u8(c))
#define BPE_ALL_IN(lo, n) bpe_bits4(BPE_IN(v[0], lo, n), BPE_IN(v[1], lo, n), BPE_IN(v[2], lo, n), BPE_IN(v[3], lo, n))
#define BPE_ALL_IS(c) bpe_bits4(BPE_IS(v[0], c), BPE_IS(v[1], c), BPE_IS(v[2], c), BPE_IS(v[3], c))
    m->high = BPE_ALL_IN(0x80, 0x80);
    m->cont = BPE_ALL_IN(0x80, 0x40);
    m->three = BPE_ALL_IN(0xE0, 0x10);
    BPE_ASCII_CLASSES(BPE_ALL_IN, BPE_ALL_IS);
}

static void bpe_leads_neon(const uint8_t *p, bpe_leads *m) {
    uint8x16_t v[4];
    for (int i = 0; i < 4; i++) v[i] = vld1q_u8(p + 16 * i);
    BPE_LEADS(BPE_ALL_IN, BPE_ALL_IS);
}
#undef BPE_IN
#undef BPE_IS
#undef BPE_ALL_IN
#undef BPE_ALL_IS
#endif

/* ---- the variants of classification ---- */

typedef struct {
    const char *name;
    void (*masks)(const uint8_t *, bpe_masks *);
    void (*leads)(const uint8_t *, bpe_leads *);
} bpe_classify;

/* Those that run here, the best one last; their number, at most 5. */
static int bpe_classify_variants(bpe_classify *to) {
    int n = 0;
    to[n++] = (bpe_classify){"plain", bpe_classify_plain, bpe_leads_plain};
#if defined(BPE_SSE2)
    to[n++] = (bpe_classify){"sse2", bpe_classify_sse2, bpe_leads_sse2};
#endif
#if defined(BPE_NEON)
    to[n++] = (bpe_classify){"neon", bpe_classify_neon, bpe_leads_neon};
#endif
#if defined(BPE_WIDER)
    __builtin_cpu_init();
    bpe_fill_fours();
    if (__builtin_cpu_supports("avx2")) to[n++] = (bpe_classify){"avx2", bpe_classify_avx2, bpe_leads_avx2};
    if (__builtin_cpu_supports("avx512bw")) to[n++] = (bpe_classify){"avx512", bpe_classify_avx512, bpe_leads_avx512};
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi")) {
        bpe_fill_ascii_bits();
        to[n++] = (bpe_classify){"avx512vbmi", bpe_classify_vbmi, bpe_leads_avx512};
    }
#endif
    return n;
}

#endif

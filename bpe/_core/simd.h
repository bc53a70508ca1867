/* What differs between compilers and processors: bit scans, unaligned loads, prefetch, memory for
 * large tables, and the few loops that are worth vector instructions: the classification of 64 bytes
 * of text, bits to positions, a minimum, a search for two bytes (utf8.h has characters to UTF-8).
 * SSE2, NEON and plain C are chosen when compiling, so that one binary runs on every machine of its
 * platform; AVX2 and AVX-512 when the module is loaded.  With BPE_PLAIN_C there is plain C only: the
 * tests compare. */
#ifndef BPE_SIMD_H
#define BPE_SIMD_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#if defined(__linux__)
#include <sys/mman.h>
#if defined(MADV_HUGEPAGE)
#define BPE_HUGE_PAGES 1
#endif
#endif

#if defined(_MSC_VER)
#include <intrin.h>
#define BPE_INLINE static __forceinline
#define BPE_UNLIKELY(x) (x)
#else
#define BPE_INLINE static inline __attribute__((always_inline))
#define BPE_UNLIKELY(x) __builtin_expect(!!(x), 0)
#endif

#if !defined(BPE_PLAIN_C)
#if defined(__SSE2__) || defined(_M_X64) || (defined(_M_IX86_FP) && _M_IX86_FP >= 2)
#define BPE_SSE2 1
#include <emmintrin.h>
#if (defined(__GNUC__) || defined(__clang__)) && defined(__x86_64__)
#define BPE_WIDER 1 /* functions compiled for AVX2 and AVX-512, called only where they run */
#include <immintrin.h>
#endif
#elif defined(__ARM_NEON) && defined(__aarch64__) || defined(_M_ARM64)
#define BPE_NEON 1
#include <arm_neon.h>
#endif
#endif

/* ---- bits ---- */

BPE_INLINE int bpe_ctz64(uint64_t x) { /* x is not 0 */
#if defined(_MSC_VER) && defined(_WIN64)
    unsigned long i;
    _BitScanForward64(&i, x);
    return (int)i;
#elif defined(_MSC_VER)
    unsigned long i;
    if (_BitScanForward(&i, (unsigned long)x)) return (int)i;
    _BitScanForward(&i, (unsigned long)(x >> 32));
    return (int)i + 32;
#else
    return __builtin_ctzll(x);
#endif
}

BPE_INLINE int bpe_top64(uint64_t x) { /* index of the highest bit; x is not 0 */
#if defined(_MSC_VER) && defined(_WIN64)
    unsigned long i;
    _BitScanReverse64(&i, x);
    return (int)i;
#elif defined(_MSC_VER)
    unsigned long i;
    if (_BitScanReverse(&i, (unsigned long)(x >> 32))) return (int)i + 32;
    _BitScanReverse(&i, (unsigned long)x);
    return (int)i;
#else
    return 63 - __builtin_clzll(x);
#endif
}

BPE_INLINE int bpe_popcount64(uint64_t x) {
#if defined(__POPCNT__)
    return __builtin_popcountll(x);
#endif
    x -= (x >> 1) & 0x5555555555555555ULL;
    x = (x & 0x3333333333333333ULL) + ((x >> 2) & 0x3333333333333333ULL);
    x = (x + (x >> 4)) & 0x0F0F0F0F0F0F0F0FULL;
    return (int)((x * 0x0101010101010101ULL) >> 56);
}

/* ---- memory ---- */


/* Numbers in little-endian order: a shift keeps the first bytes on every machine. */
BPE_INLINE uint64_t bpe_load64le(const void *p) {
    uint64_t x;
    memcpy(&x, p, 8);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    x = __builtin_bswap64(x);
#endif
    return x;
}

BPE_INLINE uint32_t bpe_load32le(const void *p) {
    uint32_t x;
    memcpy(&x, p, 4);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    x = __builtin_bswap32(x);
#endif
    return x;
}

BPE_INLINE void bpe_copy16(void *to, const void *from) {
#if defined(BPE_SSE2)
    _mm_storeu_si128((__m128i *)to, _mm_loadu_si128((const __m128i *)from));
#else
    memcpy(to, from, 16);
#endif
}

BPE_INLINE void bpe_prefetch(const void *p) {
#if defined(_MSC_VER) && defined(BPE_SSE2)
    _mm_prefetch((const char *)p, _MM_HINT_T0);
#elif defined(_MSC_VER)
    (void)p;
#else
    __builtin_prefetch(p, 0, 3);
#endif
}

/* The key of a piece of n bytes is its bytes, masked, and n in the highest byte's low half; n = 16
 * stands for all longer ones and gives a key that no short piece has.  One row for each n. */
typedef struct { uint64_t low, high, tag; } bpe_key_row;
static const bpe_key_row bpe_key_rows[17] = {
    {0x0ULL, 0x0ULL, 0x0ULL}, {0xFFULL, 0x0ULL, 0x100000000000000ULL},
    {0xFFFFULL, 0x0ULL, 0x200000000000000ULL}, {0xFFFFFFULL, 0x0ULL, 0x300000000000000ULL},
    {0xFFFFFFFFULL, 0x0ULL, 0x400000000000000ULL}, {0xFFFFFFFFFFULL, 0x0ULL, 0x500000000000000ULL},
    {0xFFFFFFFFFFFFULL, 0x0ULL, 0x600000000000000ULL}, {0xFFFFFFFFFFFFFFULL, 0x0ULL, 0x700000000000000ULL},
    {0xFFFFFFFFFFFFFFFFULL, 0x0ULL, 0x800000000000000ULL}, {0xFFFFFFFFFFFFFFFFULL, 0xFFULL, 0x900000000000000ULL},
    {0xFFFFFFFFFFFFFFFFULL, 0xFFFFULL, 0xA00000000000000ULL}, {0xFFFFFFFFFFFFFFFFULL, 0xFFFFFFULL, 0xB00000000000000ULL},
    {0xFFFFFFFFFFFFFFFFULL, 0xFFFFFFFFULL, 0xC00000000000000ULL}, {0xFFFFFFFFFFFFFFFFULL, 0xFFFFFFFFFFULL, 0xD00000000000000ULL},
    {0xFFFFFFFFFFFFFFFFULL, 0xFFFFFFFFFFFFULL, 0xE00000000000000ULL}, {0xFFFFFFFFFFFFFFFFULL, 0xFFFFFFFFFFFFFFULL, 0xF00000000000000ULL},
    {0x0ULL, 0x0ULL, 0x1ULL}};

/* Zeroed memory for a large table, on four cache lines; huge pages where the system has them. */
static void *bpe_alloc_table(size_t size) {
    char *raw, *at;
    size_t align = size >= 1 << 21 ? 1 << 21 : 256;
    raw = (char *)calloc(1, size + align + sizeof(void *));
    if (!raw) return NULL;
    at = (char *)(((uintptr_t)raw + sizeof(void *) + align - 1) & ~(uintptr_t)(align - 1));
    memcpy(at - sizeof(void *), &raw, sizeof(void *));
#if defined(BPE_HUGE_PAGES)
    if (align > 256) madvise(at, size, MADV_HUGEPAGE);
#endif
    return at;
}

/* Ask for huge pages for memory that a long result will fill: its first touch takes a third of the
 * time then, which is 5 to 15 % of the first sight of a text. */
static void bpe_prefer_huge(void *start, size_t size) {
#if defined(BPE_HUGE_PAGES)
    uintptr_t from = ((uintptr_t)start + 4095) & ~(uintptr_t)4095;
    if (size >= (size_t)4 << 20) {
        madvise((void *)from, ((uintptr_t)start + size - from) & ~(uintptr_t)4095, MADV_HUGEPAGE);
    }
#else
    (void)start;
    (void)size;
#endif
}

static void bpe_free_table(void *at) {
    char *raw;
    if (!at) return;
    memcpy(&raw, (char *)at - sizeof(void *), sizeof(void *));
    free(raw);
}

/* The least of 16, 32, 48 or 64 numbers from 2^28 to 2^29.  As single floats they are positive and
 * normal and have the same order, and SSE2 has a minimum of floats, but none of such integers. */
BPE_INLINE uint32_t bpe_least(const uint32_t *x, int sixteens) {
#if defined(BPE_SSE2)
    const float *p = (const float *)x, *end = p + 16 * sixteens;
    __m128 a = _mm_min_ps(_mm_loadu_ps(p), _mm_loadu_ps(p + 4));
    __m128 b = _mm_min_ps(_mm_loadu_ps(p + 8), _mm_loadu_ps(p + 12));
    while ((p += 16) != end) {
        a = _mm_min_ps(a, _mm_min_ps(_mm_loadu_ps(p), _mm_loadu_ps(p + 4)));
        b = _mm_min_ps(b, _mm_min_ps(_mm_loadu_ps(p + 8), _mm_loadu_ps(p + 12)));
    }
    a = _mm_min_ps(a, b);
    a = _mm_min_ps(a, _mm_movehl_ps(a, a));
    a = _mm_min_ss(a, _mm_shuffle_ps(a, a, 1));
    return (uint32_t)_mm_cvtsi128_si32(_mm_castps_si128(a));
#elif defined(BPE_NEON)
    const uint32_t *end = x + 16 * sixteens;
    uint32x4_t a = vminq_u32(vld1q_u32(x), vld1q_u32(x + 4));
    uint32x4_t b = vminq_u32(vld1q_u32(x + 8), vld1q_u32(x + 12));
    while ((x += 16) != end) {
        a = vminq_u32(a, vminq_u32(vld1q_u32(x), vld1q_u32(x + 4)));
        b = vminq_u32(b, vminq_u32(vld1q_u32(x + 8), vld1q_u32(x + 12)));
    }
    return vminvq_u32(vminq_u32(a, b));
#else
    uint32_t m = x[0];
    for (int i = 1; i < 16 * sixteens; i++) m = x[i] < m ? x[i] : m;
    return m;
#endif
}

/* ---- classification: one bit for each of 64 bytes ---- */

typedef struct {
    uint64_t upper, lower, number; /* A-Z, a-z, 0-9 */
    uint64_t space, blank, newline; /* U+0020; it and tab, VT, FF; CR, LF */
    uint64_t rest; /* the other bytes below 0x20, and 0x7F */
    uint64_t quote, slash; /* ' and / */
    uint64_t high, cont, three; /* 0x80-0xFF, 0x80-0xBF, 0xE0-0xEF: leads of three bytes */
} bpe_masks;

/* First bytes of characters whose class shows in their first two bytes or so: most of Cyrillic, Han,
 * kana, Hangul.  `han` are letters of DeepSeek's range; `other` letters without case. */
typedef struct { uint64_t upper, lower, han, other; } bpe_leads;

/* By the bits of the bytes in [lo, lo + n) and of those equal to c.  What a character's bytes behind
 * the window would decide is left out. */
#define BPE_LEADS(in, is) \
    do { \
        uint64_t d0 = is(0xD0), d1 = is(0xD1), upper_half = in(0xB0, 0x10) >> 1; \
        uint64_t e3 = is(0xE3) & (~0ULL >> 2); \
        m->upper = d0 & (in(0x80, 0x30) >> 1); /* U+0400-042F */ \
        m->lower = (d0 & upper_half) | (d1 & (in(0x80, 0x20) >> 1)); /* U+0430-045F */ \
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
        m->lower = in('a', 26); \
        m->upper = in('A', 26); \
        m->number = in('0', 10); \
        m->space = is(' '); \
        m->newline = is('\n') | is('\r'); \
        m->blank = (in(9, 5) & ~m->newline) | m->space; \
        m->rest = (in(0, 0x20) | is(0x7F)) & ~(m->blank | m->newline); \
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
__attribute__((target("avx2"))) static void bpe_classify_avx2(const uint8_t *p, bpe_masks *m) {
    __m256i a = _mm256_loadu_si256((const __m256i *)p), b = _mm256_loadu_si256((const __m256i *)(p + 32));
#define BPE_BITS(x, y) ((uint64_t)(uint32_t)_mm256_movemask_epi8(x) | (uint64_t)(uint32_t)_mm256_movemask_epi8(y) << 32)
#define BPE_IN1(x, lo, n) _mm256_cmpgt_epi8(_mm256_set1_epi8((char)(-0x80 + (n))), _mm256_add_epi8(x, _mm256_set1_epi8((char)(0x80 - (lo)))))
#define BPE_IN(lo, n) BPE_BITS(BPE_IN1(a, lo, n), BPE_IN1(b, lo, n))
#define BPE_IS(c) BPE_BITS(_mm256_cmpeq_epi8(a, _mm256_set1_epi8((char)(c))), _mm256_cmpeq_epi8(b, _mm256_set1_epi8((char)(c))))
    m->high = BPE_BITS(a, b);
    m->cont = BPE_IN(0x80, 0x40);
    m->three = BPE_IN(0xE0, 0x10);
    BPE_ASCII_CLASSES(BPE_IN, BPE_IS);
}

__attribute__((target("avx2"))) static void bpe_leads_avx2(const uint8_t *p, bpe_leads *m) {
    __m256i a = _mm256_loadu_si256((const __m256i *)p), b = _mm256_loadu_si256((const __m256i *)(p + 32));
    BPE_LEADS(BPE_IN, BPE_IS);
}
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

/* ---- search ---- */

/* The first place in [p, end) where one of n pairs of bytes stands (first bytes at starts[0..n),
 * second bytes at starts[n..2n)), or `end`.  With one_byte only the first bytes are compared. */
static const uint8_t *bpe_find_starts(const uint8_t *p, const uint8_t *end, const uint8_t *starts, int n, int one_byte) {
#if defined(BPE_SSE2)
    for (; end - p > 16; p += 16) {
        __m128i a = _mm_loadu_si128((const __m128i *)p), b = _mm_loadu_si128((const __m128i *)(p + 1));
        __m128i hit = _mm_setzero_si128();
        int bits;
        for (int i = 0; i < n; i++) {
            __m128i h = _mm_cmpeq_epi8(a, _mm_set1_epi8((char)starts[i]));
            if (!one_byte) h = _mm_and_si128(h, _mm_cmpeq_epi8(b, _mm_set1_epi8((char)starts[n + i])));
            hit = _mm_or_si128(hit, h);
        }
        bits = _mm_movemask_epi8(hit);
        if (bits) return p + bpe_ctz64((uint64_t)bits);
    }
#elif defined(BPE_NEON)
    for (; end - p > 16; p += 16) {
        uint8x16_t a = vld1q_u8(p), b = vld1q_u8(p + 1), hit = vdupq_n_u8(0);
        for (int i = 0; i < n; i++) {
            uint8x16_t h = vceqq_u8(a, vdupq_n_u8(starts[i]));
            if (!one_byte) h = vandq_u8(h, vceqq_u8(b, vdupq_n_u8(starts[n + i])));
            hit = vorrq_u8(hit, h);
        }
        if (vmaxvq_u8(hit)) break;
    }
#endif
    for (; p < end; p++)
        for (int i = 0; i < n; i++)
            if (p[0] == starts[i] && (one_byte || (p + 1 < end && p[1] == starts[n + i]))) return p;
    return end;
}

#if defined(BPE_WIDER)
__attribute__((target("avx512f,avx512bw"))) static const uint8_t *bpe_find_starts_avx512(const uint8_t *p, const uint8_t *end, const uint8_t *starts, int n, int one_byte) {
    for (; end - p > 64; p += 64) {
        __m512i a = _mm512_loadu_si512(p), b = _mm512_loadu_si512(p + 1);
        __mmask64 hit = 0;
        for (int i = 0; i < n; i++) {
            __mmask64 h = _mm512_cmpeq_epi8_mask(a, _mm512_set1_epi8((char)starts[i]));
            hit |= one_byte ? h : _mm512_mask_cmpeq_epi8_mask(h, b, _mm512_set1_epi8((char)starts[n + i]));
        }
        if (hit) return p + bpe_ctz64(hit);
    }
    return bpe_find_starts(p, end, starts, n, one_byte);
}
#endif

typedef const uint8_t *(*bpe_find_fn)(const uint8_t *, const uint8_t *, const uint8_t *, int, int);

static bpe_find_fn bpe_best_find(void) {
#if defined(BPE_WIDER)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512bw")) return bpe_find_starts_avx512;
#endif
    return bpe_find_starts;
}

/* ---- bits to positions ---- */

/* Write at + i for each bit i, in order; their number.  Places behind them, up to 64, may be written.
 * Eight at a time: a loop bit by bit would end with a branch that nothing predicts. */
static size_t bpe_write_bits_plain(size_t *to, size_t at, uint64_t bits) {
    int n = bpe_popcount64(bits), done = 0;
    const uint64_t last = 1ULL << 63; /* never an empty word to search */
    do {
        for (int k = 0; k < 8; k++) {
            to[done + k] = at + (size_t)bpe_ctz64(bits | last);
            bits &= bits - 1;
        }
        done += 8;
    } while (done < n);
    return (size_t)n;
}

#if defined(BPE_WIDER)
/* The same with the instruction that packs the bytes that a mask selects. */
__attribute__((target("avx512f,avx512bw,avx512vbmi2,popcnt"))) static size_t bpe_write_bits_avx512(size_t *to, size_t at, uint64_t bits) {
    static const uint8_t count[64] = {
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
        32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};
    __m512i packed = _mm512_maskz_compress_epi8(bits, _mm512_loadu_si512(count));
    __m512i base = _mm512_set1_epi64((long long)at);
    __m128i low = _mm512_castsi512_si128(packed);
    int n = (int)__builtin_popcountll(bits);
    _mm512_storeu_si512(to, _mm512_add_epi64(_mm512_cvtepu8_epi64(low), base));
    _mm512_storeu_si512(to + 8, _mm512_add_epi64(_mm512_cvtepu8_epi64(_mm_srli_si128(low, 8)), base));
    if (BPE_UNLIKELY(n > 16)) {
        uint8_t rest[64];
        _mm512_storeu_si512(rest, packed);
        for (int k = 16; k < n; k++) to[k] = at + rest[k];
    }
    return (size_t)n;
}
#endif

typedef size_t (*bpe_write_bits_fn)(size_t *, size_t, uint64_t);

static bpe_write_bits_fn bpe_best_write_bits(void) {
#if defined(BPE_WIDER)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("avx512bw")) return bpe_write_bits_avx512;
#endif
    return bpe_write_bits_plain;
}

/* ---- the variants of classification ---- */

typedef struct {
    const char *name;
    void (*masks)(const uint8_t *, bpe_masks *);
    void (*leads)(const uint8_t *, bpe_leads *);
} bpe_classify;

/* Those that run here, the best one last; their number, at most 4. */
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
    if (__builtin_cpu_supports("avx2")) to[n++] = (bpe_classify){"avx2", bpe_classify_avx2, bpe_leads_avx2};
    if (__builtin_cpu_supports("avx512bw")) to[n++] = (bpe_classify){"avx512", bpe_classify_avx512, bpe_leads_avx512};
#endif
    return n;
}

#endif

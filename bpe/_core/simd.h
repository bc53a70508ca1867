/* What differs between compilers and processors: bit scans, unaligned loads, prefetch, and small loops
 * that are worth vector instructions: bits to positions, a minimum.  The larger ones have headers of
 * their own, which include this one.  SSE2, NEON and plain C are chosen when compiling, so that one
 * binary runs on every machine of its platform; BMI, AVX2 and AVX-512 when the module is loaded.  With
 * BPE_PLAIN_C there is plain C only: the tests compare. */
#ifndef BPE_SIMD_H
#define BPE_SIMD_H

#include <stdint.h>
#include <string.h>

#if defined(_MSC_VER)
#include <intrin.h>
#define BPE_INLINE static __forceinline
#define BPE_UNLIKELY(x) (x)
#define BPE_LIKELY(x) (x)
#define BPE_ALIGNED(n) __declspec(align(n))
#else
#define BPE_INLINE static inline __attribute__((always_inline))
#define BPE_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define BPE_LIKELY(x) __builtin_expect(!!(x), 1)
#define BPE_ALIGNED(n) __attribute__((aligned(n)))
#endif
#define BPE_64_BIT (SIZE_MAX > 0xFFFFFFFF)

#if !defined(BPE_PLAIN_C)
#if defined(__SSE2__) || defined(_M_X64) || (defined(_M_IX86_FP) && _M_IX86_FP >= 2)
#define BPE_SSE2 1
#include <emmintrin.h>
#if (defined(__GNUC__) || defined(__clang__)) && defined(__x86_64__)
#define BPE_WIDER 1 /* functions compiled for BMI, AVX2 and AVX-512, called only where they run */
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
/* The same with instructions for the lowest bit, five for a position instead of ten: 8 % of the
 * instructions of warm English, 3 % of Chinese. */
__attribute__((target("bmi,popcnt"))) static size_t bpe_write_bits_bmi(size_t *to, size_t at, uint64_t bits) {
    const int n = (int)__builtin_popcountll(bits);
    int done = 0;
    do {
#pragma GCC unroll 8
        for (int k = 0; k < 8; k++) {
            to[done + k] = at + (size_t)_tzcnt_u64(bits); /* 64 if there is none left */
            bits = _blsr_u64(bits);
        }
        done += 8;
    } while (done < n);
    return (size_t)n;
}

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

/* Those that run here, the best one last; their number, at most 3. */
static int bpe_write_bits_variants(bpe_write_bits_fn *to) {
    int n = 0;
    to[n++] = bpe_write_bits_plain;
#if defined(BPE_WIDER)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("bmi") && __builtin_cpu_supports("popcnt")) to[n++] = bpe_write_bits_bmi;
    if (__builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("avx512bw")) to[n++] = bpe_write_bits_avx512;
#endif
    return n;
}

static bpe_write_bits_fn bpe_best_write_bits(void) {
    bpe_write_bits_fn variants[3];
    return variants[bpe_write_bits_variants(variants) - 1];
}

#endif

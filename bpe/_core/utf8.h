/* Characters of a str to UTF-8, in plain C, with AVX2, or with AVX-512 and its VBMI2: chosen when the
 * module is loaded, as in simd.h. */
#ifndef BPE_UTF8_H
#define BPE_UTF8_H

#include "simd.h"

/* Write one character; the place behind it.  One byte too many may be written. */
BPE_INLINE uint8_t *bpe_utf8_one(uint8_t *to, uint32_t c) {
    if (c < 0x800) { /* whether it is ASCII cannot be predicted in text of two-byte letters */
        uint32_t two = c >= 0x80;
        to[0] = (uint8_t)(two ? 0xC0 | c >> 6 : c);
        to[1] = (uint8_t)(0x80 | (c & 0x3F));
        return to + 1 + two;
    }
    if (c < 0x10000) {
        to[0] = (uint8_t)(0xE0 | c >> 12);
        to[1] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
        to[2] = (uint8_t)(0x80 | (c & 0x3F));
        return to + 3;
    }
    to[0] = (uint8_t)(0xF0 | c >> 18);
    to[1] = (uint8_t)(0x80 | (c >> 12 & 0x3F));
    to[2] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
    to[3] = (uint8_t)(0x80 | (c & 0x3F));
    return to + 4;
}

/* Write 8 characters if all are ASCII; whether they are.  If not, what may be written is no part of the text.
 * SSE2 is worth 4 to 5 % of the instructions at first sight of English with typographic quotes and of
 * Russian, where there is no AVX2. */
BPE_INLINE int bpe_utf8_ascii(uint8_t *to, const void *text, int kind) {
#if defined(BPE_SSE2)
    const __m128i *at = (const __m128i *)text, zero = _mm_setzero_si128();
    __m128i v;
    if (kind == 1) v = _mm_unpacklo_epi8(_mm_loadl_epi64(at), zero);
    else if (kind == 2) v = _mm_loadu_si128(at);
    else v = _mm_packs_epi32(_mm_loadu_si128(at), _mm_loadu_si128(at + 1)); /* what is beyond 0x7FFF becomes that */
    _mm_storel_epi64((__m128i *)to, _mm_packus_epi16(v, v));
    return _mm_movemask_epi8(_mm_cmpeq_epi16(_mm_and_si128(v, _mm_set1_epi16(~0x7F)), zero)) == 0xFFFF;
#else
    const uint64_t beyond = kind == 1 ? 0x8080808080808080ULL : kind == 2 ? 0xFF80FF80FF80FF80ULL : 0xFFFFFF80FFFFFF80ULL;
    uint64_t words[4], any = 0;
    memcpy(words, text, 8 * (size_t)kind);
    for (int k = 0; k < kind; k++) any |= words[k];
    if (any & beyond) return 0;
    for (int k = 0; k < 8; k++) {
        if (kind == 1) to[k] = ((const uint8_t *)text)[k];
        else if (kind == 2) to[k] = (uint8_t)((const uint16_t *)text)[k];
        else to[k] = (uint8_t)((const uint32_t *)text)[k];
    }
    return 1;
#endif
}

/* The same for one width of characters. */
#define BPE_UTF8_LOOP(type)                                                          \
    do {                                                                             \
        const type *at = (const type *)text + i, *stop = (const type *)text + end;   \
        while (at < stop) {                                                          \
            const type *next = stop - at >= 8 ? at + 8 : stop;                       \
            if (next - at == 8 && bpe_utf8_ascii(to, at, sizeof(type))) {            \
                to += 8;                                                             \
                at = next;                                                           \
            }                                                                        \
            for (; at < next; at++) {                                                \
                surrogate |= (*at & 0xFFFFF800u) == 0xD800;                          \
                to = bpe_utf8_one(to, *at);                                          \
            }                                                                        \
        }                                                                            \
    } while (0)

/* Write characters [i, end) of a str of 1, 2 or 4 bytes a character; the place behind them, or NULL if
 * there is a surrogate.  Up to 64 bytes behind that place may be written. */
static uint8_t *bpe_utf8_plain(uint8_t *to, const void *text, int kind, size_t i, size_t end) {
    int surrogate = 0;
    if (kind == 1) BPE_UTF8_LOOP(uint8_t);
    else if (kind == 2) BPE_UTF8_LOOP(uint16_t);
    else BPE_UTF8_LOOP(uint32_t);
    return surrogate ? NULL : to;
}

#if defined(BPE_WIDER)
#define BPE_AVX2 __attribute__((target("avx2")))

/* For four characters that have four bytes each, the bytes to keep, and their number.  Character i takes
 * two bits of the row: bit i is set for two and three bytes, bit 4 + i for three and four. */
static uint8_t bpe_utf8_kept[256][16], bpe_utf8_count[256];

static void bpe_fill_utf8_kept(void) {
    for (int row = 0; row < 256; row++) {
        uint8_t n = 0;
        for (int i = 0; i < 4; i++) {
            const int low = row >> i & 1, high = row >> i >> 4 & 1;
            for (int k = high ? low : 3 - low; k < 4; k++) bpe_utf8_kept[row][n++] = (uint8_t)(4 * i + k);
        }
        bpe_utf8_count[row] = n;
    }
}

/* Write 8 characters of any length: each one's bits, six to a byte, of which the last bytes are kept.  No branch
 * depends on the characters, which cannot be predicted in text of several lengths.  A shorter way for letters
 * of two bytes was worth nothing that could be measured. */
BPE_AVX2 static inline uint8_t *bpe_utf8_eight(uint8_t *to, __m256i c) {
    const __m256i two = _mm256_cmpgt_epi32(c, _mm256_set1_epi32(0x7F)), three = _mm256_cmpgt_epi32(c, _mm256_set1_epi32(0x7FF));
    const __m256i four = _mm256_cmpgt_epi32(c, _mm256_set1_epi32(0xFFFF)), last = _mm256_slli_epi32(c, 24);
    const unsigned low = (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_xor_si256(two, four)));
    const unsigned high = (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(three));
    const unsigned row = (low & 15) | (high & 15) << 4, next = low >> 4 | (high & 0xF0);
    const __m128i kept = _mm_loadu_si128((const __m128i *)bpe_utf8_kept[row]);
    const __m128i next_kept = _mm_loadu_si128((const __m128i *)bpe_utf8_kept[next]);
    /* The marks as if each byte came first; E0 and C0 become 80 where another one does. */
    __m256i b = _mm256_set1_epi32((int)0x80C0E0F0);
    b = _mm256_xor_si256(b, _mm256_and_si256(three, _mm256_set1_epi32(0x400000)));
    b = _mm256_xor_si256(b, _mm256_and_si256(four, _mm256_set1_epi32(0x6000)));
    b = _mm256_or_si256(b, _mm256_srli_epi32(c, 18));
    b = _mm256_or_si256(b, _mm256_and_si256(_mm256_srli_epi32(c, 4), _mm256_set1_epi32(0x3F00)));
    b = _mm256_or_si256(b, _mm256_and_si256(_mm256_slli_epi32(c, 10), _mm256_set1_epi32(0x3F0000)));
    b = _mm256_or_si256(b, _mm256_and_si256(last, _mm256_set1_epi32(0x3F000000)));
    b = _mm256_blendv_epi8(last, b, two);
    b = _mm256_shuffle_epi8(b, _mm256_inserti128_si256(_mm256_castsi128_si256(kept), next_kept, 1));
    _mm_storeu_si128((__m128i *)to, _mm256_castsi256_si128(b));
    to += bpe_utf8_count[row];
    _mm_storeu_si128((__m128i *)to, _mm256_extracti128_si256(b, 1));
    return to + bpe_utf8_count[next];
}

/* 8 characters, four bytes for each. */
BPE_AVX2 static inline __m256i bpe_utf8_load(const void *text, int kind, size_t i) {
    if (kind == 1) return _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)((const uint8_t *)text + i)));
    if (kind == 2) return _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)((const uint16_t *)text + i)));
    return _mm256_loadu_si256((const __m256i *)((const uint32_t *)text + i));
}

/* What bpe_utf8_plain does, 16 characters at a time: about 5 % of the first sight of English with typographic
 * quotes, Russian, Chinese.  The odd ones come first, so that none is read beyond the end. */
BPE_AVX2 static uint8_t *bpe_utf8_avx2(uint8_t *to, const void *text, int kind, size_t i, size_t end) {
    const size_t first = i + (end - i) % 16;
    __m256i surrogates = _mm256_setzero_si256();
    to = bpe_utf8_plain(to, text, kind, i, first);
    if (!to) return NULL;
    for (i = first; i < end; i += 16) {
        const __m256i a = bpe_utf8_load(text, kind, i), b = bpe_utf8_load(text, kind, i + 8);
        if (_mm256_testz_si256(_mm256_or_si256(a, b), _mm256_set1_epi32(~0x7F))) {
            const __m256i v = _mm256_permute4x64_epi64(_mm256_packus_epi32(a, b), 0xD8);
            _mm_storeu_si128((__m128i *)to, _mm_packus_epi16(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1)));
            to += 16;
        } else {
#define BPE_SURROGATES(c) _mm256_cmpeq_epi32(_mm256_and_si256(c, _mm256_set1_epi32(~0x7FF)), _mm256_set1_epi32(0xD800))
            surrogates = _mm256_or_si256(surrogates, _mm256_or_si256(BPE_SURROGATES(a), BPE_SURROGATES(b)));
#undef BPE_SURROGATES
            to = bpe_utf8_eight(bpe_utf8_eight(to, a), b);
        }
    }
    return _mm256_testz_si256(surrogates, surrogates) ? to : NULL;
}

#define BPE_VBMI2 __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi,avx512vbmi2,popcnt")))

/* Write 32 characters below U+0800: two bytes each, of which ASCII drops the first. */
BPE_VBMI2 static inline uint8_t *bpe_utf8_below_800(uint8_t *to, __m512i c) {
    __m512i b = _mm512_or_si512(_mm512_srli_epi16(c, 6), _mm512_slli_epi16(_mm512_and_si512(c, _mm512_set1_epi16(0x3F)), 8));
    __mmask32 ascii = _mm512_cmplt_epu16_mask(c, _mm512_set1_epi16(0x80));
    __mmask64 keep;
    b = _mm512_or_si512(b, _mm512_set1_epi16((short)0x80C0));
    b = _mm512_mask_slli_epi16(b, ascii, c, 8);
    keep = _mm512_movepi8_mask(_mm512_or_si512(b, _mm512_set1_epi16((short)0x8000)));
    _mm512_storeu_si512(to, _mm512_maskz_compress_epi8(keep, b));
    return to + __builtin_popcountll(keep);
}

/* Write 16 characters, those of `valid`: each one's bits, six to a byte, the bytes that it needs packed. */
BPE_VBMI2 static inline uint8_t *bpe_utf8_any(uint8_t *to, __m512i c, __mmask16 valid) {
    __m512i six = _mm512_multishift_epi64_epi8(_mm512_set1_epi64(0x20262C3200060C12LL), c);
    __mmask16 two = _mm512_cmpge_epu32_mask(c, _mm512_set1_epi32(0x80));
    __mmask16 three = _mm512_cmpge_epu32_mask(c, _mm512_set1_epi32(0x800));
    __mmask16 four = _mm512_cmpge_epu32_mask(c, _mm512_set1_epi32(0x10000));
    __m512i mark = _mm512_set1_epi32((int)0x80C00000);
    __m512i b;
    __mmask64 keep;
    mark = _mm512_mask_mov_epi32(mark, three, _mm512_set1_epi32((int)0x8080E000));
    mark = _mm512_mask_mov_epi32(mark, four, _mm512_set1_epi32((int)0x808080F0));
    b = _mm512_or_si512(_mm512_and_si512(six, _mm512_set1_epi8(0x3F)), mark);
    b = _mm512_mask_slli_epi32(b, (__mmask16)~two, c, 24);
    keep = _mm512_movepi8_mask(_mm512_maskz_or_epi32(valid, b, _mm512_set1_epi32((int)0x80000000)));
    _mm512_storeu_si512(to, _mm512_maskz_compress_epi8(keep, b));
    return to + __builtin_popcountll(keep);
}

/* What bpe_utf8_plain does. */
BPE_VBMI2 static uint8_t *bpe_utf8_avx512(uint8_t *to, const void *text, int kind, size_t i, size_t end) {
    __mmask16 surrogates = 0;
    while (i < end) {
        size_t left = end - i;
        __mmask16 valid = left < 16 ? (__mmask16)((1u << left) - 1) : (__mmask16)0xFFFF;
        __m512i c;
        bpe_prefetch((const uint8_t *)text + kind * i + 1024);
        if (left >= 32) { /* most text: ASCII, or scripts of two bytes */
            __m512i v;
            if (kind == 1) {
                v = _mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)((const uint8_t *)text + i)));
            } else if (kind == 2) {
                v = _mm512_loadu_si512((const uint16_t *)text + i);
            } else { /* those of four bytes keep too many bits */
                __m512i low = _mm512_loadu_si512((const uint32_t *)text + i), high = _mm512_loadu_si512((const uint32_t *)text + i + 16);
                v = _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtusepi32_epi16(low)), _mm512_cvtusepi32_epi16(high), 1);
            }
            if (!_mm512_test_epi16_mask(v, _mm512_set1_epi16((short)0xF800))) {
                if (!_mm512_test_epi16_mask(v, _mm512_set1_epi16((short)0xFF80))) {
                    _mm256_storeu_si256((__m256i *)to, _mm512_cvtepi16_epi8(v));
                    to += 32;
                } else {
                    to = bpe_utf8_below_800(to, v);
                }
                i += 32;
                continue;
            }
        }
        if (kind == 1) c = _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(valid, (const uint8_t *)text + i));
        else if (kind == 2) c = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(valid, (const uint16_t *)text + i));
        else c = _mm512_maskz_loadu_epi32(valid, (const uint32_t *)text + i);
        surrogates |= _mm512_cmpeq_epi32_mask(_mm512_and_si512(c, _mm512_set1_epi32((int)0xFFFFF800)), _mm512_set1_epi32(0xD800));
        to = bpe_utf8_any(to, c, valid);
        i += 16;
    }
    return surrogates ? NULL : to;
}
#endif

typedef uint8_t *(*bpe_utf8_fn)(uint8_t *, const void *, int, size_t, size_t);

/* Those that run here, the best one last; their number, at most 3. */
static int bpe_utf8_variants(bpe_utf8_fn *to) {
    int n = 0;
    to[n++] = bpe_utf8_plain;
#if defined(BPE_WIDER)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2")) {
        bpe_fill_utf8_kept();
        to[n++] = bpe_utf8_avx2;
    }
    if (__builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl")) to[n++] = bpe_utf8_avx512;
#endif
    return n;
}

#endif

/* Characters of a str to UTF-8, in plain C or with AVX-512 and its VBMI2: chosen when the module is
 * loaded, as in simd.h. */
#ifndef BPE_UTF8_H
#define BPE_UTF8_H

#include "simd.h"

#if defined(BPE_WIDER)
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

/* Write one character; the place behind it.  Up to three bytes too many may be written. */
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

/* The same for one width of characters; `ascii` has the bits that no ASCII has in eight bytes of them. */
#define BPE_UTF8_LOOP(type, ascii)                                                   \
    do {                                                                             \
        const type *at = (const type *)text + i, *stop = (const type *)text + end;   \
        while (stop - at >= 8) {                                                     \
            uint64_t words[sizeof(type)], any = 0;                                   \
            size_t k;                                                                \
            memcpy(words, at, 8 * sizeof(type));                                     \
            for (k = 0; k < sizeof(type); k++) any |= words[k];                      \
            if (any & (ascii)) {                                                     \
                for (k = 0; k < 8; k++) {                                            \
                    uint32_t c = at[k];                                              \
                    surrogate |= (c & 0xFFFFF800u) == 0xD800;                        \
                    to = bpe_utf8_one(to, c);                                        \
                }                                                                    \
            } else {                                                                 \
                for (k = 0; k < 8; k++) to[k] = (uint8_t)at[k];                      \
                to += 8;                                                             \
            }                                                                        \
            at += 8;                                                                 \
        }                                                                            \
        for (; at < stop; at++) {                                                    \
            surrogate |= (*at & 0xFFFFF800u) == 0xD800;                              \
            to = bpe_utf8_one(to, *at);                                              \
        }                                                                            \
    } while (0)

/* Write characters [i, end) of a str of 1, 2 or 4 bytes a character; the place behind them, or NULL if
 * there is a surrogate.  Up to 64 bytes behind that place may be written. */
static uint8_t *bpe_utf8_plain(uint8_t *to, const void *text, int kind, size_t i, size_t end) {
    int surrogate = 0;
    if (kind == 1) BPE_UTF8_LOOP(uint8_t, 0x8080808080808080ULL);
    else if (kind == 2) BPE_UTF8_LOOP(uint16_t, 0xFF80FF80FF80FF80ULL);
    else BPE_UTF8_LOOP(uint32_t, 0xFFFFFF80FFFFFF80ULL);
    return surrogate ? NULL : to;
}

typedef uint8_t *(*bpe_utf8_fn)(uint8_t *, const void *, int, size_t, size_t);

static bpe_utf8_fn bpe_best_utf8(void) {
#if defined(BPE_WIDER)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl")) return bpe_utf8_avx512;
#endif
    return bpe_utf8_plain;
}

#endif

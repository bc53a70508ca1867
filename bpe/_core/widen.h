/* UTF-8 to characters: what of it is worth vector instructions.  SSE2, NEON or plain C, as in simd.h. */
#ifndef BPE_WIDEN_H
#define BPE_WIDEN_H

#include "simd.h"

/* The highest of n bytes, or one below 0x80 if all are; in *chars how many begin a character: all but
 * those from 0x80 to 0xBF. */
static uint8_t bpe_survey(const uint8_t *p, size_t n, size_t *chars) {
    const uint8_t *end = p + n;
    size_t inside = 0;
    uint8_t top = 0;
#if defined(BPE_SSE2)
    const __m128i zero = _mm_setzero_si128(), lowest = _mm_set1_epi8((char)0xC0);
    __m128i tops = zero;
    uint8_t each[16];
    while (end - p >= 16) {
        __m128i counts = zero; /* of one byte each: not for long */
        for (int i = 0; i < 255 && end - p >= 16; i++, p += 16) {
            __m128i x = _mm_loadu_si128((const __m128i *)p);
            tops = _mm_max_epu8(tops, x);
            counts = _mm_sub_epi8(counts, _mm_cmplt_epi8(x, lowest));
        }
        counts = _mm_sad_epu8(counts, zero);
        inside += (size_t)(_mm_cvtsi128_si32(counts) + _mm_cvtsi128_si32(_mm_srli_si128(counts, 8)));
    }
    _mm_storeu_si128((__m128i *)each, tops);
    for (int i = 0; i < 16; i++) top = top > each[i] ? top : each[i];
#elif defined(BPE_NEON)
    uint8x16_t tops = vdupq_n_u8(0);
    while (end - p >= 16) {
        uint8x16_t counts = vdupq_n_u8(0);
        for (int i = 0; i < 255 && end - p >= 16; i++, p += 16) {
            uint8x16_t x = vld1q_u8(p);
            tops = vmaxq_u8(tops, x);
            counts = vsubq_u8(counts, vcltq_s8(vreinterpretq_s8_u8(x), vdupq_n_s8(-64)));
        }
        inside += vaddlvq_u8(counts);
    }
    top = vmaxvq_u8(tops);
#else
    for (; end - p >= 8; p += 8) {
        const uint64_t x = bpe_load64le(p), high = x & 0x8080808080808080ULL;
        if (!high) continue;
        inside += (size_t)bpe_popcount64(high & ~(x << 1));
        for (int i = 0; i < 8; i++) top = top > p[i] ? top : p[i];
    }
#endif
    for (; p < end; p++) {
        top = top > *p ? top : *p;
        inside += (*p & 0xC0) == 0x80;
    }
    *chars = n - inside;
    return top;
}

/* Write 16 bytes as characters of 1, 2 or 4 bytes; how many of them are ASCII, up to the first that is not. */
BPE_INLINE int bpe_widen(void *to, const uint8_t *p, size_t size) {
#if defined(BPE_SSE2)
    const __m128i zero = _mm_setzero_si128(), x = _mm_loadu_si128((const __m128i *)p);
    const __m128i low = _mm_unpacklo_epi8(x, zero), high = _mm_unpackhi_epi8(x, zero);
    __m128i *at = (__m128i *)to;
    if (size == 1) {
        _mm_storeu_si128(at, x);
    } else if (size == 2) {
        _mm_storeu_si128(at, low);
        _mm_storeu_si128(at + 1, high);
    } else {
        _mm_storeu_si128(at, _mm_unpacklo_epi16(low, zero));
        _mm_storeu_si128(at + 1, _mm_unpackhi_epi16(low, zero));
        _mm_storeu_si128(at + 2, _mm_unpacklo_epi16(high, zero));
        _mm_storeu_si128(at + 3, _mm_unpackhi_epi16(high, zero));
    }
    return bpe_ctz64((uint64_t)_mm_movemask_epi8(x) | 1 << 16);
#elif defined(BPE_NEON)
    const uint8x16_t x = vld1q_u8(p);
    const uint16x8_t low = vmovl_u8(vget_low_u8(x)), high = vmovl_u8(vget_high_u8(x));
    uint64_t bits; /* four for each byte */
    if (size == 1) {
        vst1q_u8((uint8_t *)to, x);
    } else if (size == 2) {
        vst1q_u16((uint16_t *)to, low);
        vst1q_u16((uint16_t *)to + 8, high);
    } else {
        vst1q_u32((uint32_t *)to, vmovl_u16(vget_low_u16(low)));
        vst1q_u32((uint32_t *)to + 4, vmovl_u16(vget_high_u16(low)));
        vst1q_u32((uint32_t *)to + 8, vmovl_u16(vget_low_u16(high)));
        vst1q_u32((uint32_t *)to + 12, vmovl_u16(vget_high_u16(high)));
    }
    bits = vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(vcgeq_u8(x, vdupq_n_u8(0x80))), 4)), 0);
    return bits ? bpe_ctz64(bits) >> 2 : 16;
#else
    const uint64_t low = bpe_load64le(p) & 0x8080808080808080ULL, high = bpe_load64le(p + 8) & 0x8080808080808080ULL;
    for (int i = 0; i < 16; i++) {
        if (size == 1) ((uint8_t *)to)[i] = p[i];
        else if (size == 2) ((uint16_t *)to)[i] = p[i];
        else ((uint32_t *)to)[i] = p[i];
    }
    return low ? bpe_ctz64(low) >> 3 : high ? 8 + (bpe_ctz64(high) >> 3) : 16;
#endif
}

#endif

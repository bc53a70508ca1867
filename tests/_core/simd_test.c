/* The vector instructions of the C headers against plain C, on bytes of several kinds.  Exits 1
 * at a difference.  cc -O2 -Ibpe/_core tests/_core/simd_test.c -o simd_test && ./simd_test */
#include <stdio.h>

#include "classify.h"
#include "first.h"
#include "keys.h"
#include "simd.h"
#include "starts.h"
#include "utf8.h"
#include "widen.h"

static uint64_t state = 88172645463325252ULL;

static uint64_t draw(void) { /* xorshift64 */
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

static long wrong_starts(const uint8_t *p, const uint8_t *end, const uint8_t *pairs, int n, int one_byte) {
    const uint8_t *first = end;
    bpe_starts starts;
    bpe_open_starts(&starts, pairs, n, one_byte);
    for (const uint8_t *q = end; q-- > p;)
        for (int i = 0; i < n; i++)
            if (q[0] == pairs[i] && (one_byte || (q + 1 < end && q[1] == pairs[n + i]))) first = q;
    bpe_find_fn find[3];
    long wrong = 0;
    for (int i = bpe_find_variants(find); i--;) wrong += find[i](p, end, &starts) != first;
    return wrong;
}

static uint8_t *utf8_of(uint8_t *to, uint32_t c) {
    if (c < 0x80) return *to++ = (uint8_t)c, to;
    if (c >= 0x10000) *to++ = (uint8_t)(0xF0 | c >> 18), *to++ = (uint8_t)(0x80 | (c >> 12 & 0x3F));
    else if (c >= 0x800) *to++ = (uint8_t)(0xE0 | c >> 12);
    if (c >= 0x800) *to++ = (uint8_t)(0x80 | (c >> 6 & 0x3F));
    else *to++ = (uint8_t)(0xC0 | c >> 6);
    *to++ = (uint8_t)(0x80 | (c & 0x3F));
    return to;
}

/* Up to 60 characters of 1, 2 and 4 bytes as UTF-8; surrogates are refused. */
static long wrong_utf8(bpe_utf8_fn utf8) {
    static const uint32_t limits[] = {0x80, 0x100, 0x800, 0xD800, 0x10000, 0x110000};
    uint8_t narrow[100], got[600], expected[400], *end, *at = expected;
    uint16_t middle[100];
    uint32_t wide[100];
    const uint64_t kinds = draw();
    const int kind = kinds % 3 == 0 ? 1 : kinds % 3 == 1 ? 2 : 4;
    const int top = kind == 1 ? 2 : kind == 2 ? 5 : 6;
    const size_t start = draw() % 40, stop = start + draw() % 60;
    int refused = 0;
    memset(got, 0xFF, sizeof got);
    for (int i = 0; i < 100; i++) {
        uint32_t c = (uint32_t)(draw() % limits[kinds >> 40 & 7 ? draw() % (uint64_t)top : 0]);
        if (draw() % 4096 == 0 && kind > 1) c = 0xD800 + (uint32_t)(draw() % 0x800);
        narrow[i] = (uint8_t)c, middle[i] = (uint16_t)c, wide[i] = c;
    }
    for (size_t i = start; i < stop; i++) {
        refused |= (wide[i] & 0xFFFFF800) == 0xD800;
        at = utf8_of(at, wide[i]);
    }
    end = utf8(got, kind == 1 ? (void *)narrow : kind == 2 ? (void *)middle : (void *)wide, kind, start, stop);
    if (refused) return end != NULL;
    for (size_t i = (size_t)(at - expected) + 64; i < sizeof got; i++)
        if (got[i] != 0xFF) return 1; /* too far behind the end */
    return end != got + (at - expected) || memcmp(got, expected, (size_t)(at - expected)) != 0;
}

/* 16 bytes as characters of each size, and what is known of up to 10,000 bytes beforehand. */
static long wrong_widen(const uint8_t *p) {
    static uint8_t many[10000];
    uint8_t one[16], top = 0, found;
    uint16_t two[16];
    uint32_t four[16];
    const size_t n = draw() % (draw() % 100 ? 300 : sizeof many);
    size_t begin = 0, chars;
    int ascii = 0;
    long wrong = 0;
    while (ascii < 16 && p[ascii] < 0x80) ascii++;
    wrong += bpe_widen(one, p, 1) != ascii || bpe_widen(two, p, 2) != ascii || bpe_widen(four, p, 4) != ascii;
    for (int i = 0; i < 16; i++) wrong += one[i] != p[i] || two[i] != p[i] || four[i] != p[i];
    for (size_t i = 0; i < n; i++) {
        many[i] = n % 3 ? p[draw() % 256] : 0x80 | p[0];
        top = top > many[i] ? top : many[i];
        begin += many[i] < 0x80 || many[i] >= 0xC0;
    }
    found = bpe_survey(many, n, &chars);
    return wrong + (found != top && (found | top) >= 0x80) + (chars != begin);
}

/* Each way to classify, of 64 bytes. */
static long wrong_classes(const bpe_classify *classify, int n, const uint8_t *p) {
    bpe_masks expected, got;
    bpe_leads expected_leads, got_leads;
    long wrong = 0;
    classify[0].masks(p, &expected);
    classify[0].leads(p, &expected_leads);
    for (int i = 1; i < n; i++) {
        classify[i].masks(p, &got);
        classify[i].leads(p, &got_leads);
        wrong += memcmp(&expected, &got, sizeof got) != 0;
        wrong += memcmp(&expected_leads, &got_leads, sizeof got_leads) != 0;
    }
    return wrong;
}

/* Each way to write the positions of bits. */
static long wrong_positions(const bpe_write_bits_fn *write_bits, int n, uint64_t bits) {
    size_t expected[64], got[192], count = 0;
    long wrong = 0;
    for (size_t i = 0; i < 64; i++)
        if (bits >> i & 1) expected[count++] = 7 + i;
    for (int i = 0; i < n; i++)
        wrong += write_bits[i](got, 7, bits) != count || memcmp(expected, got, count * sizeof *got) != 0;
    return wrong;
}

/* Pairs that are merged first, one after the other; ranks and edges from a few and from all. */
static long wrong_first(void) {
    uint32_t pairs[64], tokens[64], edges[68] = {0}, was[64], had[64];
    const int n = 1 + (int)(draw() % 64);
    const uint64_t most = draw() % 2 ? 0x10010 : 8;
    uint64_t expected = 0, got;
    long wrong = 0;
    for (int i = 0; i < 64; i++) {
        const uint64_t rank = draw() % 4 && i < n - 1 ? draw() % most : BPE_NO_RANK;
        pairs[i] = was[i] = BPE_RANKED | (uint32_t)rank << BPE_POSITION_BITS | (i < n - 1 ? (uint32_t)i : 0);
        tokens[i] = had[i] = (uint32_t)draw() % 256;
        if (i < n - 1) {
            const uint64_t before = draw() % most, behind = draw() % most;
            const bpe_byte_pair pair = {0, (uint16_t)(before < 0xFFFF ? 0xFFFF - before : 0), (uint16_t)(behind < 0xFFFF ? 0xFFFF - behind : 0)};
            edges[i + 1] = draw() % 3 ? bpe_edges(&pair) : 0;
        }
    }
    for (int i = n + 1; i < 68; i++) edges[i] = (uint32_t)draw(); /* left from another word */
    for (int i = 0; i < n - 1; i++) { /* lower than the ranks of both edges, if there are any */
        const uint32_t rank = was[i] >> BPE_POSITION_BITS & BPE_NO_RANK;
        const uint32_t before = edges[i] & 0xFFFF, behind = edges[i + 2] >> 16;
        if (rank < (before ? 0xFFFF - before : 0xFFFF) && rank < (behind ? 0xFFFF - behind : 0xFFFF)) expected |= 1ULL << i;
    }
    got = bpe_merge_first(pairs, tokens, edges + 1, n);
    for (int i = 0; i < n; i++) {
        const int merged = expected >> i & 1, gone = merged || (i && expected >> (i - 1) & 1);
        wrong += tokens[i] != (merged ? was[i] >> BPE_POSITION_BITS & BPE_NO_RANK : had[i]);
        wrong += pairs[i] != (gone ? BPE_NO_PAIR : was[i]);
    }
    return wrong + (got != expected);
}

/* A key byte by byte, and the search for it in a bucket of other keys, of the same, of nothing. */
static long wrong_keys(const uint8_t *text) {
    static BPE_ALIGNED(64) uint8_t bucket[64];
    uint8_t bytes[16], expected[16] = {0}, got[16];
    const size_t n = 1 + draw() % 16;
    const int place = (int)(draw() % 3); /* 2: in none */
    uint64_t halves[2], folded;
    bpe_key key;
    long wrong = 0;
    for (int i = 0; i < 16; i++) bytes[i] = text[i] == 0xFF ? 0 : text[i];
    for (size_t i = 0; i < 15 && i < n; i++) expected[i] = (uint8_t)~bytes[i];
    if (n == 16) expected[0] = 0;
    folded = bpe_make_key(&key, bytes, n);
    for (int i = 0; i < 16; i++) got[i] = (uint8_t)((i < 8 ? key.low : key.high) >> 8 * (i % 8));
    wrong += memcmp(got, expected, 16) != 0 || folded != (key.low ^ key.high);
    for (int i = 0; i < 2; i++) {
        uint8_t *at = bucket + 32 * i;
        memset(at, 0, 32);
        if (i == place || draw() % 2) {
            memcpy(halves, &key, 16);
            halves[1] |= (1 + draw() % 15) << 56;
            if (i != place) halves[draw() % 2] ^= 1ULL << draw() % 56;
            memcpy(at, halves, 16);
        }
    }
    wrong += bpe_find_key(&key, bucket) != (place == 2 ? NULL : bucket + 32 * place);
    return wrong;
}

int main(void) {
    static const char some[] = "  \t\n\r'/aZ09\xE3\x81\x82\x83\xBB\x97\xD0\xD1\xB0\x9F\xE4\xB8\xE9\xBD\xBE\xEB<|\xC3\xB7\x96";
    const uint8_t starts[4] = {'<', 0xE3, '|', 0x81};
    bpe_classify classify[5];
    const int n = bpe_classify_variants(classify);
    bpe_write_bits_fn write_bits[3];
    const int n_write = bpe_write_bits_variants(write_bits);
    bpe_utf8_fn utf8[3];
    const int utf8_n = bpe_utf8_variants(utf8);
    long wrong = bpe_best_write_bits() != write_bits[n_write - 1];
    for (int at = 0; at < 64; at++) /* each byte at each place, among zeros and among letters */
        for (int c = 0; c < 512; c++) {
            uint8_t bytes[64];
            memset(bytes, c < 256 ? 0 : 'a', sizeof bytes);
            bytes[at] = (uint8_t)c;
            wrong += wrong_classes(classify, n, bytes);
        }
    for (int k = 0; k < 64; k++) { /* one bit, all others, the lowest k, the highest */
        const uint64_t bit = 1ULL << k;
        wrong += wrong_positions(write_bits, n_write, bit) + wrong_positions(write_bits, n_write, ~bit);
        wrong += wrong_positions(write_bits, n_write, bit - 1) + wrong_positions(write_bits, n_write, ~(bit - 1));
    }
    for (int round = 0; round < 100000; round++) {
        uint8_t bytes[256];
        uint32_t numbers[64], least = 0xFFFFFFFF;
        for (int i = 0; i < 256; i++)
            bytes[i] = (uint8_t)(round % 3 == 0   ? draw()
                                 : round % 3 == 1 ? draw() % 128
                                                  : (uint8_t)some[draw() % (sizeof some - 1)]);
        wrong += wrong_classes(classify, n, bytes);
        int sixteens = 1 + round % 4;
        for (int i = 0; i < 16 * sixteens; i++) {
            numbers[i] = 1u << 28 | ((uint32_t)draw() & 0xFFFFFFF);
            if (numbers[i] < least) least = numbers[i];
        }
        wrong += bpe_least(numbers, sixteens) != least;
        const uint8_t *end = bytes + round % 256;
        wrong += wrong_starts(bytes, end, starts, 2, 0) + wrong_starts(bytes, end, starts, 2, 1);
        uint8_t drawn[20]; /* of the text itself and at random, more than one vector takes too */
        const int pairs = 1 + (int)(draw() % 10);
        for (int i = 0; i < 20; i++) drawn[i] = draw() % 2 ? bytes[draw() % 256] : (uint8_t)draw();
        wrong += wrong_starts(bytes, end, drawn, pairs, 0) + wrong_starts(bytes, end, drawn, pairs, 1);
        for (int i = 0; i < utf8_n; i++) wrong += wrong_utf8(utf8[i]);
        wrong += wrong_widen(bytes) + wrong_keys(bytes) + wrong_first();
        wrong += wrong_positions(write_bits, n_write, draw() & (round % 2 ? draw() : ~0ULL));
    }
    printf("%s: %ld wrong\n", classify[n - 1].name, wrong);
    return wrong != 0;
}

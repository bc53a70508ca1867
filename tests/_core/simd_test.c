/* The vector instructions of simd.h against plain C, on bytes of several kinds.  Exits 1 at a
 * difference.  cc -O2 -Ibpe/_core tests/_core/simd_test.c -o simd_test && ./simd_test */
#include <stdio.h>

#include "simd.h"

static uint64_t state = 88172645463325252ULL;

static uint64_t draw(void) { /* xorshift64 */
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

static const uint8_t *find_plain(const uint8_t *p, const uint8_t *end, const uint8_t *starts, int n) {
    for (; p + 1 < end; p++)
        for (int i = 0; i < n; i++)
            if (p[0] == starts[i] && p[1] == starts[n + i]) return p;
    return end;
}

int main(void) {
    static const char some[] = "  \t\n\r'/aZ09\xE3\x81\xD0<|";
    const uint8_t starts[4] = {'<', 0xE3, '|', 0x81};
    bpe_classify_fn classify[4];
    const char *names[4];
    const int n = bpe_classify_variants(classify, names);
    const bpe_write_bits_fn write_bits = bpe_best_write_bits();
    long wrong = 0;
    for (int round = 0; round < 100000; round++) {
        uint8_t bytes[256];
        bpe_masks expected, got;
        uint32_t numbers[64], least = 0xFFFFFFFF;
        size_t a[192], b[192], count;
        for (int i = 0; i < 256; i++)
            bytes[i] = (uint8_t)(round % 3 == 0   ? draw()
                                 : round % 3 == 1 ? draw() % 128
                                                  : (uint8_t)some[draw() % (sizeof some - 1)]);
        classify[0](bytes, &expected);
        for (int i = 1; i < n; i++) {
            classify[i](bytes, &got);
            wrong += memcmp(&expected, &got, sizeof got) != 0;
        }
        int sixteens = 1 + round % 4;
        for (int i = 0; i < 16 * sixteens; i++) {
            numbers[i] = 1u << 28 | ((uint32_t)draw() & 0xFFFFFFF);
            if (numbers[i] < least) least = numbers[i];
        }
        wrong += bpe_least(numbers, sixteens) != least;
        const uint8_t *end = bytes + round % 256;
        wrong += bpe_find_starts(bytes, end, starts, 2, 0) != find_plain(bytes, end, starts, 2);
        uint64_t bits = draw() & (round % 2 ? draw() : ~0ULL);
        count = bpe_write_bits_plain(a, 7, bits);
        wrong += write_bits(b, 7, bits) != count || memcmp(a, b, count * sizeof *a) != 0;
    }
    void *table = bpe_alloc_table(1 << 22);
    wrong += !table || (uintptr_t)table % 128;
    bpe_free_table(table);
    printf("%s: %ld wrong\n", names[n - 1], wrong);
    return wrong != 0;
}

/* Memory for tables and results: zeroed, kept when it grows, and as before when there is no more.  Exits
 * 1 at a fault.  cc -O2 -Ibpe/_core tests/_core/pages_test.c -o pages_test && ./pages_test */
#include <stdio.h>

#include "pages.h"

static int calls, failing; /* of the calls to `resize` the one that fails, from 1; 0: none */
static long living;

static void *resize(void *old, size_t size) {
    if (++calls == failing) return NULL;
    living += old == NULL;
    return realloc(old, size);
}

static void release(void *old) {
    living -= old != NULL;
    free(old);
}

static long wrong_tables(void) {
    static const size_t sizes[] = {256, 1 << 15, 1 << 16, 6 << 16, 1 << 20, 1 << 21, 1 << 22};
    long wrong = 0;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        unsigned char *table = (unsigned char *)bpe_alloc_table(sizes[i]);
        wrong += !table || (uintptr_t)table % 256;
        for (size_t k = 0; table && k < sizes[i]; k++) wrong += table[k] != 0;
        if (table) memset(table, 1, sizes[i]);
        bpe_free_table(table, sizes[i]);
    }
    return wrong;
}

/* A result that grows step by step, whose i-th byte is i; one of the calls for memory may fail. */
static long wrong_result(const size_t *sizes, size_t n) {
    unsigned char *at = NULL;
    size_t used = 0;
    long wrong = 0;
    calls = 0;
    for (size_t i = 0; i < n; i++) {
        const size_t size = bpe_result_size(sizes[i]);
        unsigned char *more = (unsigned char *)bpe_resize_result(at, used, size, resize, release);
        wrong += size < sizes[i] || (!more && !failing);
        if (more) at = more;
        for (size_t k = 0; k < used; k++) wrong += at[k] != (unsigned char)k;
        if (!more) break;
        for (; used < size; used++) at[used] = (unsigned char)used;
    }
    bpe_settle_result(at, used);
    for (size_t k = 0; k < used; k++) wrong += at[k] != (unsigned char)k;
    release(at);
    return wrong + (living != 0);
}

int main(void) {
    static const size_t steps[][4] = {
        {16, 400, 5 << 20, 9 << 20}, {100 << 10, 1 << 20, 1 << 21, 3 << 20}, {3 << 20, 7 << 20, (7 << 20) + 1, 8 << 20}};
    long wrong = wrong_tables();
    void *volatile between; /* what the heap has given last differs */
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        for (int round = 0; round < 2; round++) /* the second time much comes from the heap */
            for (failing = 0; failing < 10; failing++) {
                between = malloc(1000);
                wrong += wrong_result(steps[i], 4);
                free(between);
            }
    printf("%ld wrong\n", wrong);
    return wrong != 0;
}

/* Memory for large tables and for long results: on Linux in huge pages, whose first touch takes a fourth
 * to a sixth of the time of that of the small ones they replace. */
#ifndef BPE_PAGES_H
#define BPE_PAGES_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#if defined(__linux__)
#include <sys/mman.h>
#include <unistd.h>
#if defined(MADV_HUGEPAGE)
#define BPE_HUGE_PAGES 1
#define BPE_COLLAPSE 25 /* MADV_COLLAPSE, of Linux 6.1; unknown to the headers of older C libraries */
#endif
#endif

#define BPE_HUGE ((size_t)1 << 21) /* bytes of a huge page, where small ones have 4 KB; elsewhere none is made */

/* ---- tables ---- */

/* Zeroed memory for a table, on four cache lines; `size` is a multiple of 64 KB if it is more.
 * On Linux from the system itself: what is not used of it is no memory, which calloc does not
 * promise, and all of it goes back at once; huge pages for what fills them. */
static void *bpe_alloc_table(size_t size) {
    char *raw, *at;
#if defined(BPE_HUGE_PAGES)
    size_t huge = size >= BPE_HUGE ? BPE_HUGE : 0;
    if (size >= 1 << 16) {
        raw = (char *)mmap(NULL, size + huge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (raw == (char *)MAP_FAILED) return NULL;
        if (!huge) return raw;
        at = (char *)(((uintptr_t)raw + huge - 1) & ~(uintptr_t)(huge - 1));
        if (at > raw) munmap(raw, (size_t)(at - raw));
        if (at < raw + huge) munmap(at + size, (size_t)(raw + huge - at));
        madvise(at, size, MADV_HUGEPAGE);
        return at;
    }
#endif
    raw = (char *)calloc(1, size + 256 + sizeof(void *));
    if (!raw) return NULL;
    at = (char *)(((uintptr_t)raw + sizeof(void *) + 255) & ~(uintptr_t)255);
    memcpy(at - sizeof(void *), &raw, sizeof(void *));
    return at;
}

static void bpe_free_table(void *at, size_t size) {
    char *raw;
    if (!at) return;
#if defined(BPE_HUGE_PAGES)
    if (size >= 1 << 16) {
        munmap(at, size);
        return;
    }
#endif
    (void)size;
    memcpy(&raw, (char *)at - sizeof(void *), sizeof(void *));
    free(raw);
}

/* ---- results ---- */

#define BPE_HEAD ((size_t)1 << 12) /* of a mapping: more than an allocator writes before what it gives */

/* The room for a result that needs `size` bytes: of a megabyte and more, such that with its head it fills
 * huge pages, as Linux puts such mappings on the boundary of one.  A page that is not touched is no
 * memory, but a huge one is touched as a whole: a result of one megabyte takes two. */
static size_t bpe_result_size(size_t size) {
#if defined(BPE_HUGE_PAGES)
    if (size >= BPE_HUGE / 2) return ((size + BPE_HEAD + BPE_HUGE - 1) & ~(BPE_HUGE - 1)) - BPE_HEAD;
#endif
    return size;
}

#if defined(BPE_HUGE_PAGES)
#define BPE_LONG_RESULT (BPE_HUGE - BPE_HEAD) /* bytes of one that has huge pages */

/* Tell Linux about all pages with a byte of a result. */
static void bpe_advise_result(char *at, size_t size, int advice) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *from = (char *)((uintptr_t)at & ~(uintptr_t)(page - 1));
    madvise(from, ((size_t)(at - from) + size + page - 1) & ~(page - 1), advice);
}
#endif

/* Resize the memory of a result, of `size` bytes as bpe_result_size gave them; `kept` are those it had, 0
 * if `old` is NULL.  With an allocator's two functions; NULL: no memory, and the old is as before.
 * The first touch of fresh memory is a tenth of the first sight of a text.  So what would lie
 * somewhere in a heap is moved to the next boundary of a huge page, if the allocator goes on
 * behind what it has just given, as most do.  As the first page is in use already, Linux is asked
 * to make a huge one of it and its neighbours, unless these are in use as well; it does so even where
 * the system's setting is that a touch alone never makes one. */
static void *bpe_resize_result(void *old, size_t kept, size_t size, void *(*resize)(void *, size_t), void (*release)(void *)) {
#if defined(BPE_HUGE_PAGES)
    if (kept < BPE_HUGE / 4 && size >= BPE_LONG_RESULT) {
        const size_t page = (size_t)sysconf(_SC_PAGESIZE);
        char *at = (char *)resize(NULL, size);
        size_t offset = (uintptr_t)at & (BPE_HUGE - 1);
        if (at && offset > BPE_HEAD) {
            /* What shrinks stays, while a new gap would go into a hole of the heap and move nothing.  glibc: 16
             * bytes behind the boundary. */
            void *gap = resize(at, BPE_HUGE - offset + sizeof(size_t));
            if (!gap) gap = at;
            at = (char *)resize(NULL, size);
            release(gap);
            if (!at) at = (char *)resize(NULL, size);
            offset = (uintptr_t)at & (BPE_HUGE - 1);
        }
        if (!at) return NULL;
        bpe_advise_result(at, size, MADV_HUGEPAGE);
        if (offset < page) {
            char *from = at - offset;
            unsigned char resident = 1;
            if (mincore(from + BPE_HUGE / 2, page, &resident) == 0 && !(resident & 1))
                madvise(from, BPE_HUGE, BPE_COLLAPSE);
        }
        if (old) memcpy(at, old, kept);
        release(old);
        return at;
    }
#endif
    (void)kept;
    (void)release;
    return resize(old, size);
}

/* A result of `size` bytes is filled, or dropped (or a table is to stand in small pages): what an allocator puts there after it shall touch small
 * pages.  Else the advice stays with each part of the heap where a long result has been, and a touch there
 * takes 2 MB: with 20 GB of mixed text (bench/soak.py) the memory grew by 14 MB after the first GB, now by
 * 7.  Linux has no way to say "as it was before": where its setting is to give huge pages to all, this
 * memory gets no more of them, while the result lives and behind it, until the next long one.  What a
 * result leaves when it grows and moves is not reached. */
static void bpe_settle_result(void *at, size_t size) {
#if defined(BPE_HUGE_PAGES)
    if (at && size >= BPE_LONG_RESULT) bpe_advise_result((char *)at, size, MADV_NOHUGEPAGE);
#else
    (void)at;
    (void)size;
#endif
}

#endif

# Merging: bytes to tokens, for what no table knows yet.
#
# A word (up to 64 bytes) keeps one number for each of its pairs, rank above position, so that the
# minimum of a few vectors is the leftmost pair of the lowest rank.  Nothing is moved: a merged
# part leaves a bit in a mask.  Several words are merged in turns, a merge of each, so that the
# loads of one hide behind the work on the others.

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from .vocab cimport NO_RANK, Vocab, merged, pair_bucket, pair_key, pair_rank
from .window cimport below

cdef extern from "simd.h" nogil:
    uint32_t bpe_min16(const uint32_t*)
    int bpe_ctz64(uint64_t)
    int bpe_top64(uint64_t)
    void bpe_prefetch(const void*)

cdef enum:
    WORD = 64              # bytes of the longest word
    BATCH = 32             # words that are merged in turns
    POSITION_BITS = 6
    NOTHING = 0x7FFFFFFF   # no pair here; vectors compare signed numbers

cdef struct Word:
    uint32_t pairs[WORD]   # rank << POSITION_BITS | position, or NOTHING
    uint32_t tokens[WORD]
    uint64_t alive         # positions where a token starts
    int blocks             # of 16 pairs
    int at, before, after  # the last merge: its place, and its neighbours or -1


cdef inline uint32_t entry(uint32_t rank, int position) noexcept nogil:
    return NOTHING if rank == NO_RANK else rank << POSITION_BITS | position


cdef inline void start_word(const Vocab* v, Word* w, const uint8_t* p, int n) noexcept nogil:
    cdef int i
    w.blocks = (n + 15) >> 4
    w.alive = below(n)
    for i in range(n):
        w.tokens[i] = v.single[p[i]]
    for i in range(n - 1):
        w.pairs[i] = entry(v.byte_pairs[<uint32_t>p[i] << 8 | p[i + 1]], i)
    for i in range(n - 1, w.blocks << 4):
        w.pairs[i] = NOTHING


cdef inline bint pick(const Vocab* v, Word* w) noexcept nogil:
    """Merge the leftmost pair of the lowest rank, and ask for its new neighbours; False if none merges."""
    cdef uint32_t least = bpe_min16(w.pairs)
    cdef uint32_t other
    cdef int i, k
    cdef uint64_t rest
    for k in range(1, w.blocks):
        other = bpe_min16(w.pairs + 16 * k)
        if other < least:
            least = other
    if least == NOTHING:
        return False
    i = least & (WORD - 1)
    w.at = i
    w.tokens[i] = merged(v, least >> POSITION_BITS)
    rest = w.alive & (~<uint64_t>1 << i)
    k = bpe_ctz64(rest)  # the part that goes
    w.pairs[k] = NOTHING
    w.alive &= ~(<uint64_t>1 << k)
    rest &= rest - 1
    w.after = -1
    if rest:
        w.after = bpe_ctz64(rest)
        bpe_prefetch(v.pairs + 2 * pair_bucket(v, pair_key(w.tokens[i], w.tokens[w.after])))
    rest = w.alive & below(i)
    w.before = -1
    if rest:
        w.before = bpe_top64(rest)
        bpe_prefetch(v.pairs + 2 * pair_bucket(v, pair_key(w.tokens[w.before], w.tokens[i])))
    return True


cdef inline void rank_neighbours(const Vocab* v, Word* w) noexcept nogil:
    """The ranks of the two pairs that the last merge has made."""
    cdef int i = w.at
    if w.after >= 0:
        w.pairs[i] = entry(pair_rank(v, w.tokens[i], w.tokens[w.after]), i)
    else:
        w.pairs[i] = NOTHING
    if w.before >= 0:
        w.pairs[w.before] = entry(pair_rank(v, w.tokens[w.before], w.tokens[i]), w.before)


cdef inline void merge_words(const Vocab* v, Word* words, int n) noexcept nogil:
    """All merges of up to BATCH words, which start_word has filled."""
    cdef int open_words[BATCH]
    cdef int i, m
    for i in range(n):
        open_words[i] = i
    while n:
        m = 0
        for i in range(n):
            open_words[m] = open_words[i]
            m += pick(v, words + open_words[i])
        n = m
        for i in range(n):
            rank_neighbours(v, words + open_words[i])

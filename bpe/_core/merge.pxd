# Merging: bytes to tokens, for what no table knows yet.
#
# Several words are merged in turns, a merge of each, so that the loads of one hide behind the work on
# the others.

from libc.stdint cimport uint32_t, uint64_t
from .vocab cimport NO_RANK, Vocab, merged
from .window cimport below, bpe_ctz64, bpe_top64
from .words cimport BATCH, NO_PAIR, POSITION_BITS, WORD, Asked, Word, Words, ask, begin_merging, rank_asked

cdef extern from "simd.h" nogil:
    uint32_t bpe_least(const uint32_t*, int)


cdef inline bint pick(const Vocab* v, Word* w, Asked* asked) noexcept nogil:
    """Merge the leftmost pair of the lowest rank and ask for its new neighbours, two; False: none merges.

    At the ends of the word a neighbour is missing: whether it is cannot be predicted, so that it
    is a pair that does not merge, at the place of the part that goes.
    """
    cdef uint32_t least = bpe_least(w.pairs, (w.n + 15) >> 4)
    cdef uint32_t token
    cdef int i, k
    cdef uint64_t rest
    if least >= NO_PAIR:
        return False
    i = least & (WORD - 1)
    token = merged(v, least >> POSITION_BITS & NO_RANK)
    w.tokens[i] = token
    rest = w.alive & (~<uint64_t>1 << i)
    k = bpe_ctz64(rest)  # the part that goes
    w.pairs[k] = NO_PAIR
    rest &= rest - 1
    w.alive &= ~(<uint64_t>1 << k)
    ask(v, asked, w, token, w.tokens[bpe_ctz64(rest | <uint64_t>1 << 63)], rest == 0, i)
    rest = w.alive & below(i)
    i = bpe_top64(rest | 1)
    ask(v, asked + 1, w, w.tokens[i], token, rest == 0, i if rest else k)
    return True


cdef inline void merge_words(const Vocab* v, Words* words, int n) noexcept nogil:
    """All merges of the first n words, which start_word has begun."""
    cdef Word* open_words[BATCH]
    cdef Word* word
    cdef Asked* asked = words.asked
    cdef int i, m
    for i in range(n):
        open_words[i] = &words.words[i]
        if v.well_formed:
            asked = begin_merging(v, open_words[i], asked)
    while n:
        rank_asked(v, words.asked, asked)
        asked = words.asked
        m = 0
        for i in range(n):
            word = open_words[i]
            open_words[m] = word
            if pick(v, word, asked):
                m += 1
                asked += 2
        n = m
